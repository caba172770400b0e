import itertools

import numpy as np
import pytest
import torch

from vsr.errors import DataError
from vsr.retrieval.rerankers.learned_whitening import LearnedWhitening


def pair_covariance(values, labels):
    pairs = [
        values[i] - values[j]
        for i, j in itertools.permutations(range(len(values)), 2)
        if labels[i] == labels[j]
    ]
    return sum(np.outer(one, one) for one in pairs) / len(pairs)


def test_pairs_have_unit_covariance_and_axes_fall_by_what_differs_between(world):
    train, labels = world.context.train_embeddings, world.context.train_labels
    whitening = LearnedWhitening(shrinkage=0)
    whitening.fit(train, labels)
    values, projection = train.double().numpy(), whitening.projection_.double().numpy()
    within = projection.T @ pair_covariance(values, labels) @ projection
    np.testing.assert_allclose(within, np.eye(12), atol=1e-3)
    between = projection.T @ np.cov(values, rowvar=False) @ projection
    np.testing.assert_allclose(between, np.diag(np.diag(between)), atol=1e-3)
    assert (np.diff(np.diag(between)) <= 1e-6).all()


def test_directions_of_noise_are_shrunk():
    generator = torch.Generator().manual_seed(0)
    labels = np.arange(200) % 10
    signal = torch.randn(10, 4, generator=generator)[labels] + 0.1 * torch.randn(200, 4, generator=generator)
    vectors = torch.nn.functional.normalize(
        torch.cat([signal, 3 * torch.randn(200, 4, generator=generator)], 1), dim=1
    )
    whitening = LearnedWhitening()
    whitening.fit(vectors[:100], labels[:100])

    def first_is_right(embeddings):
        cosine = embeddings[100:] @ embeddings[100:].T
        cosine.fill_diagonal_(-2)
        return (labels[100:][cosine.argmax(dim=1).numpy()] == labels[100:]).mean()

    assert first_is_right(whitening.transform(vectors)) > first_is_right(vectors) + 0.2


def test_labels_that_never_repeat_are_told():
    with pytest.raises(DataError, match="learns from pairs of one label"):
        LearnedWhitening().fit(torch.randn(5, 3), np.arange(5))
