import pytest
import torch
from pytorch_metric_learning.losses import ProxyAnchorLoss

from vsr.losses.proxy_anchor import ProxyAnchor


@pytest.mark.parametrize(("margin", "scale"), [(0.1, 32), (0.3, 4)])
def test_equals_pytorch_metric_learning_with_absent_labels_too(uneven, agree, margin, scale):
    mine, theirs = ProxyAnchor(margin, scale), ProxyAnchorLoss(11, 6, margin, scale).double()
    mine.set_up(torch.arange(11), 6)
    mine.double()
    with torch.no_grad():
        theirs.proxies.copy_(mine.proxies)
    a, b = mine(*uneven), theirs(*uneven)
    agree(a, b, uneven[0])
    gradients = torch.autograd.grad(a, mine.proxies)[0], torch.autograd.grad(b, theirs.proxies)[0]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize(("margin", "scale"), [(-0.1, 32), (1.1, 32), (0.1, 0)])
def test_values_must_be_in_range(margin, scale):
    with pytest.raises(ValueError, match="must be"):
        ProxyAnchor(margin, scale)
