"""Relevance by labels and by lists, against comparing every pair."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.data.relevance.list_relevance import ListRelevance
from vsr.data.relevance.ragged import Graded, Ragged


def table(relevance):
    """Every gain (Q, N), NaN where ignored, by asking for one list of all items."""
    queries = np.arange(relevance.n_queries)
    ids = np.tile(np.arange(relevance.n_gallery), (len(queries), 1))
    return np.where(relevance.ignored_at(queries, ids), np.nan, relevance.gains(queries, ids))


def lists(ragged):
    return [ragged.items[a:b].tolist() for a, b in zip(ragged.offsets[:-1], ragged.offsets[1:], strict=True)]


def check(relevance, expected):
    """All answers follow from the table of gains (Q, N), NaN where ignored."""
    queries = np.arange(len(expected))[::-1]
    np.testing.assert_array_equal(table(relevance), expected)
    assert lists(relevance.ignored(queries)) == [
        np.flatnonzero(np.isnan(expected[q])).tolist() for q in queries
    ]
    for at_least in (1e-9, relevance.relevant_from, 99.0):
        positives = relevance.positives(queries, at_least)
        wanted = [np.flatnonzero((expected[q] > 0) & (expected[q] >= at_least)) for q in queries]
        assert lists(positives) == [one.tolist() for one in wanted]
        assert positives.gains.tolist() == [
            expected[q][i] for q, one in zip(queries, wanted, strict=True) for i in one
        ]
    ideal = relevance.ideal(queries)
    for n, q in enumerate(queries):
        runs = slice(ideal.offsets[n], ideal.offsets[n + 1])
        best = np.repeat(ideal.gains[runs], ideal.counts[runs])
        assert best.tolist() == sorted(expected[q][expected[q] > 0].tolist(), reverse=True)


codes = st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 1), st.integers(0, 1)), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(codes, codes, st.permutations([3.0, 2.0, 0.5]), st.booleans(), st.data())
def test_labels_answer_as_comparing_every_pair(asked, held, gains, known, data):
    same = (
        data.draw(st.lists(st.integers(0, 3), min_size=len(asked), max_size=len(asked))),
        data.draw(st.lists(st.integers(0, 3), min_size=len(held), max_size=len(held))),
    )
    expected = np.zeros((len(asked), len(held)))
    for q, wanted in enumerate(asked):
        for i, item in enumerate(held):
            shared = [g for g, a, b in zip(gains, wanted, item, strict=True) if a == b and a != -1]
            expected[q, i] = max(shared, default=0)
            if known and same[0][q] == same[1][i]:
                expected[q, i] = np.nan
    identities = [np.array(one) for one in same] if known else [None, None]
    check(LabelRelevance(np.array(asked), np.array(held), gains, *identities), expected)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_lists_answer_as_comparing_every_pair(data):
    n = data.draw(st.integers(1, 7))
    items = st.lists(st.integers(0, n - 1), unique=True, max_size=n)
    relevant = data.draw(st.lists(items, min_size=1, max_size=4))
    junk = [data.draw(items) for _ in relevant]
    gains = [
        data.draw(st.lists(st.sampled_from([0, 0.5, 2]), min_size=len(r), max_size=len(r))) for r in relevant
    ]
    expected = np.zeros((len(relevant), n))
    for q, one in enumerate(relevant):
        expected[q, one] = gains[q]
        expected[q, junk[q]] = np.nan
    check(ListRelevance.from_lists(relevant, n, junk, gains), expected)


def test_labels_above_two_to_the_24th_stay_apart():
    label = 2**24
    relevance = LabelRelevance(np.array([label, 2**53 + 1]), np.array([label, label + 1, 2**53]))
    assert table(relevance).tolist() == [[1, 0, 0], [0, 0, 0]]


def test_floating_point_labels_are_refused():
    with pytest.raises(ValueError, match="must be integers, got float32"):
        LabelRelevance(np.zeros(2, np.float32), np.zeros(2, np.int64))


def test_minus_one_of_a_short_list_is_not_the_last_item():
    relevance = LabelRelevance(
        np.array([7]), np.array([1, 7]), query_identities=[3], gallery_identities=[0, 3]
    )
    ids = np.array([[-1, 0, -1]])
    assert relevance.gains(np.array([0]), ids).tolist() == [[0, 0, 0]]
    assert not relevance.ignored_at(np.array([0]), ids).any()


def test_unlabeled_items_match_nothing():
    assert table(LabelRelevance(np.array([-1]), np.array([-1, 0]))).tolist() == [[0, 0]]


def test_a_catalogue_gives_levels_gains_and_identities():
    frame = pd.DataFrame(
        {
            "item": list("abcd"),
            "image": [0, 1, 2, 3],
            "split": "test",
            "role": "both",
            "product": ["x", "x", "y", "z"],
            "category": ["p", "p", "p", "q"],
        }
    )
    pixels = np.zeros((4, 2, 2, 3), np.uint8)
    catalogue = Catalogue(frame, ("product", "category"), "tiny/v1", pixels=pixels)
    relevance = LabelRelevance.from_catalogue(catalogue, np.array([0, 3]), np.array([3, 2, 1, 0]))
    np.testing.assert_array_equal(table(relevance), [[0, 1, 3, np.nan], [np.nan, 0, 0, 0]])
    assert relevance.relevant_from == 3


def test_the_query_under_another_row_is_ignored_by_identity_not_position():
    relevance = LabelRelevance(
        np.array([5]), np.array([5, 5]), query_identities=[9], gallery_identities=[4, 9]
    )
    np.testing.assert_array_equal(table(relevance), [[1, np.nan]])


@pytest.mark.parametrize(
    ("relevant", "junk", "message"),
    [
        (Graded(np.array([0, 1]), np.array([4]), np.ones(1)), None, "item 4 is outside the gallery of 3"),
        (Graded(np.array([0, 2]), np.array([1, 1]), np.ones(2)), None, "twice"),
        (Graded(np.array([0, 1]), np.array([1]), np.ones(2)), None, "1 relevant items but 2 gains"),
        (
            Graded(np.array([0, 1]), np.array([1]), np.ones(1)),
            Ragged(np.array([0]), np.zeros(0, int)),
            "1 lists of relevant items, 0 of ignored",
        ),
    ],
)
def test_lists_that_do_not_fit_are_refused(relevant, junk, message):
    with pytest.raises(ValueError, match=message):
        ListRelevance(relevant, 3, junk)


def test_junk_that_is_also_relevant_is_junk():
    relevance = ListRelevance.from_lists([[0, 1]], 3, ignored=[[1]])
    assert lists(relevance.positives(np.array([0]), 1)) == [[0]]
    assert relevance.ideal(np.array([0])).counts.sum() == 1
