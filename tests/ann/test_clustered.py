import numpy as np
import pytest

from vsr.ann import vectors
from vsr.ann.clustered import Clustered
from vsr.ann.vectors import prepared


def made(tmp_path, n_queries=200, name="v", **arguments):
    return prepared(Clustered(**{"n": 600, "width": 32, **arguments}), tmp_path / name, n_queries, 0)


def test_vectors_have_length_one(tmp_path):
    found = made(tmp_path)
    for some in (found.gallery, found.queries):
        assert np.allclose(np.linalg.norm(some, axis=1), 1, atol=1e-6)


def test_the_seed_decides_the_vectors(tmp_path):
    one, same, other = (made(tmp_path, name=str(n), seed=seed).gallery for n, seed in enumerate([0, 0, 1]))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_no_two_blocks_are_alike(tmp_path, monkeypatch):
    monkeypatch.setattr(vectors, "BLOCK", 100)
    assert len(np.unique(made(tmp_path).gallery, axis=0)) == 600


def test_the_nearest_of_tight_clusters_is_of_the_same_cluster(tmp_path, near):
    found = made(tmp_path, spread=0.1, clusters=30)
    relevance = found.relevance()
    ids, _ = near(found.queries, found.gallery, 1)
    assert (relevance.gains(np.arange(200), ids) > 0).mean() > 0.98


def test_shifted_queries_lie_farther_from_the_gallery(tmp_path, near):
    inside, outside = (made(tmp_path, name=str(shift), query_shift=shift) for shift in (0.0, 2.0))
    assert np.array_equal(inside.gallery, outside.gallery)
    scores = [near(found.queries, found.gallery, 1)[1].mean() for found in (inside, outside)]
    assert scores[1] < 0.8 * scores[0]


@pytest.mark.parametrize("wrong", [{"n": 0}, {"width": 0}, {"clusters": 0}, {"intrinsic": 0}, {"spread": -1}])
def test_a_number_outside_its_range_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}.* must be >="):
        Clustered(**wrong)
