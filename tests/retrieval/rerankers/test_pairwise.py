import numpy as np
import pytest
import torch

from vsr.errors import ConfigError, DataError
from vsr.retrieval.rerankers.context import Context
from vsr.retrieval.rerankers.graph import nearest
from vsr.retrieval.rerankers.pairwise import Pairwise


def noisy(n, seed):
    """Four dimensions tell the label, eight are loud and tell nothing."""
    generator = torch.Generator().manual_seed(seed)
    labels = np.arange(n) % 20
    centers = torch.randn(20, 4, generator=torch.Generator().manual_seed(7))
    signal = centers[labels] + 0.2 * torch.randn(n, 4, generator=generator)
    return torch.cat([signal, 1.5 * torch.randn(n, 8, generator=generator)], dim=1), labels


def precision(ids, labels, query_labels, k=5):
    return (labels[ids[:, :k]] == query_labels[:, None]).mean()


def test_it_learns_what_cosine_cannot_see():
    (train, train_labels), (every, labels) = noisy(600, 1), noisy(300, 2)
    queries, gallery = every[:50], every[50:]
    found = nearest(queries, gallery, 50)
    reranker = Pairwise()
    reranker.fit(train, train_labels)
    reranked = reranker.rerank(queries, gallery, found)
    before = precision(found.ids, labels[50:], labels[:50])
    assert precision(reranked.ids, labels[50:], labels[:50]) > before + 0.15


def test_where_there_is_nothing_to_learn_it_stays_with_the_cosine():
    """Isotropic noise around centers: no order beats the cosine's, and fitting the noise hurts."""
    generator = torch.Generator().manual_seed(0)
    labels = np.arange(300) % 60
    vectors = torch.randn(60, 32, generator=generator)[labels] + 2 * torch.randn(300, 32, generator=generator)
    reranker = Pairwise()
    reranker.fit(vectors[:200], labels[:200])
    found = nearest(vectors[200:], vectors[:200], 50)
    reranked = reranker.rerank(vectors[200:], vectors[:200], found)
    before = precision(found.ids, labels[:200], labels[200:])
    assert precision(reranked.ids, labels[:200], labels[200:]) > before - 0.02


def test_without_training_it_orders_by_cosine(world):
    reranker = Pairwise(n=30, steps=0)
    reranker.prepare(world.context)
    found = reranker.rerank(world.queries, world.gallery, world.neighbors)
    np.testing.assert_array_equal(found.ids, world.neighbors.ids)
    np.testing.assert_allclose(found.scores, 10 * world.neighbors.scores, rtol=1e-4, atol=1e-5)


def test_the_seed_decides_what_is_learned(world):
    def learned(seed):
        reranker = Pairwise(steps=10, seed=seed)
        reranker.prepare(world.context)
        return torch.cat([value.flatten() for value in reranker.state_dict().values()])

    torch.manual_seed(1)
    first = learned(0)
    torch.manual_seed(2)
    assert torch.equal(first, learned(0))
    assert not torch.equal(first, learned(1))


def test_it_learns_while_gradients_are_off_as_in_an_evaluation(world):
    outside, inside = Pairwise(steps=5), Pairwise(steps=5)
    outside.prepare(world.context)
    with torch.inference_mode():
        embeddings = world.context.train_embeddings * 1
        inside.fit(embeddings, world.context.train_labels)
    for ours, theirs in zip(inside.state_dict().values(), outside.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


def test_what_was_learned_is_kept_without_training_embeddings(world):
    reranker, loaded = Pairwise(steps=10), Pairwise(steps=10)
    reranker.prepare(world.context)
    loaded.load_state_dict(reranker.state_dict())
    loaded.prepare(Context())
    expected = reranker.rerank(world.queries, world.gallery, world.neighbors)
    found = loaded.rerank(world.queries, world.gallery, world.neighbors)
    np.testing.assert_array_equal(found.scores, expected.scores)


def test_embeddings_of_another_width_are_told(world):
    reranker = Pairwise(steps=1)
    reranker.prepare(world.context)
    with pytest.raises(ConfigError, match="has learned from embeddings 12 wide, these are 6"):
        reranker.rerank(world.queries[:, :6], world.gallery[:, :6], world.neighbors)


def test_use_before_learning_is_told(world):
    with pytest.raises(ConfigError, match="has not learned yet"):
        Pairwise().rerank(world.queries, world.gallery, world.neighbors)


@pytest.mark.parametrize("labels", [np.zeros(6, int), np.arange(6)], ids=["one label", "no label twice"])
def test_labels_that_teach_nothing_are_told(labels):
    with pytest.raises(DataError, match="one kind is missing"):
        Pairwise().fit(torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), labels)
