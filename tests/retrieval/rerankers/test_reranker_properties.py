"""What no reranker may make anything of: places, scale and layout of numbers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from reranker_cases import every, prepared

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.retrieval.search import Search

DEPTH = 30


def reranked(name, queries, gallery, context):
    nothing = LabelRelevance(np.full(len(queries), -1), np.full(len(gallery), -1))
    neighbors = Search(nothing, DEPTH)(queries, gallery)
    context = replace(context, gallery=gallery)
    return prepared(name, context).rerank(queries, gallery, neighbors)


def check(found, before, close, equal_ids=1.0):
    """Scores are within ``close``, at least this share of ids the same: the others may be near ties."""
    np.testing.assert_allclose(found.scores, before.scores, rtol=close, atol=close)
    assert (found.ids == before.ids).mean() >= equal_ids


@every
def test_the_order_of_queries_is_nothing_to_the_result(name, world):
    if name == "geometric":
        pytest.skip("it looks its queries' pictures up by their places")
    before = reranked(name, world.queries, world.gallery, world.context)
    order = np.random.default_rng(0).permutation(20)
    found = reranked(name, world.queries[order], world.gallery, world.context)
    np.testing.assert_array_equal(found.ids, before.ids[order])
    np.testing.assert_allclose(found.scores, before.scores[order], rtol=1e-5, atol=1e-6)


@every
def test_the_order_of_the_gallery_is_nothing_but_to_ties(name, world):
    before = reranked(name, world.queries, world.gallery, world.context)
    places = np.random.default_rng(1).permutation(80)
    context = replace(world.context, gallery_rows=world.context.gallery_rows[places])
    found = reranked(name, world.queries, world.gallery[places], context)
    ids = np.where(found.ids < 0, -1, places[found.ids])
    tied = np.zeros(ids.shape, bool)  # many, where scores are counts
    tied[:, 1:] |= np.diff(before.scores, axis=1) == 0
    tied[:, :-1] |= np.diff(before.scores, axis=1) == 0
    np.testing.assert_array_equal(ids[~tied], before.ids[~tied])
    np.testing.assert_allclose(found.scores, before.scores, rtol=1e-4, atol=1e-5)


@every
@pytest.mark.parametrize("exponent", [-20, 20])
def test_scaling_everything_leaves_what_goes_by_cosine(name, world, exponent):
    """By a power of 2, which rounds nothing."""
    before = reranked(name, world.queries, world.gallery, world.context)
    scale = 2.0**exponent
    context = replace(world.context, train_embeddings=world.context.train_embeddings * scale)
    found = reranked(name, world.queries * scale, world.gallery * scale, context)
    check(found, before, 1e-4, equal_ids=0.999)


@every
def test_a_rotation_of_everything_moves_scores_by_its_rounding(name, world):
    before = reranked(name, world.queries, world.gallery, world.context)
    turn = torch.linalg.qr(torch.randn(12, 12, generator=torch.Generator().manual_seed(3)))[0].double()
    queries, gallery, train = (
        (one.double() @ turn).float()
        for one in (world.queries, world.gallery, world.context.train_embeddings)
    )
    found = reranked(name, queries, gallery, replace(world.context, train_embeddings=train))
    if name == "pairwise":  # its network learns from the numbers themselves
        assert found.ids.shape == before.ids.shape
        return
    check(found, before, 1e-3, equal_ids=0.98)


@every
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
def test_other_floats_are_reranked_as_the_float32_that_they_are(name, world, dtype):
    queries, gallery = world.queries.to(dtype), world.gallery.to(dtype)
    found = reranked(name, queries, gallery, world.context)
    check(found, reranked(name, queries.float(), gallery.float(), world.context), 1e-5)


@every
def test_repeated_gallery_vectors_keep_their_order_where_scores_tie(name, world):
    gallery = world.gallery.clone()
    gallery[1::2] = gallery[::2]
    found = reranked(name, world.queries, gallery, world.context)
    for ids, scores in zip(found.ids, found.scores, strict=True):
        tied = np.flatnonzero((np.diff(scores) == 0) & (ids[1:] >= 0))
        assert (np.diff(ids)[tied] > 0).all()
