"""The blocked ranking against sorting everything."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.data.relevance.list_relevance import ListRelevance
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.exact import blocks, ranks, scan
from vsr.retrieval.exact.pair_list import Pairs
from vsr.retrieval.similarity import Similarity

TINY_MIB = 16 * 1024 * 4 / 2**20  # blocks of 16 queries by 1,024 items: the gallery is read in several runs
ALL = ["mrr", "map", "map@r", "r_precision", "ndcg", "h_ap", "recall@5", "hit_rate@1", "map@7", "ndcg@9"]


def vectors(n, d, seed, whole_numbers=False):
    generator = np.random.default_rng(seed)
    values = generator.integers(-2, 3, (n, d)) if whole_numbers else generator.normal(size=(n, d))
    return torch.from_numpy(values.astype(np.float32))


def sorted_whole(queries, gallery, relevance):
    """Ranks and gains of every item with gain, and the whole order, by float64 scores and a full sort."""
    scores = (queries.double() @ gallery.double().T).numpy()
    rankings, orders = [], []
    for query, row in enumerate(scores):
        at = np.array([query])
        everything = np.arange(len(row))
        out = relevance.ignored_at(at, everything[None])[0]
        order = np.lexsort((everything, -row))
        order = order[~out[order]]
        gains = relevance.gains(at, order[None])[0]
        rankings.append([(rank + 1, gain) for rank, gain in enumerate(gains.tolist()) if gain > 0])
        orders.append(order)
    return rankings, orders


def ranked(queries, gallery, relevance, k, block_mib, similarity="ip"):
    rankings, ids = [], []
    runs = scan.ranked(Similarity(queries, gallery, similarity), relevance, k, 1e-9, block_mib)
    for run in runs:
        for n in range(len(run.ids)):
            own = slice(run.offsets[n], run.offsets[n + 1])
            rankings.append(list(zip(run.ranks[own].tolist(), run.gains[own].tolist(), strict=True)))
        ids.append(run.ids)
    return rankings, np.concatenate(ids)


def labeled(n_queries, n_gallery, n_labels, seed, own=False):
    generator = np.random.default_rng(seed)
    fine = generator.integers(0, n_labels, n_gallery)
    asked = fine[:n_queries] if own else generator.integers(0, n_labels, n_queries)
    rows = np.arange(n_gallery)
    identities = (rows[:n_queries], rows) if own else (None, None)
    codes = [np.stack([one, one // 5], axis=1) for one in (asked, fine)]
    return LabelRelevance(*codes, (3.0, 1.0), *identities)


@pytest.mark.parametrize("block_mib", [TINY_MIB, 64], ids=["in runs", "whole rows"])
@pytest.mark.parametrize("n_labels", [3, 60, 900], ids=["many relevant", "some", "few"])
def test_ranks_and_neighbors_are_those_of_a_full_sort(n_labels, block_mib):
    gallery = vectors(2500, 16, 0)
    relevance = labeled(15, 2500, n_labels, 1, own=True)
    expected, orders = sorted_whole(gallery[:15], gallery, relevance)
    rankings, ids = ranked(gallery[:15], gallery, relevance, 20, block_mib)
    assert rankings == expected
    assert (ids == [order[:20] for order in orders]).all()


@pytest.mark.parametrize("block_mib", [TINY_MIB, 64], ids=["in runs", "whole rows"])
@pytest.mark.parametrize("n_labels", [3, 900], ids=["many relevant", "few"])
def test_many_equal_scores_are_ranked_by_gallery_position(n_labels, block_mib):
    gallery = vectors(2500, 3, 0, whole_numbers=True)
    relevance = labeled(10, 2500, n_labels, 2, own=True)
    expected, orders = sorted_whole(gallery[:10], gallery, relevance)
    rankings, ids = ranked(gallery[:10], gallery, relevance, 20, block_mib)
    assert rankings == expected
    assert (ids == [order[:20] for order in orders]).all()


def test_an_accelerator_would_rank_the_same():
    gallery = vectors(700, 3, 0, whole_numbers=True)
    relevance = labeled(30, 700, 20, 2, own=True)
    similarity, run = Similarity(gallery[:30], gallery, "ip"), slice(0, 30)
    scores = similarity.scores(run, similarity.gallery(slice(None)))
    positives = Pairs(*relevance.positives(np.arange(30), 1))
    ignored = Pairs(*relevance.ignored(np.arange(30)))
    on_device = blocks.on_device(scores.double(), positives, ignored, 10)
    with ThreadPoolExecutor(1) as pool:
        on_cpu = blocks.whole(similarity, run, scores, positives, ignored, 10, pool)
    for ours, theirs in zip(on_device, on_cpu, strict=True):
        assert (ours == theirs).all()


def test_collapsed_embeddings_rank_in_gallery_order():
    gallery = torch.ones(50, 8) / 8**0.5
    labels = np.array([0] * 40 + [1] * 10)
    relevance = LabelRelevance(labels[-1:], labels)
    result = evaluate(gallery[:1], gallery, relevance, RankingMetrics(["mrr"]), depth=50)
    assert result.neighbors.ids[0].tolist() == list(range(50))
    assert result.means["mrr"] == pytest.approx(1 / 41)


@pytest.mark.parametrize("similarity", ["cosine", "ip", "l2"])
def test_results_do_not_depend_on_the_block(similarity):
    gallery = vectors(3000, 64, 3) + 0.5
    relevance = labeled(35, 3000, 40, 4)
    ours = RankingMetrics(ALL)
    results = [
        evaluate(gallery[:35], gallery, relevance, ours, block_mib=mib, similarity=similarity, depth=30)
        for mib in (0.3, 1, 3, 64)
    ]
    for one in results[1:]:
        assert one.means == results[0].means
        assert (one.neighbors.ids == results[0].neighbors.ids).all()
        assert (one.neighbors.scores == results[0].neighbors.scores).all()


def test_duplicates_tie_wherever_they_stand():
    gallery = vectors(3000, 100, 5)
    gallery[[7, 1500, 2999]] = gallery[0].clone()
    relevance = ListRelevance.from_lists([[0], [1500], [2999]], 3000)
    queries = vectors(3, 100, 6)
    queries[:] = gallery[0]
    rankings, ids = ranked(queries, gallery, relevance, 4, TINY_MIB)
    assert ids.tolist() == [[0, 7, 1500, 2999]] * 3
    assert [one[0][0] for one in rankings] == [1, 3, 4]


def test_a_score_does_not_depend_on_the_shape_of_the_product():
    vectors_ = vectors(1200, 100, 7)
    similarity = Similarity(vectors_, vectors_, "ip")
    whole = similarity.scores(slice(0, 1200), similarity.gallery(slice(0, 1200)))
    for rows, columns in [(1, 1200), (7, 900), (1200, 1), (300, 5), (33, 13), (600, 1000)]:
        part = similarity.scores(slice(0, rows), similarity.gallery(slice(0, columns)))
        assert torch.equal(part, whole[:rows, :columns]), (rows, columns)


def test_a_lowered_matmul_precision_does_not_reach_the_scores():
    gallery = vectors(500, 64, 8)
    similarity = Similarity(gallery, gallery, "ip")
    expected = similarity.scores(slice(0, 500), similarity.gallery(slice(0, 500)))
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = similarity.scores(slice(0, 500), similarity.gallery(slice(0, 500)))
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
    assert torch.equal(scores, expected)


def test_whole_ranking_and_list_agree_when_the_list_is_whole():
    gallery = vectors(300, 16, 9)
    relevance = labeled(50, 300, 12, 10, own=True)
    names = ["recall@{}", "precision@{}", "map@{}", "ndcg@{}", "mrr@{}"]
    whole = evaluate(gallery[:50], gallery, relevance, RankingMetrics(["map", "ndcg", "mrr", "r_precision"]))
    cut = evaluate(gallery[:50], gallery, relevance, RankingMetrics([name.format(300) for name in names]))
    assert cut.means["ndcg@300"] == pytest.approx(whole.means["ndcg"], abs=1e-12)
    assert cut.means["map@300"] == pytest.approx(whole.means["map"], abs=1e-12)
    assert cut.means["mrr@300"] == pytest.approx(whole.means["mrr"], abs=1e-12)
    assert cut.means["recall@300"] == 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_counting_by_comparing_and_by_sorting_agree(data):
    values = st.sampled_from([-np.inf, -1.5, -0.0, 0.0, 0.25, 3.0])
    row = np.array(data.draw(st.lists(values, min_size=1, max_size=40)), np.float32)
    low = np.array(data.draw(st.lists(values.filter(np.isfinite), min_size=1, max_size=9)), np.float32)
    high = low + np.array(data.draw(st.sampled_from([0, 0.25, 2])), np.float32)
    within = [
        [n for n in range(len(row)) if least <= row[n] <= most] for least, most in zip(low, high, strict=True)
    ]
    for count in (ranks.by_comparing, ranks.by_sorting):
        found = count(row, low, high)
        assert found.above.tolist() == [(row > most).sum() for most in high]
        assert found.doubtful.tolist() == [len(one) > 0 for one in within]
        assert sorted(found.places.tolist()) == sorted({n for one in within for n in one})
