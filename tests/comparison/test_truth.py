import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsr.comparison import prepared
from vsr.comparison.file import VectorFile
from vsr.comparison.truth import recalls, scores, truth
from vsr.comparison.vectors import LABELS, Labels, Vectors, save_labels
from vsr.index import Truth as IndexTruth

METRICS = ["ndcg@10", "map@10", "hit_rate@1"]


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
def test_exact_search_is_that_of_sorting_float64(vectors, near, metric):
    found = truth(vectors, metric, METRICS, 20, 1.0)
    _, expected = near(vectors.queries, np.array(vectors.gallery), 20, metric)
    assert np.allclose(found.scores, expected, atol=1e-6)


def test_small_blocks_give_the_same(vectors):
    whole = truth(vectors, "cosine", METRICS, 20, 256.0)
    (vectors.folder / "truth.npz").unlink()
    parts = truth(vectors, "cosine", METRICS, 20, 0.001)
    assert np.array_equal(whole.scores, parts.scores)
    assert whole.means == parts.means


def test_it_is_kept_and_made_anew_for_another_metric(vectors):
    first = truth(vectors, "cosine", METRICS, 20, 1.0)
    written = (vectors.folder / "truth.npz").stat().st_mtime_ns
    assert truth(vectors, "cosine", METRICS, 20, 1.0).means == first.means
    assert (vectors.folder / "truth.npz").stat().st_mtime_ns == written
    assert truth(vectors, "l2", METRICS, 20, 1.0).scores.max() <= 0


def test_without_labels_there_are_no_task_metrics(vectors, near):
    (vectors.folder / LABELS).unlink()
    found = truth(Vectors(vectors.folder), "cosine", METRICS, 20, 1.0)
    assert found.means == {}
    assert np.allclose(found.scores, near(vectors.queries, np.array(vectors.gallery), 20)[1], atol=1e-6)


def test_the_query_itself_is_not_among_what_is_to_be_found(vectors):
    rows = np.arange(40)
    np.save(vectors.folder / "queries.npy", np.array(vectors.gallery[:40]))
    codes = np.zeros((400, 1), np.int64)
    save_labels(vectors.folder, Labels(codes[:40], codes, np.ones(1), rows, np.arange(400)))
    found = truth(Vectors(vectors.folder), "cosine", METRICS, 20, 1.0)
    assert found.scores[:, 0].max() < 1 - 1e-6


def test_recall_agrees_with_that_of_the_index_room(vectors):
    rng = np.random.default_rng(1)
    exact = truth(vectors, "cosine", METRICS, 20, 1.0)
    other = IndexTruth(vectors.queries, np.array(vectors.gallery), 20)
    ids = np.where(rng.random((40, 20)) < 0.6, other.neighbours.ids, rng.integers(0, 400, (40, 20)))
    for row in ids:
        row[np.sort(np.unique(row, return_index=True)[1], axis=0).size :] = -1
    for k in (1, 10, 20):
        ours = recalls(scores(vectors, _distinct(ids), "cosine"), exact.scores, [k])[f"recall@{k}"]
        assert ours == pytest.approx(other.recalls(_distinct(ids), k).mean())


def _distinct(ids):
    out = ids.copy()
    for row in out:
        _, first = np.unique(row, return_index=True)
        row[np.setdiff1d(np.arange(len(row)), first)] = -1
    return out


def test_any_of_equally_near_items_is_right(tmp_path):
    rng = np.random.default_rng(0)
    given = np.repeat(rng.standard_normal((4, 8)), 25, axis=0)
    np.save(tmp_path / "e.npy", given)
    np.save(tmp_path / "q.npy", given[[0, 25]])
    source = VectorFile(str(tmp_path / "e.npy"), queries=str(tmp_path / "q.npy"))
    vectors = prepared(source, tmp_path / "v", 2, 0)
    exact = truth(vectors, "l2", METRICS, 10, 1.0)
    last = np.array([np.arange(24, 14, -1), np.arange(49, 39, -1)])  # none of the first ten
    assert recalls(scores(vectors, last, "l2"), exact.scores, [1, 10]) == {"recall@1": 1.0, "recall@10": 1.0}
    wrong = np.array([np.arange(25, 35), np.arange(0, 10)])
    assert recalls(scores(vectors, wrong, "l2"), exact.scores, [10]) == {"recall@10": 0.0}


def test_where_there_are_fewer_than_k_items_all_are_asked_for():
    exact = np.array([[0.9, 0.5, -np.inf, -np.inf]])
    assert recalls(np.array([[0.9, 0.5, -np.inf, -np.inf]]), exact, [4]) == {"recall@4": 1.0}
    assert recalls(np.array([[0.5, -np.inf, -np.inf, -np.inf]]), exact, [4]) == {"recall@4": 0.5}


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 12), st.integers(0, 2**31))
def test_recall_lies_between_0_and_1_and_is_1_for_exact_search(k, seed):
    rng = np.random.default_rng(seed)
    exact = -np.sort(-rng.integers(0, 6, (5, 12)).astype(float), axis=1)
    assert recalls(exact, exact, [k]) == {f"recall@{k}": 1.0}
    found = np.where(rng.random((5, 12)) < 0.5, exact, -np.inf)
    assert 0 <= recalls(found, exact, [k])[f"recall@{k}"] <= 1
