"""The views of the device against those of the workers, which draw the same numbers."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torchvision.transforms.v2 import functional as V

from vsr.data.loading.dataset import seeded
from vsr.data.pictures.on_device import DeviceViews, sources
from vsr.data.pictures.transforms import PictureTransforms


def smooth(width=90, height=60, seed=0):
    """A picture without detail finer than resampling keeps."""
    noise = np.random.default_rng(seed).integers(0, 256, size=(height, width, 3), dtype=np.uint8)
    blurred = np.asarray(Image.fromarray(noise).filter(ImageFilter.GaussianBlur(4)), dtype=float)
    return Image.fromarray(((blurred - 127) * 4 + 127).clip(0, 255).astype(np.uint8))


def on_device(transforms, pictures, seeds, side=1000):
    views = DeviceViews(transforms, side)
    draws = []
    for picture, seed in zip(pictures, seeds, strict=True):
        with seeded(seed):
            draws.append(views.draw(picture))
    padded, sizes = sources([views.source(picture) for picture in pictures])
    return views(padded, sizes, torch.arange(len(pictures)), torch.tensor(draws), transforms.size)


def in_worker(transforms, picture, seed):
    with seeded(seed):
        return transforms.train(picture)


# Mean difference, in levels of 255, that resampling, rounding and Pillow's own approximations make.
KNOBS = {
    "crop": ({}, 1.0),
    "flip": ({"flip": 1.0}, 1.0),
    "gray": ({"gray": 1.0}, 1.2),
    "hue": ({"hue": 0.3}, 2.5),
    "blur": ({"blur": 1.0, "blur_radius": (1.0, 3.0)}, 1.6),
    "erase": ({"erase": 1.0}, 1.2),
}


@pytest.mark.parametrize(("knobs", "most"), KNOBS.values(), ids=KNOBS)
def test_a_view_is_the_workers_up_to_resampling(knobs, most):
    transforms = PictureTransforms(32, **{"flip": 0.0, "scale": (0.3, 1.0), **knobs})
    pictures = [smooth(90, 60, 0), smooth(50, 80, 1), smooth(64, 64, 2)]
    seeds = [3, 4, 5]
    views = on_device(transforms, pictures, seeds)
    assert views.dtype == torch.uint8
    for view, picture, seed in zip(views, pictures, seeds, strict=True):
        want = in_worker(transforms, picture, seed)
        assert (view.float() - want.float()).abs().mean() < most


def test_a_turn_goes_the_same_way_by_the_same_angle():
    transforms = PictureTransforms(64, scale=(1, 1), ratio=(1, 1), flip=0, rotate=30)
    picture = smooth(64, 64)
    view, want = on_device(transforms, [picture], [1])[0].float(), in_worker(transforms, picture, 1).float()
    disc = torch.stack(torch.meshgrid(*[torch.arange(64) - 31.5] * 2, indexing="ij")).norm(dim=0) < 30
    assert (view - want)[:, disc].abs().mean() < 1
    assert (view - want)[:, :2, :2].abs().mean() < 1  # a corner that the turn uncovers is white


def test_color_changes_are_torchvisions_in_a_fixed_order():
    transforms = PictureTransforms(40, scale=(1, 1), ratio=(1, 1), flip=0, color=0.5, hue=0.1)
    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    pixels[:20, :20], pixels[20:, :20], pixels[20:, 20:] = (200, 40, 90), (30, 120, 60), (90, 90, 180)
    picture = Image.fromarray(pixels)
    with seeded(7):
        draw = DeviceViews(transforms, 40).draw(picture)
    want = V.pil_to_tensor(picture).float() / 255
    for name in ("brightness", "contrast", "saturation", "hue"):
        want = getattr(V, f"adjust_{name}")(want, getattr(draw, name))
    view = on_device(transforms, [picture], [7])[0]
    inside = torch.ones(40, dtype=torch.bool)
    inside[18:22] = False  # sampling softens the borders between the four colors
    assert (view.float() - 255 * want)[:, inside][:, :, inside].abs().max() <= 1.5


def test_each_picture_gets_its_own_changes_whatever_it_shares_the_batch_with():
    strong = {"color": 0.6, "hue": 0.1, "gray": 0.5, "blur": 0.5, "erase": 0.5, "rotate": 10}
    transforms = PictureTransforms(24, **strong)
    pictures = [smooth(40 + number, 50, number) for number in range(40)]  # more than are computed at once
    together = on_device(transforms, pictures, range(40))
    alone = torch.cat([on_device(transforms, [one], [seed]) for seed, one in enumerate(pictures)])
    assert (together.int() - alone.int()).abs().max() <= 1  # of rounding, where float sums differ in order
    same = on_device(transforms, [pictures[0]] * 8, range(8))
    assert len({view.numpy().tobytes() for view in same}) == 8


def test_padding_never_shows():
    transforms = PictureTransforms(16, scale=(1, 1), ratio=(0.5, 2), flip=0)
    black = [Image.new("RGB", size) for size in ((20, 20), (40, 20), (20, 40))]
    assert (on_device(transforms, black, range(3)) == 0).all()


def test_a_panorama_is_squeezed_but_cropped_as_it_is():
    transforms = PictureTransforms(16, scale=(1, 1), ratio=(8, 8), flip=0)
    ramp = np.tile(np.linspace(0, 255, 400).astype(np.uint8), (50, 1))
    picture = Image.fromarray(ramp).convert("RGB")
    views = DeviceViews(transforms, 20)
    assert views.source(picture).shape == (3, 20, 40)
    view, want = on_device(transforms, [picture], [0], side=20)[0], in_worker(transforms, picture, 0)
    assert (view.float() - want.float()).abs().max() < 4


def test_pictures_are_sent_no_larger_than_needed():
    views = DeviceViews(PictureTransforms(16), 20)
    assert views.source(smooth(90, 60)).shape == (3, 20, 30)
    assert views.source(smooth(12, 16)).shape == (3, 16, 12)
    pixels = np.asarray(smooth(90, 60))
    assert views.source(pixels).equal(views.source(Image.fromarray(pixels)))


def test_drawing_takes_as_many_random_numbers_as_the_worker():
    transforms = PictureTransforms(24, color=0.4, hue=0.1, gray=0.5, blur=0.5, erase=0.5, rotate=10)
    for seed in range(10):
        with seeded(seed):
            transforms.train(smooth())
            after = torch.get_rng_state()
        with seeded(seed):
            DeviceViews(transforms, 24).draw(smooth())
            assert torch.equal(torch.get_rng_state(), after)
