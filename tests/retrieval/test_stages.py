"""Exact search, the index and the rerankers, measured one after the other."""

import numpy as np
import pytest
import torch

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.errors import ConfigError
from vsr.index.flat import Flat
from vsr.index.neighbors import Neighbors
from vsr.metrics.ranking import METRICS as REGISTRY
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate, evaluate_stages
from vsr.retrieval.rerankers.alpha_qe import AlphaQE
from vsr.retrieval.rerankers.context import Context
from vsr.retrieval.rerankers.k_reciprocal import KReciprocal
from vsr.retrieval.rerankers.mmr import MMR
from vsr.retrieval.rerankers.pairwise import Pairwise
from vsr.retrieval.rerankers.whitening import Whitening
from vsr.retrieval.search import Search, stage_name

METRICS = RankingMetrics(["map", "recall@5", "ndcg@10"])


@pytest.fixture
def parts():
    """Queries (20, 8), gallery (100, 8), relevance and a context with training embeddings."""
    generator = torch.Generator().manual_seed(0)
    labels = np.arange(220) % 10
    noisy = torch.randn(10, 8, generator=generator)[labels] + torch.randn(220, 8, generator=generator)
    vectors = torch.nn.functional.normalize(noisy, dim=1)
    relevance = LabelRelevance(labels[:20], labels[20:120])
    context = Context(train_embeddings=vectors[120:], train_labels=labels[120:])
    return vectors[:20], vectors[20:120], relevance, context


class Half:
    """An index that finds every second item only."""

    metric = "cosine"

    def __init__(self):
        self.flat = Flat()

    def __len__(self):
        return len(self.flat)

    def train(self, vectors):
        self.flat.train(vectors)

    def add(self, vectors, ids=None):
        self.flat.add(vectors)

    def search(self, queries, k):
        ids, scores = self.flat.search(queries, k)
        return Neighbors(np.where(ids % 2, -1, ids), np.where(ids % 2, -np.inf, scores).astype(np.float32))


def test_every_stage_has_its_name_and_is_what_evaluating_it_alone_gives(parts):
    queries, gallery, relevance, context = parts
    chain = [AlphaQE(), MMR(relevance_weight=0.3)]
    stages = evaluate_stages(queries, gallery, relevance, METRICS, Half(), chain, depth=50, context=context)
    assert [stage.name for stage in stages] == [
        "exact",
        "exact@50",
        "half",
        "half+alpha_qe",
        "half+alpha_qe+mmr",
    ]
    for stage, (index, rerankers) in zip(
        [stages[0], *stages[2:]],
        [(None, []), (Half(), []), (Half(), chain[:1]), (Half(), chain)],
        strict=True,
    ):
        alone = evaluate(queries, gallery, relevance, METRICS, index, rerankers, depth=50, context=context)
        assert stage.evaluation.means == alone.means
        np.testing.assert_array_equal(stage.evaluation.neighbors.ids, alone.neighbors.ids)
        assert stage.seconds > 0
        assert stage.ms_per_query == pytest.approx(stage.seconds * 1000 / 20)


def test_without_an_index_the_rerankers_follow_exact_search(parts):
    queries, gallery, relevance, _ = parts
    stages = evaluate_stages(queries, gallery, relevance, METRICS, rerankers=[AlphaQE(), MMR()], depth=50)
    assert [stage.name for stage in stages] == ["exact", "exact@50", "alpha_qe", "alpha_qe+mmr"]
    alone = evaluate(queries, gallery, relevance, METRICS, rerankers=[AlphaQE(), MMR()], depth=50)
    assert stages[-1].evaluation.means == alone.means


def test_exact_search_alone_is_one_stage_with_whole_rankings(parts):
    queries, gallery, relevance, _ = parts
    (stage,) = evaluate_stages(queries, gallery, relevance, METRICS, depth=3)
    exact = evaluate(queries, gallery, relevance, METRICS, depth=3)
    assert stage.evaluation.means == exact.means
    assert stage.evaluation.neighbors.ids.shape == (20, 3)
    np.testing.assert_array_equal(stage.evaluation.gains, exact.gains)


def test_a_change_is_the_difference_from_exact_searchs_lists(parts):
    queries, gallery, relevance, _ = parts
    _, lists, half = evaluate_stages(queries, gallery, relevance, METRICS, Half(), depth=50)
    change = half.change(lists.evaluation)
    assert change.keys() == lists.evaluation.means.keys()
    assert change["map"] == half.evaluation.means["map"] - lists.evaluation.means["map"] < 0


EVERY = [
    base + cut + (f":{variant}" if variant else "")
    for base, metric in REGISTRY.items()
    for cut in {"never": [""], "may": ["", "@3"], "must": ["@3"]}[metric.cutoff]
    for variant in [None, *metric.variants]
]


@pytest.mark.parametrize("depth", [2, 5, 50, 100])
def test_an_index_that_finds_the_same_neighbors_changes_nothing_at_any_depth(parts, depth):
    queries, gallery, relevance, _ = parts
    exact, lists, flat = evaluate_stages(
        queries, gallery, relevance, RankingMetrics(EVERY), Flat(), depth=depth
    )
    assert lists.name == f"exact@{max(depth, 3)}"
    assert exact.evaluation.cut is None
    assert lists.evaluation.cut == flat.evaluation.cut == max(depth, 3)
    for name, change in flat.change(lists.evaluation).items():
        assert change == 0, name
        np.testing.assert_array_equal(lists.evaluation.per_query[name], flat.evaluation.per_query[name], name)
    np.testing.assert_array_equal(lists.evaluation.neighbors.ids, exact.evaluation.neighbors.ids)
    if depth == 100:
        assert lists.evaluation.means == exact.evaluation.means
    else:
        assert lists.evaluation.means["map"] < exact.evaluation.means["map"]


def test_lists_shorter_than_what_is_relevant_are_warned_of_where_a_metric_asks_for_all(parts):
    metrics = RankingMetrics(["map", "map@5", "mrr"])  # ten relevant items a query
    told = {
        depth: [one.evaluation.warnings for one in evaluate_stages(*parts[:3], metrics, Flat(), depth=depth)]
        for depth in (9, 10)
    }
    exact, lists, flat = told[9]
    assert exact == {}
    assert lists == flat
    assert lists["depth"].startswith(
        "Lists hold 9 neighbors, but 20 of 20 queries have more relevant items, up to 10: after "
        "an index or a reranker, map, mrr cannot"
    )
    assert told[10] == [{}, {}, {}]
    (alone,) = evaluate_stages(*parts[:3], metrics, depth=9)
    assert alone.evaluation.warnings == {}


def test_query_expansion_searches_again_through_the_index(parts):
    queries, gallery, relevance, _ = parts
    stages = evaluate_stages(queries, gallery, relevance, METRICS, Half(), [AlphaQE()], depth=50)
    ids = stages[-1].evaluation.neighbors.ids
    assert (ids[ids >= 0] % 2 == 0).all()
    assert (ids != stages[-2].evaluation.neighbors.ids).any()


def test_what_follows_whitening_works_on_whitened_embeddings(parts):
    queries, gallery, relevance, context = parts
    whitening = Whitening(dims=5)
    whitening.prepare(context)
    chain = [Whitening(dims=5), AlphaQE(), Pairwise(n=20, steps=5), KReciprocal(n=50, k1=6)]
    found = evaluate(queries, gallery, relevance, METRICS, None, chain, depth=50, context=context)
    moved = Context(
        train_embeddings=whitening.transform(context.train_embeddings), train_labels=context.train_labels
    )
    expected = evaluate(
        whitening.transform(queries),
        whitening.transform(gallery),
        relevance,
        METRICS,
        None,
        chain[1:],
        depth=50,
        context=moved,
    )
    np.testing.assert_array_equal(found.neighbors.ids, expected.neighbors.ids)
    assert found.means == expected.means
    assert chain[2].network_.first.in_features == 2 * 5 + 1


@pytest.mark.parametrize("similarity", ["ip", "l2"])
def test_whitening_makes_any_similarity_fit_for_what_weighs_by_the_cosine(parts, similarity):
    queries, gallery, relevance, context = parts
    chain = [Whitening(), AlphaQE()]
    expected = evaluate(queries * 2, gallery * 3, relevance, METRICS, None, chain, context=context)
    found = evaluate(
        queries * 2, gallery * 3, relevance, METRICS, None, chain, similarity=similarity, context=context
    )
    assert found.means == pytest.approx(expected.means)
    index = Flat(similarity)
    through = evaluate(queries * 2, gallery * 3, relevance, METRICS, index, chain, context=context)
    assert through.means == pytest.approx(expected.means)
    assert len(index) == 0


def test_a_filled_index_cannot_follow_a_reranker_that_changes_the_gallery(parts):
    queries, gallery, relevance, context = parts
    index = Flat()
    index.add(gallery.numpy())
    with pytest.raises(ConfigError, match="changes the gallery's embeddings; give it an index that is empty"):
        evaluate(queries, gallery, relevance, METRICS, index, [Whitening()], context=context)
    evaluate(queries, gallery, relevance, METRICS, index, [AlphaQE()], context=context)


def test_an_index_is_filled_once_for_a_gallery(parts, monkeypatch):
    queries, gallery, relevance, _ = parts
    filled = []
    add = Flat.add
    monkeypatch.setattr(Flat, "add", lambda self, *more: filled.append(1) or add(self, *more))
    search = Search(relevance, 10, Flat())
    for _ in range(3):
        search(queries, gallery)
    assert len(filled) == 1


def test_a_reranker_that_lacks_what_it_needs_says_so(parts):
    queries, gallery, relevance, _ = parts
    with pytest.raises(ConfigError, match="rerank=whitening needs train_embeddings"):
        evaluate(queries, gallery, relevance, METRICS, rerankers=[Whitening()])


def test_embeddings_that_a_reranker_learns_from_do_not_change_the_earlier_stages(parts):
    queries, gallery, relevance, context = parts
    alone = evaluate_stages(queries, gallery, relevance, METRICS, Half(), depth=50)
    more = evaluate_stages(
        queries, gallery, relevance, METRICS, Half(), [Whitening()], depth=50, context=context
    )
    for ours, theirs in zip(more[:3], alone, strict=True):
        assert ours.evaluation.means == theirs.evaluation.means


def test_names_are_classes_in_snake_case():
    assert [stage_name(one) for one in (AlphaQE(), MMR(), KReciprocal(), Flat(), Whitening())] == [
        "alpha_qe",
        "mmr",
        "k_reciprocal",
        "flat",
        "whitening",
    ]
