"""The search for near hashes finds what comparing every pair in plain Python finds."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsr.data.inspection import near
from vsr.data.inspection.near import near_pairs
from vsr.errors import DataError


@st.composite
def hashes(draw):
    """Hashes near a few centers, so that there are pairs at every distance."""
    centers = draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4))
    flips = st.lists(st.integers(0, 63), max_size=6)
    found = []
    for _ in range(draw(st.integers(0, 40))):
        value = draw(st.sampled_from(centers))
        for bit in draw(flips):
            value ^= 1 << bit
        found.append(value)
    return found


@given(hashes(), st.integers(0, 16), st.integers(1, 9))
def test_all_pairs_within_the_distance_are_found_and_no_others(values, distance, block):
    expected = [
        (i, j)
        for (i, a), (j, b) in itertools.combinations(enumerate(values), 2)
        if (a ^ b).bit_count() <= distance
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near, "_BLOCK", block)
        pairs = near_pairs(np.array(values, dtype=np.uint64), distance, workers=2)
    assert [tuple(pair) for pair in pairs.tolist()] == expected


def test_only_confirmed_pairs_are_kept():
    hashes = np.zeros(5, np.uint64)
    pairs = near_pairs(hashes, 0, confirm=lambda pairs: pairs[:, 1] - pairs[:, 0] == 2)
    assert pairs.tolist() == [[0, 2], [1, 3], [2, 4]]


def test_more_pairs_than_anybody_can_look_at_are_refused_by_key(monkeypatch):
    monkeypatch.setattr(near, "MOST", 9)
    assert len(near_pairs(np.zeros(4, np.uint64), 0)) == 6
    with pytest.raises(DataError, match=r"over 9 pairs .* inspector\.near_difference"):
        near_pairs(np.zeros(5, np.uint64), 0)
