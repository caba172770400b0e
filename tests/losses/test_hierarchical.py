import pytest
import torch

from vsr.losses.hierarchical import Hierarchical
from vsr.losses.infonce import InfoNCE

LEVELS = torch.tensor([[0, 0], [0, 0], [1, 0], [1, 0], [2, 1], [2, 1], [3, 1], [3, 1]])  # product, category


@pytest.fixture
def embeddings():
    return torch.randn(8, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()


@pytest.mark.parametrize("decay", [0.0, 0.3, 1.0])
def test_is_the_weighted_mean_of_the_infonce_of_each_level(embeddings, agree, decay):
    fine, coarse = (InfoNCE(0.1)(embeddings, LEVELS[:, level]) for level in (0, 1))
    expected = (fine + decay * coarse) / (1 + decay)
    agree(Hierarchical(0.1, decay)(embeddings, LEVELS), expected, embeddings)


def test_one_level_is_infonce(embeddings):
    expected = InfoNCE(0.1)(embeddings, LEVELS[:, 0])
    assert torch.equal(Hierarchical(0.1)(embeddings, LEVELS[:, 0]), expected)
    assert torch.equal(Hierarchical(0.1)(embeddings, LEVELS[:, :1]), expected)


def test_products_of_one_category_are_drawn_together_more_than_strangers():
    """Of two pictures alike in everything but the category, the one of the anchor's is drawn nearer."""
    vectors = torch.tensor([[1.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], requires_grad=True)
    levels = torch.tensor([[0, 0], [0, 0], [1, 0], [2, 1]])
    Hierarchical(0.1)(vectors, levels).backward()
    pull = -vectors.grad[:, 0]  # along the anchor's direction
    assert pull[2] > 0 > pull[3]


def test_unknown_coarse_labels_are_shared_with_nobody(embeddings):
    levels = LEVELS.clone()
    levels[4:, 1] = -1
    fine = InfoNCE(0.1)(embeddings, LEVELS[:, 0])
    coarse = InfoNCE(0.1)(embeddings, torch.tensor([0, 0, 0, 0, 1, 2, 3, 4]))
    torch.testing.assert_close(Hierarchical(0.1, 1.0)(embeddings, levels), (fine + coarse) / 2)


def test_references_bring_labels_of_all_levels(embeddings):
    got = Hierarchical()(embeddings, LEVELS, embeddings, LEVELS, torch.arange(8))
    torch.testing.assert_close(got, Hierarchical()(embeddings, LEVELS))


@pytest.mark.parametrize("decay", [-0.1, 1.1])
def test_decay_must_be_in_range(decay):
    with pytest.raises(ValueError, match=r"decay must be in 0\.\.1"):
        Hierarchical(decay=decay)
