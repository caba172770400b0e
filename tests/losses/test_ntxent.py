import pytest
import torch
from lightly.loss import NTXentLoss as LightlyNTXent
from pytorch_metric_learning.losses import NTXentLoss

from vsr.losses.infonce import InfoNCE
from vsr.losses.ntxent import NTXent


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_equals_pytorch_metric_learning_with_any_number_of_positives(uneven, agree, temperature):
    mine, theirs = NTXent(temperature)(*uneven), NTXentLoss(temperature)(*uneven)
    agree(mine, theirs, uneven[0])


def test_equals_lightly_on_two_views(views, agree):
    embeddings, labels = views
    theirs = LightlyNTXent(temperature=0.2)(embeddings[::2], embeddings[1::2])
    agree(NTXent(0.2)(embeddings, labels), theirs, embeddings)


def test_is_infonce_with_one_positive_and_less_with_more(views, uneven):
    torch.testing.assert_close(NTXent(0.2)(*views), InfoNCE(0.2)(*views))
    assert NTXent(0.2)(*uneven) < InfoNCE(0.2)(*uneven) - 0.1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("temperature", [0.01, 0.02])
def test_a_wrong_pair_keeps_its_gradient_at_low_temperature_in_every_precision(dtype, temperature):
    """Exponentials before the logarithm underflow here: the positive is at cosine -1, a negative at 1."""
    embeddings = torch.tensor([[1.0, 0.1], [-1.0, 0.1], [1.0, 0.12]], dtype=dtype, requires_grad=True)
    NTXent(temperature)(embeddings, torch.tensor([0, 0, 1])).backward()
    wide = embeddings.detach().double().requires_grad_()
    NTXent(temperature)(wide, torch.tensor([0, 0, 1])).backward()
    assert wide.grad.abs().max() > 1
    torch.testing.assert_close(embeddings.grad.double(), wide.grad, rtol=0.02, atol=0.02)
