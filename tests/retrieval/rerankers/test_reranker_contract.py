"""What every reranker keeps, whatever it does."""

import copy
import pickle

import numpy as np
import pytest
import torch
from reranker_cases import MADE, every, prepared

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.errors import ConfigError, UserError
from vsr.index.flat import Flat
from vsr.index.neighbors import Neighbors
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval import rerankers
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.rerankers.context import Context, Embeds
from vsr.retrieval.search import stage_name

IDENTITY = {"query_identities": np.arange(20), "gallery_identities": np.arange(80)}
METRICS = RankingMetrics(["map", "recall@5", "ndcg@10"])


def check_contract(found: Neighbors, n_queries: int, n_gallery: int):
    ids, scores = found
    assert ids.dtype == np.int64
    assert scores.dtype == np.float32
    assert ids.shape == scores.shape
    assert len(ids) == n_queries
    assert ids.min() >= -1
    assert ids.max() < n_gallery
    nothing = ids < 0
    assert (np.isneginf(scores) == nothing).all()
    assert not (nothing[:, :-1] & ~nothing[:, 1:]).any(), "-1 stands at the end"
    for row, values in zip(ids, scores, strict=True):
        row, values = row[row >= 0], values[row >= 0]
        assert len(set(row)) == len(row), "an item twice"
        assert np.isfinite(values).all()
        assert (np.diff(values) <= 0).all(), "scores fall"
        tied = np.diff(values) == 0
        assert (np.diff(row)[tied] > 0).all(), "ties by rising id"


def test_every_reranker_is_tested_and_named_by_its_class():
    classes = {
        stage_name(one())
        for name in dir(rerankers)
        if hasattr(one := getattr(rerankers, name), "rerank") and name != "Reranker"
    }
    assert classes == set(MADE)
    assert {stage_name(make()) for make in MADE.values()} == set(MADE)


@every
def test_what_comes_out_is_neighbors(name, world):
    found = prepared(name, world.context).rerank(world.queries, world.gallery, world.neighbors)
    check_contract(found, 20, 80)
    assert found.ids.shape[1] <= 30


@every
def test_only_search_again_brings_in_new_items(name, world):
    reranker = prepared(name, world.context)
    found = reranker.rerank(world.queries, world.gallery, world.neighbors)
    for before, after in zip(world.neighbors.ids, found.ids, strict=True):
        if not isinstance(reranker, Embeds):
            assert set(after) - {-1} <= set(before)
    if name not in {"collapse_duplicates", "policy"}:
        assert (found.ids >= 0).sum() == (world.neighbors.ids >= 0).sum()


@every
def test_places_where_nothing_was_found_stay_so(name, world):
    ids, scores = (one.copy() for one in world.neighbors)
    ids[:, 12:], scores[:, 12:] = -1, -np.inf
    ids[3], scores[3] = -1, -np.inf
    reranker = prepared(name, world.context)
    found = reranker.rerank(world.queries, world.gallery, Neighbors(ids, scores))
    check_contract(found, 20, 80)
    if not isinstance(reranker, Embeds):
        assert (found.ids[3] == -1).all()
        assert ((found.ids >= 0).sum(axis=1) <= 12).all()


@every
def test_no_neighbors_at_all(name, world):
    nothing = Neighbors(np.zeros((20, 0), np.int64), np.zeros((20, 0), np.float32))
    reranker = prepared(name, world.context)
    if not isinstance(reranker, Embeds):
        assert reranker.rerank(world.queries, world.gallery, nothing).ids.shape == (20, 0)
    else:
        assert len(reranker.embed(world.queries, world.gallery, nothing)[0]) == 20


@every
def test_input_stays_as_it_is_and_the_same_comes_out_again(name, world):
    before = copy.deepcopy((world.queries, world.gallery, world.neighbors))
    first = prepared(name, world.context).rerank(world.queries, world.gallery, world.neighbors)
    state = torch.get_rng_state()
    second = prepared(name, world.context).rerank(world.queries, world.gallery, world.neighbors)
    np.testing.assert_array_equal(first.ids, second.ids)
    np.testing.assert_array_equal(first.scores, second.scores)
    assert torch.equal(torch.get_rng_state(), state), "the global random state moved"
    assert torch.equal(world.queries, before[0])
    assert torch.equal(world.gallery, before[1])
    for now, then in zip(world.neighbors, before[2], strict=True):
        np.testing.assert_array_equal(now, then)


@every
def test_a_query_does_not_depend_on_the_others(name, world):
    if name == "geometric":
        pytest.skip("it looks its queries' pictures up by their places")
    reranker = prepared(name, world.context)
    whole = reranker.rerank(world.queries, world.gallery, world.neighbors)
    one = Neighbors(world.neighbors.ids[4:5], world.neighbors.scores[4:5])
    alone = reranker.rerank(world.queries[4:5], world.gallery, one)
    np.testing.assert_array_equal(alone.ids[0], whole.ids[4])


@every
def test_a_gallery_in_a_file_gives_the_same(name, world, tmp_path):
    expected = prepared(name, world.context).rerank(world.queries, world.gallery, world.neighbors)
    np.save(tmp_path / "gallery.npy", world.gallery.numpy())
    mapped = np.load(tmp_path / "gallery.npy", mmap_mode="r")
    found = prepared(name, world.context).rerank(world.queries, mapped, world.neighbors)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-5, atol=1e-6)


@every
@pytest.mark.parametrize("index", [None, Flat()], ids=["exact", "through an index"])
def test_ignored_items_never_come_back(name, index, world):
    """The queries are gallery items 0 to 19: each is to be kept out of its own list."""
    gallery = torch.cat([world.queries, world.gallery[:60]])
    labels = np.concatenate([world.query_labels, world.labels[:60]])
    relevance = LabelRelevance(world.query_labels, labels, **IDENTITY)
    if name == "dba":
        relevance = LabelRelevance(
            world.query_labels[:10], labels, query_identities=np.arange(10), gallery_identities=np.arange(80)
        )
    queries = world.queries[: relevance.n_queries]
    result = evaluate(
        queries, gallery, relevance, METRICS, index, [MADE[name]()], depth=30, context=world.context
    )
    check_contract(result.neighbors, len(queries), 80)
    assert not (result.neighbors.ids == np.arange(len(queries))[:, None]).any()


@every
def test_it_is_copied_and_pickled_after_use(name, world):
    reranker = prepared(name, world.context)
    first = reranker.rerank(world.queries, world.gallery, world.neighbors)
    if name != "geometric":
        again = pickle.loads(pickle.dumps(reranker))
        np.testing.assert_array_equal(
            again.rerank(world.queries, world.gallery, world.neighbors).ids, first.ids
        )
    copy.deepcopy(reranker)


@pytest.mark.parametrize("name", ["geometric", "learned_whitening", "pairwise", "policy", "whitening"])
def test_what_is_missing_is_named(name, world):
    with pytest.raises(ConfigError, match=rf"rerank={name} needs (train_embeddings|catalogue)"):
        MADE[name]().prepare(Context(gallery=world.gallery))


@pytest.mark.parametrize("name", ["alpha_qe", "dba", "diffusion", "k_reciprocal"])
def test_what_weighs_by_cosine_refuses_distances(name, world):
    with pytest.raises(ConfigError, match=rf"rerank={name} weighs by the cosine"):
        MADE[name]().prepare(Context("l2", gallery=world.gallery))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rerankers.AlphaQE(0), "n must be >= 1, got 0"),
        (lambda: rerankers.AlphaQE(alpha=-1), "alpha must be >= 0, got -1"),
        (lambda: rerankers.DBA(n=0), "n must be >= 1"),
        (lambda: rerankers.KReciprocal(lambda_=1.5), r"lambda_ must lie in 0\.\.1, got 1.5"),
        (lambda: rerankers.Diffusion(alpha=1), "alpha must be < 1"),
        (lambda: rerankers.MMR(relevance_weight=-0.1), "relevance_weight must lie in"),
        (lambda: rerankers.CollapseDuplicates(2), r"threshold must lie in -1\.\.1, got 2"),
        (lambda: rerankers.Policy({"in_stock": "no"}), r"exclude\.in_stock must be a list"),
        (lambda: rerankers.Pairwise(learning_rate=0), "learning_rate must be > 0"),
        (lambda: rerankers.Geometric(detector="surf"), "detector must be one of sift, orb, got 'surf'"),
        (lambda: rerankers.Geometric(least=2), "least must be >= 3, got 2"),
        (lambda: rerankers.Whitening(dims=0), "dims must be >= 1"),
        (lambda: rerankers.LearnedWhitening(shrinkage=2), "shrinkage must lie in"),
    ],
)
def test_knobs_that_cannot_be_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_missing_things_are_mistakes_of_the_user():
    assert issubclass(ConfigError, UserError)
