"""What exact search finds, and what is made of recalls that cannot be."""

import json

import numpy as np
import pytest

from vsr.ann.truth import truth
from vsr.ann.vector_file import VectorFile
from vsr.ann.vectors import LABELS, Labels, Vectors, prepared, save_labels
from vsr.errors import DataError
from vsr.index.recall import Truth as IndexTruth

METRICS = ["ndcg@10", "map@10", "hit_rate@1"]


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
def test_exact_search_is_that_of_sorting_float64(vectors, near, metric):
    found = truth(vectors, metric, METRICS, 20, 1.0)
    expected, _ = near(vectors.queries, np.array(vectors.gallery), 20, metric)
    assert np.array_equal(found.nearest.rows, expected)
    assert found.recall(found.searched, [1, 10, 20]) == {"recall@1": 1, "recall@10": 1, "recall@20": 1}


def test_small_blocks_give_the_same(vectors):
    whole = truth(vectors, "cosine", METRICS, 20, 256.0)
    (vectors.folder / "truth.npz").unlink()
    parts = truth(vectors, "cosine", METRICS, 20, 0.001)
    assert np.array_equal(whole.searched, parts.searched)
    assert whole.means == parts.means


def test_it_is_kept_and_made_anew_for_another_metric(vectors):
    first = truth(vectors, "cosine", METRICS, 20, 1.0)
    written = (vectors.folder / "truth.npz").stat().st_mtime_ns
    again = truth(vectors, "cosine", METRICS, 20, 1.0)
    assert again.means == first.means
    ids = np.random.default_rng(0).integers(0, 400, (40, 20))
    assert again.recall(ids, [20]) == first.recall(ids, [20])
    assert (vectors.folder / "truth.npz").stat().st_mtime_ns == written
    assert truth(vectors, "l2", METRICS, 20, 1.0).metric == "l2"
    assert (vectors.folder / "truth.npz").stat().st_mtime_ns != written


def test_without_labels_there_are_no_task_metrics(vectors, near):
    (vectors.folder / LABELS).unlink()
    found = truth(Vectors(vectors.folder), "cosine", METRICS, 20, 1.0)
    assert found.means == {}
    assert np.array_equal(found.nearest.rows, near(vectors.queries, np.array(vectors.gallery), 20)[0])


def test_the_query_itself_is_not_among_what_is_to_be_found(vectors):
    rows = np.arange(40)
    np.save(vectors.folder / "queries.npy", np.array(vectors.gallery[:40]))
    codes = np.zeros((400, 1), np.int64)
    save_labels(vectors.folder, Labels(codes[:40], codes, np.ones(1), rows, np.arange(400)))
    found = truth(Vectors(vectors.folder), "cosine", METRICS, 20, 1.0)
    assert not (found.nearest.rows == rows[:, None]).any()
    assert found.recall(found.searched, [20]) == {"recall@20": 1.0}


def test_recall_is_that_of_the_index_room(vectors):
    rng = np.random.default_rng(1)
    exact = truth(vectors, "cosine", METRICS, 20, 1.0)
    other = IndexTruth(vectors.queries, np.array(vectors.gallery), 20)
    ids = np.where(rng.random((40, 20)) < 0.6, other.rows, rng.integers(-1, 400, (40, 20)))
    for k in (1, 10, 20):
        assert exact.recall(ids, [k]) == {f"recall@{k}": other.recalls(ids, k).mean()}


def test_any_of_equally_near_items_is_right(tmp_path):
    rng = np.random.default_rng(0)
    given = np.repeat(rng.standard_normal((4, 8)), 25, axis=0)
    np.save(tmp_path / "e.npy", given)
    np.save(tmp_path / "q.npy", given[[0, 25]])
    source = VectorFile(str(tmp_path / "e.npy"), queries=str(tmp_path / "q.npy"))
    vectors = prepared(source, tmp_path / "v", 2, 0)
    assert vectors.about["copies"] == 96
    exact = truth(vectors, "l2", METRICS, 10, 1.0)
    last = np.array([np.arange(24, 14, -1), np.arange(49, 39, -1)])  # none of the first ten
    assert exact.recall(last, [1, 10]) == {"recall@1": 1.0, "recall@10": 1.0}
    wrong = np.array([np.arange(25, 35), np.arange(0, 10)])
    assert exact.recall(wrong, [10]) == {"recall@10": 0.0}


def test_where_there_are_fewer_than_k_items_all_are_asked_for_and_none_is_no_number(tmp_path):
    gallery = np.eye(4, dtype=np.float32)[:3]
    np.save(tmp_path / "e.npy", gallery)
    np.save(tmp_path / "q.npy", gallery)
    source = VectorFile(str(tmp_path / "e.npy"), queries=str(tmp_path / "q.npy"))
    vectors = prepared(source, tmp_path / "v", 3, 0)
    exact = truth(vectors, "l2", METRICS, 5, 1.0)
    assert exact.recall(np.array([[0, 1, 2]] * 3), [5]) == {"recall@5": 1.0}
    assert exact.recall(np.array([[0, 1, -1, -1, -1]] * 3), [5]) == {"recall@5": pytest.approx(2 / 3)}
    assert np.isnan(
        truth(only_themselves(vectors), "l2", METRICS, 1, 1.0).recall(np.array([[-1]]), [1])["recall@1"]
    )


def only_themselves(vectors):
    """One query and nothing in the gallery but it."""
    np.save(vectors.folder / "gallery.npy", np.array(vectors.gallery[:1]))
    np.save(vectors.folder / "queries.npy", vectors.queries[:1])
    one = np.zeros((1, 1), np.int64)
    save_labels(vectors.folder, Labels(one, one, np.ones(1), np.zeros(1, np.int64), np.zeros(1, np.int64)))
    return Vectors(vectors.folder)


def far_from_the_origin(tmp_path, offset):
    gallery = np.random.default_rng(0).standard_normal((500, 8)) + offset
    np.save(tmp_path / "e.npy", gallery.astype(np.float32))
    np.save(tmp_path / "q.npy", (gallery[:60] + 0.01).astype(np.float32))
    return prepared(VectorFile(str(tmp_path / "e.npy"), str(tmp_path / "q.npy")), tmp_path / "v", 60, 0)


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
def test_random_answers_score_k_in_n(tmp_path, metric):
    exact = truth(far_from_the_origin(tmp_path, 1000.0), metric, METRICS, 10, 1.0)
    random = np.stack([np.random.default_rng(one).permutation(500)[:10] for one in range(60)])
    assert exact.recall(random, [10])["recall@10"] == pytest.approx(10 / 500, abs=0.02)


def test_more_recall_than_exact_search_has_is_an_error_in_one_line(vectors, monkeypatch):
    """Exact search in float32 is stubbed: it finds the right nearest and nine at random."""

    def searched(vectors, *given):
        right = IndexTruth(vectors.queries, vectors.gallery, 10).rows
        return np.concatenate([right[:, :1], np.full((40, 9), -1)], axis=1), {}

    monkeypatch.setattr("vsr.ann.truth._searched", searched)
    exact = truth(vectors, "l2", METRICS, 10, 1.0)
    for fine in ({"recall@1": 1.0, "recall@10": 0.1}, {"recall@10": 0.104}):
        exact.check(fine, exhaustive=False)
    with pytest.raises(DataError) as told:
        exact.check({"recall@1": 1.0, "recall@10": 0.98}, exhaustive=False)
    assert str(told.value) == (
        "its recall@10 of 0.980 is more than exact search's 0.100: exact search in float32 is not exact "
        "on these vectors under l2; far from the origin, take the gallery's mean off all vectors, "
        "which changes no ranking"
    )


def test_comparing_every_pair_and_not_finding_all_is_an_error(vectors):
    exact = truth(vectors, "cosine", METRICS, 10, 1.0)
    exact.check({"recall@10": 0.9}, exhaustive=False)
    exact.check({"recall@10": 0.9951}, exhaustive=True)
    with pytest.raises(
        DataError, match=r"it compares every pair, and its recall@10 is 0\.900: exact search in"
    ):
        exact.check({"recall@10": 0.9}, exhaustive=True)


def test_an_older_truth_is_made_anew(vectors):
    wanted = json.dumps([vectors.about["fingerprint"], "cosine", METRICS, 20])
    np.savez(vectors.folder / "truth.npz", wanted=np.array(wanted), scores=np.zeros((40, 20)))
    assert truth(vectors, "cosine", METRICS, 20, 1.0).nearest.rows.shape == (40, 20)
