"""A batch on which losses are compared with other implementations."""

import pytest
import torch


@pytest.fixture(params=[0, 1, 2], ids="seed{}".format)
def uneven(request):
    """24 float64 embeddings (24, 6) that lie about their labels' centers; labels of 1 to 7 pictures."""
    generator = torch.Generator().manual_seed(request.param)
    labels = torch.tensor([0] * 7 + [1] * 5 + [2] * 4 + [3] * 3 + [4] * 2 + [5] + [6] + [7])
    labels = labels[torch.randperm(24, generator=generator)]
    centers = torch.randn(8, 6, generator=generator, dtype=torch.float64)
    noise = torch.randn(24, 6, generator=generator, dtype=torch.float64)
    return (centers[labels] + noise).requires_grad_(), labels


@pytest.fixture
def views():
    """Two views of 10 pictures, as rows 2k and 2k + 1: float64 embeddings (20, 6) and labels."""
    generator = torch.Generator().manual_seed(3)
    pictures = torch.randn(10, 1, 6, generator=generator, dtype=torch.float64)
    noise = torch.randn(10, 2, 6, generator=generator, dtype=torch.float64)
    embeddings = (pictures + 0.5 * noise).flatten(0, 1)
    return embeddings.requires_grad_(), torch.arange(10).repeat_interleave(2)


@pytest.fixture
def agree():
    """``agree(mine, theirs, embeddings)``: two losses and their gradients are equal to 1e-9."""

    def check(mine, theirs, embeddings, tolerance=1e-9):
        torch.testing.assert_close(mine, theirs, rtol=tolerance, atol=tolerance)
        gradients = [torch.autograd.grad(one, embeddings, retain_graph=True)[0] for one in (mine, theirs)]
        torch.testing.assert_close(*gradients, rtol=tolerance, atol=tolerance)

    return check
