import math

import pytest
import torch

from vsr.losses.siglip import SigLIP


def plain(embeddings, labels, scale, bias):
    unit = torch.nn.functional.normalize(embeddings, dim=1)
    total = 0
    for i in range(len(labels)):
        for j in range(len(labels)):
            if i != j:
                z = 1 if labels[i] == labels[j] else -1
                total = total - torch.log(1 / (1 + torch.exp(-z * (scale * (unit[i] @ unit[j]) + bias))))
    return total / len(labels)


@pytest.mark.parametrize(("scale", "bias"), [(10.0, -10.0), (3.0, 0.5)])
def test_equals_the_papers_formula(uneven, agree, scale, bias):
    agree(SigLIP(scale, bias).double()(*uneven), plain(*uneven, scale, bias), uneven[0], 1e-6)


def test_scale_and_bias_learn_in_the_right_direction():
    loss = SigLIP(10.0, -10.0)
    together = torch.eye(3)[[0, 0, 1, 1, 2, 2]]
    loss(together, torch.tensor([0, 0, 1, 1, 2, 2])).backward()
    assert loss.bias.grad < 0  # a positive at cosine 1 has logit 0: more of it
    assert loss.log_scale.grad < 0


@pytest.mark.parametrize("scale", [1e3, 1e4])
def test_stays_finite_where_a_sigmoid_saturates(scale):
    embeddings = torch.randn(8, 4, requires_grad=True)
    value = SigLIP(scale)(embeddings, torch.arange(8) // 2)
    value.backward()
    assert value.isfinite()
    assert embeddings.grad.isfinite().all()


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf])
def test_scale_must_be_positive(scale):
    with pytest.raises(ValueError, match="scale must be > 0"):
        SigLIP(scale)
