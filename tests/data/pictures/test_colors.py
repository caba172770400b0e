"""Against torchvision's functions, picture by picture."""

import pytest
import torch
from torchvision.transforms.v2 import functional as V

from vsr.data.pictures import colors

FACTORS = torch.tensor([0.0, 0.4, 1.0, 1.6])
SHIFTS = torch.tensor([-0.5, -0.1, 0.0, 0.37])


@pytest.fixture
def views():
    views = torch.rand(4, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    views[:, :, 0, 0] = 0.3  # without a hue
    views[:, :, 0, 1] = torch.tensor([0.9, 0.9, 0.2])  # two channels are largest
    views[:, :, 0, 2] = 0.0
    return views


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_each_picture_is_changed_by_its_own_factor(views, name):
    reference = getattr(V, f"adjust_{name}")
    want = torch.stack([reference(one, factor) for one, factor in zip(views, FACTORS.tolist(), strict=True)])
    torch.testing.assert_close(getattr(colors, name)(views, FACTORS), want)


def test_each_picture_is_shifted_round_the_color_circle(views):
    want = torch.stack([V.adjust_hue(one, shift) for one, shift in zip(views, SHIFTS.tolist(), strict=True)])
    torch.testing.assert_close(colors.hue(views, SHIFTS), want, atol=1e-5, rtol=1e-5)


def test_gray_is_torchvisions(views):
    torch.testing.assert_close(colors.gray(views), V.rgb_to_grayscale(views))
