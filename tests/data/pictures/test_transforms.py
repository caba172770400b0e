import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import ks_2samp
from torchvision.transforms import RandomResizedCrop, v2

from vsr.data.loading.dataset import seeded
from vsr.data.pictures.transforms import PictureTransforms


@pytest.fixture
def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, size=(60, 90, 3), dtype=np.uint8))


STRONG = {"color": 0.6, "hue": 0.1, "gray": 0.5, "blur": 0.5, "erase": 0.5, "rotate": 10}


@pytest.mark.parametrize("knobs", [{}, STRONG])
@pytest.mark.parametrize("size", [(90, 60), (1, 1), (1, 200), (300, 2)])
def test_views_are_square_uint8_whatever_the_picture(knobs, size):
    transforms = PictureTransforms(32, **knobs)
    for view in (transforms.train(Image.new("RGB", size)), transforms.evaluate(Image.new("RGB", size))):
        assert view.shape == (3, 32, 32)
        assert view.dtype == torch.uint8


def test_evaluation_shows_the_middle_of_the_long_side():
    pixels = np.zeros((10, 30, 3), dtype=np.uint8)
    pixels[:, 10:20] = 255
    assert (PictureTransforms(10).evaluate(Image.fromarray(pixels)) == 255).all()


def test_evaluation_is_the_same_every_time_and_draws_nothing(picture):
    transforms = PictureTransforms(32, **STRONG)
    state = torch.get_rng_state()
    assert torch.equal(transforms.evaluate(picture), transforms.evaluate(picture))
    assert torch.equal(torch.get_rng_state(), state)


def test_evaluation_averages_when_it_shrinks():
    checkers = np.indices((64, 64)).sum(axis=0) % 2 * 255
    view = PictureTransforms(8).evaluate(Image.fromarray(checkers.astype(np.uint8)).convert("RGB"))
    assert (view.float() - 127.5).abs().max() < 10  # picking pixels would give 0 or 255


def test_evaluation_does_not_depend_on_how_training_crops(picture):
    one, other = PictureTransforms(32), PictureTransforms(32, scale=(0.1, 0.2), **STRONG)
    assert torch.equal(one.evaluate(picture), other.evaluate(picture))
    assert one.size == other.size


def test_a_seed_repeats_a_view_and_another_gives_another(picture):
    transforms = PictureTransforms(32, **STRONG)

    def view(seed):
        with seeded(seed):
            return transforms.train(picture)

    assert torch.equal(view(1), view(1))
    assert len({view(seed).numpy().tobytes() for seed in range(8)}) == 8


def test_mirroring_alone_is_the_mirrored_picture(picture):
    transforms = PictureTransforms(60, scale=(1, 1), ratio=(1.5, 1.5), flip=1.0)
    plain = PictureTransforms(60, scale=(1, 1), ratio=(1.5, 1.5), flip=0.0)
    assert torch.equal(transforms.train(picture), plain.train(picture).flip(-1))


def test_crops_cover_the_share_of_the_area_that_was_asked():
    ramp = np.tile(np.linspace(0, 255, 256).astype(np.uint8), (256, 1))  # a column's value is its place
    picture = Image.fromarray(ramp).convert("RGB")
    transforms = PictureTransforms(64, scale=(0.25, 0.25), ratio=(1, 1), flip=0)
    for _ in range(20):
        row = transforms.train(picture)[0, 0].float()
        assert (row[-1] - row[0]).item() == pytest.approx(127, abs=4)  # half of the width


@pytest.mark.parametrize("size", [(100, 80), (30, 200)])
def test_crops_are_drawn_as_torchvision_draws_them(size):
    transforms = PictureTransforms(32, scale=(0.2, 0.8), ratio=(0.6, 1.8))
    blank = torch.empty(size[1], size[0], device="meta")
    torch.manual_seed(0)
    ours = np.array([transforms.draw(size, 32, (0.2, 0.8))[:4] for _ in range(2000)])
    params = RandomResizedCrop.get_params
    theirs = np.array([params(blank, [0.2, 0.8], [0.6, 1.8]) for _ in range(2000)])  # top, left, h, w
    theirs = theirs[:, [1, 0, 3, 2]] / np.array([size[0], size[1], size[0], size[1]])
    shares = [np.stack([b[:, 0], b[:, 1], b[:, 2] * b[:, 3], b[:, 2] / b[:, 3]]) for b in (ours, theirs)]
    for mine, other in zip(*shares, strict=True):
        # 0.061: two samples of one distribution lie further apart once in a thousand times
        assert ks_2samp(mine, other).statistic < 0.061


@pytest.mark.parametrize("size", [(10, 400), (400, 10), (1, 1), (1, 50), (37, 37)])
@pytest.mark.parametrize("ratio", [(0.75, 1.3333), (3.0, 4.0), (0.1, 0.2)])
def test_where_no_crop_fits_it_is_torchvisions_middle_one(size, ratio):
    transforms = PictureTransforms(32, scale=(1.0, 1.0), ratio=ratio)
    drawn = transforms.draw(size, 32, (50.0, 50.0))  # a share that never fits
    top, left, height, width = RandomResizedCrop.get_params(
        torch.empty(size[1], size[0], device="meta"), [50.0, 50.0], list(ratio)
    )
    found = [round(share * side) for share, side in zip(drawn[:4], size * 2, strict=True)]
    if min(height, width):
        assert found == [left, top, width, height]
    assert min(found[2:]) >= 1  # torchvision's may be empty


def test_gray_has_equal_channels(picture):
    view = PictureTransforms(32, gray=1.0).train(picture)
    assert torch.equal(view[0], view[1])
    assert torch.equal(view[0], view[2])


def test_blur_takes_detail_away(picture):
    sharp, soft = (PictureTransforms(60, (1, 1), blur=blur, blur_radius=(2, 2)) for blur in (0.0, 1.0))
    assert soft.train(picture).float().std() < 0.6 * sharp.train(picture).float().std()


def test_erasing_paints_a_rectangle():
    view = PictureTransforms(50, erase=1.0).train(Image.new("RGB", (50, 50), "white"))
    erased = (view == 127).all(dim=0)
    assert 0.01 < erased.float().mean() < 0.25
    rows, columns = erased.nonzero(as_tuple=True)
    assert erased[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()


def test_a_crop_of_the_decoded_picture_still_fills_the_output():
    transforms = PictureTransforms(100, scale=(0.25, 1.0))
    assert transforms.train_decode_size == 200


def test_a_local_view_is_small_and_of_a_small_part():
    ramp = np.tile(np.linspace(0, 255, 256).astype(np.uint8), (256, 1))
    picture = Image.fromarray(ramp).convert("RGB")
    transforms = PictureTransforms(64, ratio=(1, 1), flip=0, local_size=32, local_scale=(0.0625, 0.0625))
    for _ in range(10):
        view = transforms.local(picture)
        assert view.shape == (3, 32, 32)
        assert (view[0, 0, -1].float() - view[0, 0, 0]).item() == pytest.approx(62, abs=5)  # a quarter
    assert transforms.local_decode_size == 128


@pytest.mark.parametrize("size", [(90, 60), (60, 90), (300, 2)])
def test_padding_shows_all_of_the_picture_in_its_shape(size):
    view = PictureTransforms(30, resize="pad").evaluate(Image.new("RGB", size, "white"))
    white = (view == 255).all(dim=0)
    rows, columns = white.any(dim=1).sum().item(), white.any(dim=0).sum().item()
    assert (columns, rows) == tuple(max(1, round(30 * side / max(size))) for side in size)
    assert white.sum() == rows * columns
    assert view[:, ~white].unique(dim=1).flatten().tolist() == [124, 116, 104]


def test_square_shows_all_of_the_picture_squeezed():
    pixels = np.zeros((10, 30, 3), dtype=np.uint8)
    pixels[:, 15:] = 255
    view = PictureTransforms(10, resize="square").evaluate(Image.fromarray(pixels))
    assert (view[0] > 127).sum(dim=1).tolist() == [5] * 10


@pytest.mark.parametrize("size", [(400, 300), (300, 500)])
def test_a_share_of_the_middle_square_is_resizing_and_cropping_in_one(size):
    noise = torch.rand(3, *size[::-1], generator=torch.Generator().manual_seed(0))
    smooth = v2.functional.gaussian_blur(noise, 41, 8.0)
    picture = v2.functional.to_pil_image((smooth - smooth.min()) / (smooth.max() - smooth.min()))
    reference = v2.Compose([v2.Resize(256), v2.CenterCrop(227), v2.PILToTensor()])(picture).float()
    view = PictureTransforms(227, crop_share=227 / 256).evaluate(picture)
    assert (view - reference).abs().mean() < 2  # torchvision rounds to whole pixels twice
    assert (PictureTransforms(227).evaluate(picture) - reference).abs().mean() > 8


def test_a_share_of_the_middle_square_is_decoded_large_enough():
    assert PictureTransforms(227, crop_share=227 / 256).evaluation_decode_size == 256
    assert PictureTransforms(227).evaluation_decode_size == 227


def test_a_kept_view_is_not_cropped_again(picture):
    transforms = PictureTransforms(32, crop_share=0.5)
    view = transforms.evaluate(picture)
    assert transforms.evaluate(view.permute(1, 2, 0).numpy()).equal(view)


@pytest.mark.parametrize("resize", ["crop", "pad", "square"])
def test_the_view_of_a_view_is_the_same(picture, resize):
    transforms = PictureTransforms(32, resize=resize)
    view = transforms.evaluate(picture)
    pixels = view.permute(1, 2, 0).numpy()
    assert transforms.evaluate(Image.fromarray(pixels)).equal(view)
    assert transforms.evaluate(pixels).equal(view)


def test_pixels_are_cropped_where_a_picture_would_be_and_look_the_same(picture):
    transforms = PictureTransforms(24, color=0.4, gray=0.3)
    for seed in range(10):
        views = []
        for given in (picture, np.asarray(picture)):
            with seeded(seed):
                views.append(transforms.train(given).int())
        assert (views[0] - views[1]).abs().max() <= 4  # torch and Pillow round their filters differently


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"size": 0}, r"size \(data\.image_size\) must be a whole number of pixels >= 1, got 0"),
        ({"size": 1.5}, "must be a whole number of pixels >= 1, got 1.5"),
        ({"size": "x"}, "must be a whole number of pixels >= 1, got x"),
        ({"local_size": 0}, "local_size must be a whole number of pixels >= 1"),
        ({"crop_share": 0.0}, "crop_share must be > 0 and at most 1, got 0"),
        ({"crop_share": 1.1}, "crop_share must be > 0 and at most 1, got 1.1"),
        ({"crop_share": 0.9, "resize": "pad"}, "crop_share must be 1 with resize=pad, got 0.9"),
        ({"resize": "keep"}, "resize must be one of crop, square, pad, got keep"),
        ({"scale": (0.8, 0.5)}, "scale must be two numbers"),
        ({"scale": (0.5, 2.0)}, "scale must be between 0 and 1"),
        ({"ratio": (1.0,)}, "ratio must be two numbers"),
        ({"flip": 1.5}, "flip must be between 0 and 1, got 1.5"),
        ({"hue": 0.6}, "hue must be between 0 and 0.5, got 0.6"),
        ({"rotate": -1}, "rotate must be between 0 and 180, got -1"),
    ],
)
def test_a_value_outside_its_range_is_refused(knobs, message):
    with pytest.raises(ValueError, match=message):
        PictureTransforms(**{"size": 32, **knobs})
