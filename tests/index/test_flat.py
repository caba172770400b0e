"""Exact search through Faiss, and what every index has in common."""

import numpy as np
import pytest

from vsr.index.flat import Flat
from vsr.index.neighbors import Neighbors, ordered

METRICS = ["cosine", "ip", "l2"]


def vectors(n=50, d=8, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def filled(metric="ip", held=None):
    index = Flat(metric)
    held = vectors() if held is None else held
    index.train(held)
    index.add(held)
    return index


def scores(queries, held, metric):
    queries, held = queries.astype(np.float64), held.astype(np.float64)
    if metric == "l2":
        return -((queries[:, None] - held[None]) ** 2).sum(axis=2)
    if metric == "cosine":
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        held /= np.linalg.norm(held, axis=1, keepdims=True)
    return queries @ held.T


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_queries", [1, 7, 40])
def test_it_finds_what_comparing_everything_finds(metric, n_queries):
    queries = vectors(n_queries, seed=1) * 3
    found = filled(metric).search(queries, 5)
    expected = scores(queries, vectors(), metric)
    order = np.argsort(-expected, axis=1)[:, :5]
    assert (found.ids == order).all()
    np.testing.assert_allclose(
        found.scores, np.take_along_axis(expected, order, axis=1), rtol=1e-4, atol=1e-4
    )
    assert (found.ids.dtype, found.scores.dtype) == (np.int64, np.float32)


@pytest.mark.parametrize("metric", METRICS)
def test_more_than_there_are_is_minus_one_and_minus_infinity(metric):
    found = filled(metric, vectors(3)).search(vectors(2), 5)
    assert (found.ids[:, 3:] == -1).all()
    assert (found.scores[:, 3:] == -np.inf).all()
    assert (np.sort(found.ids[:, :3]) == [0, 1, 2]).all()


def test_an_empty_index_finds_nothing():
    assert (Flat().search(vectors(2), 3).ids == -1).all()


def test_equal_scores_come_by_rising_id():
    held = np.ones((6, 4), np.float32)
    index = Flat("ip")
    index.add(held, ids=np.array([9, 3, 7, 1, 5, 11]))
    assert index.search(held[:1], 6).ids.tolist() == [[1, 3, 5, 7, 9, 11]]


def test_ids_are_those_given_or_the_next_numbers():
    index = Flat("ip")
    index.add(np.eye(4, dtype=np.float32)[:2])
    index.add(np.eye(4, dtype=np.float32)[2:], ids=np.array([70, 80]))
    assert len(index) == 4
    assert index.search(np.eye(4, dtype=np.float32), 1).ids.ravel().tolist() == [0, 1, 70, 80]


def test_layout_and_width_of_the_floats_do_not_matter():
    queries = vectors(9, seed=2)
    expected = filled().search(queries, 4)
    for other in (np.asfortranarray(queries), queries.astype(np.float64), np.repeat(queries, 2, axis=0)[::2]):
        found = filled(held=np.asfortranarray(vectors())).search(other, 4)
        assert (found.ids == expected.ids).all()
        np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-5)


def test_a_zero_vector_is_no_reason_for_nan():
    found = filled("cosine").search(np.zeros((1, 8), np.float32), 2)
    assert found.scores.tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((2, 7), np.float32), "vectors must be 8 wide like those in the index, got 7"),
        (np.zeros(8, np.float32), r"vectors must be \(n, d\), got \(8,\)"),
        (np.zeros((2, 8), np.int64), "vectors must be a floating-point numpy array, got int64"),
        ([[0.0] * 8], "vectors must be a floating-point numpy array, got list"),
        (np.array([[0.0] * 8, [np.nan] * 8]), "vectors must be finite, row 1 is not"),
        (np.array([[np.inf] + [0.0] * 7]), "vectors must be finite, row 0 is not"),
    ],
)
def test_vectors_that_cannot_be_are_refused_everywhere(wrong, message):
    index = filled()
    for verb in (index.train, index.add, lambda v: index.search(v, 1)):
        with pytest.raises(ValueError, match=message):
            verb(wrong)
    assert len(index) == 50


@pytest.mark.parametrize("ids", [np.array([1]), np.array([1, -1]), np.array([0.0, 1.0])])
def test_ids_that_cannot_be_are_refused(ids):
    with pytest.raises(ValueError, match="ids must be 2 integers >= 0"):
        Flat().add(vectors(2), ids)


def test_an_unknown_metric_and_k_below_one_are_refused():
    with pytest.raises(ValueError, match="metric must be one of cosine, ip, l2, got 'dot'"):
        Flat("dot")
    with pytest.raises(ValueError, match="k must be >= 1, got 0"):
        filled().search(vectors(1), 0)


def test_ordering_puts_scores_first_then_ids_then_nothing():
    ids = np.array([[4, -1, 2, 3]])
    scores = np.array([[1.0, 9.0, 1.0, 5.0]])
    found = ordered(ids, scores)
    assert isinstance(found, Neighbors)
    assert found.ids.tolist() == [[3, 2, 4, -1]]
    assert found.scores.tolist() == [[5, 1, 1, -np.inf]]
