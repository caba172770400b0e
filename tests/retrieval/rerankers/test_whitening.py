import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from vsr.errors import DataError
from vsr.retrieval.rerankers.context import Context
from vsr.retrieval.rerankers.whitening import Whitening


def test_it_is_the_pca_whitening_of_scikit_learn(world):
    train = world.context.train_embeddings
    whitening = Whitening(dims=5)
    whitening.fit(train)
    theirs = PCA(5, whiten=True).fit(train.double().numpy()).transform(world.gallery.double().numpy())
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    ours = whitening.transform(world.gallery).numpy()
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-4)  # an axis has no sign
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-4)


def test_what_it_learns_from_has_unit_covariance_afterwards(world):
    train = world.context.train_embeddings
    whitening = Whitening()
    whitening.fit(train)
    moved = (train - whitening.mean_) @ whitening.projection_
    np.testing.assert_allclose(np.cov(moved.numpy(), rowvar=False), np.eye(12), atol=1e-4)


def test_it_learns_from_training_embeddings_alone(world):
    one, two = Whitening(), Whitening()
    one.prepare(world.context)
    two.prepare(Context(gallery=world.gallery * 5 + 1, train_embeddings=world.context.train_embeddings))
    assert torch.equal(one.projection_, two.projection_)


def test_axes_along_which_nothing_varies_are_left_out():
    flat = torch.zeros(30, 6)
    flat[:, :2] = torch.randn(30, 2, generator=torch.Generator().manual_seed(0))
    whitening = Whitening()
    whitening.fit(flat)
    assert whitening.projection_.shape == (6, 2)
    with pytest.raises(DataError, match="vary along 2 axes, 4 are wanted"):
        Whitening(dims=4).fit(flat)


def test_embeddings_that_are_all_the_same_are_told():
    with pytest.raises(DataError, match="vary along 0 axes"):
        Whitening().fit(torch.ones(10, 4))


def test_what_was_learned_is_kept_without_training_embeddings(world):
    whitening, loaded = Whitening(dims=6), Whitening(dims=6)
    whitening.prepare(world.context)
    loaded.load_state_dict(whitening.state_dict())
    loaded.prepare(Context(gallery=world.gallery))
    assert torch.equal(loaded.transform(world.gallery), whitening.transform(world.gallery))


def test_use_before_learning_is_told(world):
    with pytest.raises(DataError, match="has not learned yet"):
        Whitening().transform(world.gallery)
