"""The one path: exact, through an index, through rerankers, from a file."""

import logging

import numpy as np
import pytest
import torch

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.data.relevance.list_relevance import ListRelevance
from vsr.errors import DataError, DivergedError
from vsr.index.flat import Flat
from vsr.index.neighbors import Neighbors
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.evaluation import Evaluation

NAMES = [
    "mrr",
    "map",
    "map@r",
    "r_precision",
    "ndcg",
    "recall@1",
    "recall@5",
    "precision@5",
    "map@5",
    "ndcg@5",
]
METRICS = RankingMetrics(NAMES)


def embeddings(n=120, d=16, n_labels=10, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, n_labels, (n,), generator=generator)
    centers = torch.randn(n_labels, d, generator=generator)
    noisy = centers[labels] + torch.randn(n, d, generator=generator)
    return torch.nn.functional.normalize(noisy, dim=1), labels.numpy()


def all_against_all(labels):
    rows = np.arange(len(labels))
    return LabelRelevance(labels, labels, query_identities=rows, gallery_identities=rows)


class Scripted:
    """An index that gives the neighbors it was told."""

    metric = "ip"

    def __init__(self, ids, n):
        self.ids, self.n = np.array(ids), n

    def __len__(self):
        return self.n

    def search(self, queries, k):
        ids = self.ids[:, :k]
        return Neighbors(ids, np.where(ids < 0, -np.inf, -np.arange(ids.shape[1])).astype(np.float32))


def test_an_exact_index_measures_what_exact_search_measures():
    vectors, labels = embeddings()
    exact = evaluate(vectors, vectors, all_against_all(labels), METRICS, depth=119)
    index = Flat()
    through = evaluate(vectors, vectors, all_against_all(labels), METRICS, index=index, depth=119)
    assert through.means == pytest.approx(exact.means)
    assert (through.neighbors.ids == exact.neighbors.ids).all()
    assert len(index) == 0  # a copy was filled: the next epoch's embeddings find it empty


def test_a_filled_index_is_searched_as_it_is():
    vectors, labels = embeddings()
    index = Flat()
    index.add(vectors.numpy()[::-1].copy(), ids=np.arange(120)[::-1].copy())
    exact = evaluate(vectors, vectors, all_against_all(labels), METRICS, depth=119)
    through = evaluate(vectors, vectors, all_against_all(labels), METRICS, index=index, depth=119)
    assert through.means == pytest.approx(exact.means)


def test_an_index_of_another_gallery_is_refused():
    vectors, labels = embeddings()
    index = Flat()
    index.add(vectors.numpy()[:50])
    with pytest.raises(ValueError, match="the index holds 50 vectors, the gallery 120"):
        evaluate(vectors, vectors, all_against_all(labels), METRICS, index=index)


def test_what_an_index_does_not_find_counts_against_the_whole_number():
    # Labels: item 0 and 3 are relevant; the index finds one of them and gives up.
    relevance = LabelRelevance(np.array([7]), np.array([7, 1, 2, 7]))
    vectors = torch.eye(4)
    result = evaluate(vectors[:1], vectors, relevance, METRICS, index=Scripted([[1, 0, -1, -1]], 4))
    assert result.means["recall@5"] == 1 / 2
    assert result.means["map"] == 1 / 4  # precision 1/2 at rank 2, of 2 relevant
    assert result.means["mrr"] == 1 / 2
    assert result.n_relevant.tolist() == [2]


def test_minus_one_is_never_read_as_the_last_item():
    relevance = LabelRelevance(np.array([7]), np.array([1, 1, 1, 7]))
    vectors = torch.eye(4)
    result = evaluate(vectors[:1], vectors, relevance, METRICS, index=Scripted([[-1, -1]], 4))
    assert all(value == 0 for value in result.means.values())
    assert (result.gains == 0).all()


def test_an_item_found_twice_counts_once():
    relevance = LabelRelevance(np.array([7]), np.array([7, 1, 7, 1]))
    vectors = torch.eye(4)
    result = evaluate(vectors[:1], vectors, relevance, METRICS, index=Scripted([[0, 0, 1, 2]], 4))
    assert result.neighbors.ids.tolist() == [[0, 1, 2, -1]]
    assert result.means["precision@5"] == 2 / 5


def test_an_id_that_is_no_gallery_position_is_refused():
    relevance = LabelRelevance(np.array([7]), np.array([7, 1, 7]))
    vectors = torch.eye(3)
    with pytest.raises(ValueError, match="a search gave id 3, but the gallery has 3 items"):
        evaluate(vectors[:1], vectors, relevance, METRICS, index=Scripted([[0, 3]], 3))


@pytest.mark.parametrize("index", [None, Flat("ip")], ids=["exact", "through an index"])
def test_the_query_is_taken_out_by_identity_though_a_duplicate_of_another_label_stands_first(index):
    vectors = torch.tensor([[1.0, 0], [1, 0], [1, 0.1], [0, 1]])
    labels = np.array([0, 1, 1, 0])
    rows = np.array([1]), np.arange(4)  # the query is item 1; item 0, its exact duplicate, ties above it
    relevance = LabelRelevance(labels[1:2], labels, query_identities=rows[0], gallery_identities=rows[1])
    result = evaluate(vectors[1:2], vectors, relevance, METRICS, index=index, depth=2, similarity="ip")
    assert result.neighbors.ids.tolist() == [[0, 2]]
    assert result.means["mrr"] == 1 / 2


@pytest.mark.parametrize("index", [None, Flat()], ids=["exact", "through an index"])
def test_junk_takes_no_rank_and_costs_no_depth(index):
    vectors, labels = embeddings(60)
    junk = [np.flatnonzero(np.arange(60) % 3 == 0).tolist()] * 60
    relevant = [[i for i in range(60) if labels[i] == labels[q] and i != q] for q in range(60)]
    relevance = ListRelevance.from_lists(relevant, 60, [sorted({*j, q}) for q, j in enumerate(junk)])
    kept = np.array([i for i in range(60) if i % 3])
    result = evaluate(vectors, vectors, relevance, METRICS, index=index, depth=10)
    without = ListRelevance.from_lists(
        [[int(np.searchsorted(kept, i)) for i in one if i % 3] for one in relevant],
        len(kept),
        [[int(np.searchsorted(kept, q))] if q % 3 else [] for q in range(60)],
    )
    expected = evaluate(vectors, vectors[kept], without, METRICS, index=index, depth=10)
    assert result.means == pytest.approx(expected.means)
    assert (
        result.neighbors.ids == np.where(expected.neighbors.ids < 0, -1, kept[expected.neighbors.ids])
    ).all()


class Backwards:
    """A reranker that turns the list around."""

    def rerank(self, queries, gallery, neighbors):
        return Neighbors(neighbors.ids[:, ::-1], neighbors.scores)


@pytest.mark.parametrize("index", [None, Flat()], ids=["exact", "through an index"])
def test_rerankers_are_applied_in_order(index):
    vectors, labels = embeddings()
    once = evaluate(vectors, vectors, all_against_all(labels), METRICS, index, [Backwards()], depth=20)
    twice = evaluate(
        vectors, vectors, all_against_all(labels), METRICS, index, [Backwards(), Backwards()], depth=20
    )
    plain = evaluate(vectors, vectors, all_against_all(labels), METRICS, index, depth=20)
    assert (twice.neighbors.ids == plain.neighbors.ids).all()
    assert (once.neighbors.ids == plain.neighbors.ids[:, ::-1]).all()
    assert once.means["recall@5"] < plain.means["recall@5"]


def test_queries_without_relevant_items_are_left_out_and_counted(caplog):
    vectors, labels = embeddings()
    labels = labels.copy()
    labels[:7] = 1000 + np.arange(7)
    with caplog.at_level(logging.INFO):
        result = evaluate(vectors, vectors, all_against_all(labels), METRICS)
    assert (result.n_queries, result.n_left_out) == (120, 7)
    assert "7 of 120 queries have nothing relevant" in caplog.text
    for name in NAMES:
        assert np.isnan(result.per_query[name]).tolist() == [True] * 7 + [False] * 113
        assert result.means[name] == pytest.approx(np.nanmean(result.per_query[name]))


def test_no_answerable_query_gives_nan_means():
    vectors, _ = embeddings(5)
    result = evaluate(vectors, vectors, all_against_all(np.arange(5)), METRICS)
    assert result.n_left_out == 5
    assert all(np.isnan(value) for value in result.means.values())


def test_labels_above_two_to_the_24th_are_not_merged():
    vectors, labels = embeddings(n_labels=60)
    here = evaluate(vectors, vectors, all_against_all(labels), METRICS)
    far = evaluate(vectors, vectors, all_against_all(labels + 2**40), METRICS)
    assert far.means == here.means


def test_only_cutoffs_give_the_numbers_of_everything_together():
    vectors, labels = embeddings()
    both = evaluate(vectors, vectors, all_against_all(labels), METRICS)
    cut = [name for name in NAMES if "@" in name and name != "map@r"]
    assert evaluate(vectors, vectors, all_against_all(labels), RankingMetrics(cut), depth=1).means == {
        name: both.means[name] for name in cut
    }


def test_depth_bounds_what_is_kept_not_what_is_measured():
    vectors, labels = embeddings()
    deep = evaluate(vectors, vectors, all_against_all(labels), METRICS, depth=100)
    none = evaluate(vectors, vectors, all_against_all(labels), METRICS, depth=0)
    assert none.means == deep.means
    assert none.neighbors.ids.shape == (120, 0)


@pytest.mark.parametrize("index", [None, Flat()], ids=["exact", "through an index"])
def test_a_gallery_smaller_than_the_depth(index):
    vectors, labels = embeddings(6, n_labels=2)
    result = evaluate(vectors, vectors, all_against_all(labels), METRICS, index=index, depth=50)
    assert result.neighbors.ids.shape == (6, 6)
    assert (result.neighbors.ids[:, 5] == -1).all()  # five are left without the query itself
    assert (result.neighbors.scores[:, 5] == -np.inf).all()


@pytest.mark.parametrize("similarity", ["cosine", "l2"])
@pytest.mark.parametrize("block_mib", [0.05, 64])
def test_a_memory_mapped_gallery_gives_the_same_numbers(tmp_path, similarity, block_mib):
    vectors, labels = embeddings(2000, n_labels=300)
    vectors = vectors * 2
    np.save(tmp_path / "gallery.npy", vectors.numpy())
    mapped = np.load(tmp_path / "gallery.npy", mmap_mode="r")
    relevance = LabelRelevance(labels[:30], labels)
    more = {"similarity": similarity, "block_mib": block_mib}
    expected = evaluate(vectors[:30], vectors, relevance, METRICS, similarity=similarity)
    result = evaluate(vectors[:30], mapped, relevance, METRICS, **more)
    assert result.means == expected.means
    assert (result.neighbors.ids == expected.neighbors.ids).all()


def test_scores_are_what_their_name_says():
    queries, gallery = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 2.0], [3.0, 5.0]])
    relevance = LabelRelevance(np.array([0]), np.array([0, 1]))
    for similarity, expected in (("cosine", [29 / 5 / 34**0.5, 0.8]), ("ip", [29, 8]), ("l2", [-1, -13])):
        found = evaluate(queries, gallery, relevance, METRICS, similarity=similarity).neighbors
        assert found.ids.tolist() == [[1, 0]]
        assert found.scores[0].tolist() == pytest.approx(expected)


def test_half_precision_embeddings_are_measured_as_their_float32_values():
    vectors, labels = embeddings()
    half = vectors.half()
    ours = evaluate(half, half, all_against_all(labels), METRICS)
    assert ours.means == evaluate(half.float(), half.float(), all_against_all(labels), METRICS).means


def test_permuting_queries_or_gallery_changes_no_value():
    vectors, labels = embeddings(seed=3)
    order = np.random.default_rng(0).permutation(120)
    rows = np.arange(120)
    base = evaluate(vectors, vectors, all_against_all(labels), METRICS)
    queries = LabelRelevance(labels[order], labels, query_identities=rows[order], gallery_identities=rows)
    turned = evaluate(vectors[order], vectors, queries, METRICS)
    gallery = LabelRelevance(labels, labels[order], query_identities=rows, gallery_identities=rows[order])
    mixed = evaluate(vectors, vectors[order], gallery, METRICS)
    for name in NAMES:
        np.testing.assert_array_equal(turned.per_query[name], base.per_query[name][order])
        np.testing.assert_allclose(mixed.per_query[name], base.per_query[name], rtol=1e-12)


def test_monotone_changes_of_the_scores_change_no_value():
    vectors, labels = embeddings(seed=4)
    base = evaluate(vectors, vectors, all_against_all(labels), METRICS, similarity="cosine")
    assert (
        evaluate(vectors * 4, vectors * 0.5, all_against_all(labels), METRICS, similarity="ip").means
        == base.means
    )


def test_wrong_input_is_told():
    vectors, labels = embeddings()
    relevance = all_against_all(labels)
    with pytest.raises(ValueError, match="relevance is for 120 × 120 items, embeddings are 100 × 120"):
        evaluate(vectors[:100], vectors, relevance, METRICS)
    with pytest.raises(ValueError, match=r"equally wide, got \(120, 16\) and \(120, 8\)"):
        evaluate(vectors, vectors[:, :8], relevance, METRICS)
    with pytest.raises(ValueError, match="similarity must be one of cosine, ip, l2, got 'dot'"):
        evaluate(vectors, vectors, relevance, METRICS, similarity="dot")
    with pytest.raises(DataError, match="there is no query to evaluate"):
        evaluate(vectors[:0], vectors, LabelRelevance(labels[:0], labels), METRICS)
    with pytest.raises(DataError, match="there is no gallery item to evaluate"):
        evaluate(vectors, vectors[:0], LabelRelevance(labels, labels[:0]), METRICS)


@pytest.mark.parametrize("side", ["query", "gallery"])
def test_an_embedding_that_is_not_finite_is_named(side):
    vectors, labels = embeddings()
    broken = vectors.clone()
    broken[17, 3] = float("nan")
    sides = (broken, vectors) if side == "query" else (vectors, broken)
    with pytest.raises(DivergedError, match=f"{side} embedding 17 is not finite"):
        evaluate(*sides, all_against_all(labels), METRICS)


def test_embeddings_with_gradients_are_measured_without_them():
    vectors, labels = embeddings()
    result = evaluate(vectors.clone().requires_grad_(), vectors, all_against_all(labels), METRICS)
    assert result.means == evaluate(vectors, vectors, all_against_all(labels), METRICS).means


def test_an_evaluation_is_saved_and_loaded(tmp_path):
    vectors, labels = embeddings()
    labels = labels.copy()
    labels[0] = 999
    result = evaluate(vectors, vectors, all_against_all(labels), METRICS, depth=10)
    result.protocol, result.fingerprint = "tiny/v1:test", "abc"
    result.save(tmp_path / "test")
    loaded = Evaluation.load(tmp_path / "test")
    assert sorted(one.name for one in (tmp_path / "test").iterdir()) == [
        "evaluation.json",
        "neighbors.npz",
        "per_query.parquet",
    ]
    assert (loaded.means, loaded.n_queries, loaded.n_left_out) == (result.means, 120, 1)
    assert (loaded.protocol, loaded.fingerprint) == ("tiny/v1:test", "abc")
    for name in NAMES:
        np.testing.assert_array_equal(loaded.per_query[name], result.per_query[name])
    for ours, theirs in zip(loaded.neighbors, result.neighbors, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(loaded.gains, result.gains)
    np.testing.assert_array_equal(loaded.n_relevant, result.n_relevant)


def test_a_mean_that_is_not_defined_survives_saving(tmp_path):
    vectors, _ = embeddings(5)
    evaluate(vectors, vectors, all_against_all(np.arange(5)), METRICS).save(tmp_path)
    assert "NaN" not in (tmp_path / "evaluation.json").read_text()
    assert np.isnan(Evaluation.load(tmp_path).means["map"])


def test_a_folder_without_an_evaluation_is_told(tmp_path):
    with pytest.raises(DataError, match="there is no evaluation in"):
        Evaluation.load(tmp_path)


def test_means_by_group_and_their_macro_average():
    relevance = LabelRelevance(np.array([0, 0, 1, 9]), np.array([0, 5, 1]))
    gallery = torch.eye(3)
    queries = torch.tensor([[1.0, 0, 0], [0.5, 1, 0], [1, 0.9, 0.5], [1, 0, 0]])
    result = evaluate(queries, gallery, relevance, RankingMetrics(["mrr"]))
    groups = result.by_group(np.array(["a", "a", "b", "c"]))
    assert groups["mrr"].to_dict() == pytest.approx({"a": 3 / 4, "b": 1 / 3})
    assert groups["queries"].to_dict() == {"a": 2, "b": 1}
    assert groups["mrr"].mean() == pytest.approx((3 / 4 + 1 / 3) / 2)
