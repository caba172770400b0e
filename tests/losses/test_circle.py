import pytest
import torch
from pytorch_metric_learning.losses import CircleLoss

from vsr.losses.circle import Circle


@pytest.mark.parametrize(("margin", "scale"), [(0.4, 80), (0.25, 32)])
def test_equals_pytorch_metric_learning(uneven, agree, margin, scale):
    """Its weights are constants there too, so that the gradients agree as well."""
    agree(Circle(margin, scale)(*uneven), CircleLoss(margin, scale)(*uneven), uneven[0])


def test_anchors_with_nothing_left_to_do_count_as_0():
    """pytorch-metric-learning leaves them out of the mean once they underflow."""
    embeddings = torch.eye(4)[[0, 0, 1, 1, 2, 3]]
    embeddings[5] = embeddings[4] + 0.1 * embeddings[5]
    labels = torch.tensor([0, 0, 1, 1, 2, 3])
    loss = Circle(0.4, 2000)
    assert loss(embeddings, labels).item() == 0
    embeddings[3] = torch.tensor([0.0, 0.6, 0.8, 0.0])
    assert 0 < loss(embeddings, labels) < CircleLoss(0.4, 2000)(embeddings, labels)


@pytest.mark.parametrize(("margin", "scale"), [(-0.1, 80), (1.1, 80), (0.4, 0)])
def test_values_must_be_in_range(margin, scale):
    with pytest.raises(ValueError, match="must be"):
        Circle(margin, scale)
