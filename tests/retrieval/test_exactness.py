"""What exact search owes to any finite float32 vectors, through all pairs and through index=flat alike."""

import logging

import numpy as np
import pytest
import torch

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.errors import DivergedError
from vsr.index.flat import Flat
from vsr.index.ivf_flat import IVFFlat
from vsr.index.neighbors import Neighbors
from vsr.index.registry import load
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.search import Search

KINDS = ["cosine", "ip", "l2"]
K = 10
# Scores of all pairs are float32 products where these tell neighbors apart: sixteen steps of float32 at most.
CLOSE = 1e-6


def all_pairs(queries, gallery, kind, k=K):
    nothing = LabelRelevance(np.full(len(queries), -1), np.full(len(gallery), -1))
    queries, gallery = (torch.as_tensor(one) for one in (queries, gallery))
    return Search(nothing, k, similarity=kind)(queries, gallery)


def all_pairs_in_parts(queries, gallery, kind, k=K):
    nothing = LabelRelevance(np.full(len(queries), -1), np.full(len(gallery), -1))
    return Search(nothing, k, similarity=kind, block_mib=0.05)(
        torch.as_tensor(queries), torch.as_tensor(gallery)
    )


def flat(queries, gallery, kind, k=K):
    index = Flat(kind)
    index.add(gallery)
    return index.search(queries, k)


METHODS = [all_pairs, all_pairs_in_parts, flat]
every = pytest.mark.parametrize("search", METHODS, ids=lambda one: one.__name__)
each_kind = pytest.mark.parametrize("kind", KINDS)


def vectors(n, d=24, seed=0, at=0.0):
    return (at + np.random.default_rng(seed).normal(size=(n, d))).astype(np.float32)


def true_scores(queries, gallery, kind):
    """In 64 bits of precision, by differences; cosines less 1, too near which they may all lie."""
    queries, gallery = queries.astype(np.longdouble), gallery.astype(np.longdouble)
    if kind == "ip":
        return queries @ gallery.T
    if kind == "cosine":
        queries, gallery = (
            one / np.maximum(np.sqrt(np.square(one).sum(axis=1, keepdims=True)), 1e-99)
            for one in (queries, gallery)
        )
    squares = np.stack([np.square(gallery - query).sum(axis=1) for query in queries])
    return -squares / 2 if kind == "cosine" else -squares


def expected(queries, gallery, kind, k=K):
    scores = true_scores(queries, gallery, kind)
    ids = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    shown = np.take_along_axis(scores, ids, axis=1) + (kind == "cosine")
    return Neighbors(ids, shown.astype(np.float64))


def check(found, wanted, rtol=CLOSE, atol=CLOSE):
    np.testing.assert_array_equal(found.ids, wanted.ids)
    np.testing.assert_allclose(found.scores, wanted.scores, rtol=rtol, atol=atol)
    assert (np.diff(found.scores, axis=1) <= 0).all()


@every
@each_kind
@pytest.mark.parametrize("at", [0.0, 100.0, 1e3, 1e5, 1e6])
def test_neighbors_are_those_of_long_arithmetic_however_far_from_the_origin(search, kind, at):
    queries, gallery = vectors(70, at=at, seed=1), vectors(1500, at=at)
    check(search(queries, gallery, kind), expected(queries, gallery, kind), atol=CLOSE if at == 0 else 0)


@every
@each_kind
def test_clusters_far_from_each_other_and_narrow_are_searched_right(search, kind):
    """No one middle is near all of them: float32 products tell nothing within a cluster."""
    gallery = np.concatenate([vectors(300, at=at, seed=n) for n, at in enumerate((-3000, 1000, 8000))])
    queries = np.concatenate([vectors(15, at=at, seed=9 + n) for n, at in enumerate((-3000, 1000, 8000))])
    check(search(queries, gallery, kind), expected(queries, gallery, kind), atol=0)


@every
@each_kind
@pytest.mark.parametrize("exponent", [-60, -20, 20, 50])
def test_scaling_by_a_power_of_two_scales_scores_and_nothing_else(search, kind, exponent):
    queries, gallery = vectors(40, seed=1), vectors(1200)
    scale = np.float32(2.0**exponent)
    found, before = search(queries * scale, gallery * scale, kind), search(queries, gallery, kind)
    np.testing.assert_array_equal(found.ids, before.ids)
    factor = 1.0 if kind == "cosine" else float(scale) ** 2
    np.testing.assert_allclose(found.scores / factor, before.scores, rtol=CLOSE, atol=CLOSE)


@every
@each_kind
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scaling_by_anything_else_leaves_what_rounding_its_vectors_leaves(search, kind, scale):
    queries, gallery = vectors(40, seed=1) * np.float32(scale), vectors(1200) * np.float32(scale)
    wanted = expected(queries, gallery, kind)
    check(search(queries, gallery, kind), wanted, atol=CLOSE * (1 if kind == "cosine" else scale**2))


@every
@each_kind
def test_sizes_beyond_what_products_hold_are_ranked_all_the_same(search, kind):
    """Squares of these overflow float32, or vanish: only the scores shown stop at its largest number."""
    for scale in (1e-30, 1e36):
        queries, gallery = vectors(9, seed=1) * np.float32(scale), vectors(400) * np.float32(scale)
        found = search(queries, gallery, kind)
        np.testing.assert_array_equal(found.ids, expected(queries, gallery, kind).ids)
        assert np.isfinite(found.scores).all()


@every
@each_kind
def test_a_few_sizes_beyond_the_others_hide_none(search, kind):
    queries, gallery = vectors(9, seed=1), vectors(400)
    gallery[::50] *= np.float32(1e25)
    queries[4] *= np.float32(1e30)
    found = search(queries, gallery, kind, 400)
    np.testing.assert_array_equal(found.ids, expected(queries, gallery, kind, 400).ids)


@every
def test_a_shift_of_everything_leaves_distances_and_their_order(search):
    """On a grid of 1/64 shifting is exact in float32, so nothing may change but products' rounding."""
    queries, gallery = (np.round(one * 64) / 64 for one in (vectors(40, seed=1), vectors(1200)))
    before = search(queries, gallery, "l2")
    for shift in (-7, 512, 100_000):
        found = search(queries + np.float32(shift), gallery + np.float32(shift), "l2")
        np.testing.assert_array_equal(found.ids, before.ids)
        np.testing.assert_allclose(found.scores, before.scores, rtol=0 if search is flat else 1e-5)


@every
@each_kind
def test_a_rotation_moves_scores_by_no_more_than_rounding_it(search, kind):
    queries, gallery = vectors(40, seed=1), vectors(1200)
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(24, 24)))[0]
    turned = [(one.astype(np.float64) @ turn).astype(np.float32) for one in (queries, gallery)]
    found, before = search(*turned, kind), search(queries, gallery, kind)
    np.testing.assert_allclose(found.scores, before.scores, rtol=1e-5, atol=1e-5)
    assert (found.ids == before.ids).mean() > 0.99  # but for pairs as near as the rounding


@every
@each_kind
@pytest.mark.parametrize("at", [0.0, 1e3])
def test_the_order_of_queries_and_of_the_gallery_is_nothing_to_the_result(search, kind, at):
    queries, gallery = vectors(60, at=at, seed=1), vectors(1200, at=at)
    before = search(queries, gallery, kind)
    order, places = (np.random.default_rng(3).permutation(n) for n in (60, 1200))
    found = search(queries[order], gallery[places], kind)
    np.testing.assert_array_equal(places[found.ids], before.ids[order])
    np.testing.assert_allclose(found.scores, before.scores[order], rtol=CLOSE, atol=CLOSE)


@every
@each_kind
@pytest.mark.parametrize("at", [0.0, 1e3])
def test_repeated_vectors_tie_in_gallery_order(search, kind, at):
    queries, once = vectors(30, at=at, seed=1), vectors(500, at=at)
    before = search(queries, once, kind, 6)
    found = search(queries, np.tile(once, (3, 1)), kind, 17)
    wanted = (before.ids[:, :, None] + [0, 500, 1000]).reshape(30, -1)[:, :17]
    np.testing.assert_array_equal(found.ids, wanted)
    scores = np.repeat(found.scores[:, ::3], 3, axis=1)[:, :17]
    np.testing.assert_array_equal(found.scores, scores)


@every
@each_kind
def test_more_equal_vectors_than_are_asked_for_come_in_gallery_order(search, kind):
    gallery = vectors(1200, at=50)
    gallery[100:900] = gallery[100]
    gallery[300:1100:7] = 0
    found = search(gallery[100:101], gallery, kind, 60)
    wanted = expected(gallery[100:101], gallery, kind, 60)
    np.testing.assert_array_equal(found.ids, wanted.ids)


@every
@each_kind
def test_equal_vectors_alone_are_no_reason_to_search_long(search, kind):
    found = search(np.ones((20, 8), np.float32), np.ones((1500, 8), np.float32) / 3, kind)
    assert (found.ids == np.arange(K)).all()
    assert (found.scores == found.scores[0, 0]).all()


@every
@each_kind
@pytest.mark.parametrize("at", [0.0, 1e3])
def test_one_query_at_a_time_finds_what_a_batch_finds(search, kind, at):
    queries, gallery = vectors(50, at=at, seed=1), vectors(1200, at=at)
    batch = search(queries, gallery, kind)
    for n in range(50):
        alone = search(queries[n : n + 1], gallery, kind)
        np.testing.assert_array_equal(alone.ids[0], batch.ids[n])
        rtol = 0 if search is flat else CLOSE
        np.testing.assert_allclose(alone.scores[0], batch.scores[n], rtol=rtol, atol=rtol)


@each_kind
@pytest.mark.parametrize("at", [0.0, 1e3])
def test_all_pairs_and_flat_find_the_same(kind, at):
    queries, gallery = vectors(50, at=at, seed=1), vectors(1200, at=at)
    check(all_pairs(queries, gallery, kind), flat(queries, gallery, kind), rtol=1e-6)


@each_kind
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16], ids=str)
def test_other_floats_are_searched_as_the_float32_that_they_are(kind, dtype):
    queries, gallery = (torch.from_numpy(one).to(dtype) for one in (vectors(40, seed=1), vectors(1200)))
    found, wanted = all_pairs(queries, gallery, kind), all_pairs(queries.float(), gallery.float(), kind)
    np.testing.assert_array_equal(found.ids, wanted.ids)
    np.testing.assert_array_equal(found.scores, wanted.scores)
    if dtype == torch.float64:
        found, wanted = (flat(*(one.numpy() for one in pair), kind) for pair in ((queries, gallery),) * 2)
        np.testing.assert_array_equal(found.ids, wanted.ids)


@each_kind
@pytest.mark.parametrize("at", [0.0, 1e3, 1e6])
@pytest.mark.parametrize("block_mib", [0.05, 64])
@pytest.mark.parametrize("n_labels", [4, 300])
def test_metrics_of_whole_rankings_are_those_of_long_arithmetic(kind, at, block_mib, n_labels):
    queries, gallery = vectors(30, at=at, seed=1), vectors(1500, at=at)
    fine = np.random.default_rng(2).integers(0, n_labels, 1530)
    levels = [np.stack([one, one // 2], axis=1) for one in (fine[:30], fine[30:])]
    relevance = LabelRelevance(*levels, (3.0, 1.0))
    found = evaluate(
        torch.from_numpy(queries),
        torch.from_numpy(gallery),
        relevance,
        RankingMetrics(["map", "ndcg"]),
        similarity=kind,
        block_mib=block_mib,
    ).per_query
    order = np.argsort(-true_scores(queries, gallery, kind), axis=1, kind="stable")
    same = fine[30:][order] == fine[:30, None]
    near = fine[30:][order] // 2 == fine[:30, None] // 2
    gains, discount = np.where(same, 3.0, near), np.log2(np.arange(2, 1502))
    with np.errstate(invalid="ignore"):
        precision = np.cumsum(same, axis=1) / np.arange(1, 1501)
        map_ = (precision * same).sum(axis=1) / same.sum(axis=1)
        ndcg = (gains / discount).sum(axis=1) / (-np.sort(-gains, axis=1) / discount).sum(axis=1)
    known = same.sum(axis=1) > 0
    np.testing.assert_allclose(found["map"][known], map_[known], rtol=1e-12)
    np.testing.assert_allclose(found["ndcg"][known], ndcg[known], rtol=1e-12)


def test_cosines_that_float32_cannot_show_apart_are_said_once(caplog):
    with caplog.at_level(logging.WARNING):
        all_pairs(vectors(5, at=1e3, seed=1), vectors(200, at=1e3), "cosine")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "their order is exact, but the cosines shown are float32" in caplog.text
    caplog.clear()
    all_pairs(vectors(5, seed=1), vectors(200), "cosine")
    all_pairs(vectors(5, at=1e3, seed=1), vectors(200, at=1e3), "l2")
    assert not caplog.records


def test_numbers_that_float32_cannot_hold_are_refused():
    gallery = torch.ones(9, 4, dtype=torch.float64)
    gallery[6, 2] = 1e39
    with pytest.raises(DivergedError, match="gallery embedding 6 is not finite"):
        all_pairs(torch.ones(2, 4), gallery, "l2")


@each_kind
@pytest.mark.parametrize("at", [0.0, 1e3])
def test_flat_keeps_its_answers_through_adding_removing_saving_and_filtering(kind, at, tmp_path):
    queries, gallery = vectors(30, at=at, seed=1), vectors(1400, at=at)
    index = Flat(kind)
    for start in (0, 3, 900):  # the first three say little of where the others are
        index.add(gallery[start : {0: 3, 3: 900, 900: 1400}[start]])
    index.remove(np.arange(0, 1400, 5))
    kept = np.flatnonzero(np.arange(1400) % 5)
    wanted = expected(queries, gallery[kept], kind)
    index.save(tmp_path / "index")
    for one in (index, load(tmp_path / "index")):
        found = one.search(queries, K)
        check(found._replace(ids=np.searchsorted(kept, found.ids)), wanted, atol=CLOSE if at == 0 else 0)
        allowed = kept[::3]
        found = one.search(queries, K, allowed=allowed)
        found = found._replace(ids=np.searchsorted(allowed, found.ids))
        check(found, expected(queries, gallery[allowed], kind), atol=CLOSE if at == 0 else 0)
    np.testing.assert_array_equal(index._as_given(np.arange(len(kept))), gallery[kept])


def test_few_allowed_vectors_are_compared_right_by_other_indexes_too():
    queries, gallery = vectors(60, at=1e3, seed=1), vectors(1500, at=1e3)
    index = IVFFlat(metric="l2")
    index.train(gallery)
    index.add(gallery)
    allowed = np.arange(0, 1500, 4)
    found = index.search(queries, K, allowed=allowed)
    wanted = expected(queries, gallery[allowed], "l2")
    np.testing.assert_array_equal(found.ids, allowed[wanted.ids])
    np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-5)
