"""Recall against exact search."""

import numpy as np
import pytest

from vsr.index import Truth


def line(*values):
    return np.array(values, np.float32)[:, None]


def test_recall_is_the_share_of_the_exact_neighbours_found():
    truth = Truth(line(0.0, 10.0), line(*range(11)), k=4, metric="l2")
    found = np.array([[0, 1, 9, 8], [10, 9, 8, 7]])
    assert truth.recalls(found, 4).tolist() == [0.5, 1.0]
    assert truth.recalls(found, 1).tolist() == [1.0, 1.0]


def test_whichever_of_equally_far_ones_counts():
    truth = Truth(line(0.0), line(0.0, 1.0, -1.0, 5.0), k=2, metric="l2")
    assert truth.recalls(np.array([[0, 1]]), 2).tolist() == [1.0]
    assert truth.recalls(np.array([[0, 2]]), 2).tolist() == [1.0]
    assert truth.recalls(np.array([[1, 2]]), 2).tolist() == [1.0]  # two of the three that may be among two
    assert truth.recalls(np.array([[0, 3]]), 2).tolist() == [0.5]


def test_a_repeated_id_counts_once_and_minus_one_never():
    truth = Truth(line(0.0), line(0.0, 1.0, 2.0), k=3, metric="l2")
    assert truth.recalls(np.array([[0, 0, -1]]), 3).tolist() == [pytest.approx(1 / 3)]


def test_a_small_gallery_asks_for_no_more_than_it_has():
    truth = Truth(line(0.0), line(0.0, 1.0), k=5, metric="l2")
    assert truth.recalls(np.array([[1, 0, -1, -1, -1]]), 5).tolist() == [1.0]


def test_ids_of_the_users_choosing():
    truth = Truth(line(0.0), line(0.0, 1.0, -1.0), k=2, metric="l2", ids=np.array([70, 80, 90]))
    assert truth.recalls(np.array([[70, 90]]), 2).tolist() == [1.0]
    with pytest.raises(ValueError, match="a search gave id 5, which the gallery does not have"):
        truth.recalls(np.array([[70, 5]]), 2)


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
def test_it_agrees_with_counting_true_scores_in_float64(metric):
    random = np.random.default_rng(0)
    gallery = random.integers(-1, 2, size=(300, 4)).astype(np.float32)  # full of ties
    queries = random.integers(-1, 2, size=(40, 4)).astype(np.float32)
    found = np.stack([random.permutation(300)[:10] for _ in queries])
    g, q = gallery.astype(np.float64), queries.astype(np.float64)
    if metric == "cosine":
        g, q = (v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-30) for v in (g, q))
    scores = -((q[:, None] - g) ** 2).sum(2) if metric == "l2" else q @ g.T
    bound = np.sort(scores, axis=1)[:, -10]
    expected = (np.take_along_axis(scores, found, 1) >= bound[:, None] - 1e-9).mean(axis=1)
    np.testing.assert_allclose(Truth(queries, gallery, 10, metric).recalls(found, 10), expected)


def test_too_few_columns_are_refused():
    with pytest.raises(ValueError, match="recall@3 needs 3 neighbours, got 2 against 5 exact"):
        Truth(line(0.0), line(*range(9)), k=5).recalls(np.array([[0, 1]]), 3)
