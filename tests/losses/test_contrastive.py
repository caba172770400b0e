import pytest
import torch
from pytorch_metric_learning.losses import ContrastiveLoss

from vsr.losses.contrastive import Contrastive


@pytest.mark.parametrize("margins", [(0.0, 1.0), (0.3, 1.4)])
def test_equals_pytorch_metric_learning(uneven, agree, margins):
    agree(Contrastive(*margins)(*uneven), ContrastiveLoss(*margins)(*uneven), uneven[0], 1e-7)


def test_pairs_that_keep_their_margin_are_left_out_of_the_mean():
    embeddings = torch.tensor([[1.0, 0], [0.8, 0.6], [-1, 0], [0, -1]])
    labels = torch.tensor([0, 1, 2, 3])
    distance = (2 - 2 * 0.8) ** 0.5  # of rows 0 and 1; all others are 1.4 apart or more
    assert Contrastive(0, 1)(embeddings, labels).item() == pytest.approx(1 - distance)


def test_negatives_that_coincide_count_and_are_pushed_in_no_direction():
    embeddings = torch.tensor([[0.3, 0.7], [0.3, 0.7], [-1, 0]], dtype=torch.float64, requires_grad=True)
    loss = Contrastive(0, 1)(embeddings, torch.tensor([0, 1, 2]))
    loss.backward()
    assert loss.item() == pytest.approx(1, abs=1e-5)
    assert embeddings.grad.abs().max() < 1e-12


@pytest.mark.parametrize("margins", [(-0.1, 1), (0.5, 0.4), (0, 2.1)])
def test_margins_must_be_in_range(margins):
    with pytest.raises(ValueError, match="margin must be"):
        Contrastive(*margins)
