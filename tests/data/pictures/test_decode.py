import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.pictures.decode import (
    DAMAGE,
    CataloguePictures,
    CorruptPictureError,
    decode,
    decode_pixels,
    to_rgb,
)

# A mark in the top left corner and another color on the right tell all eight orientations apart.
UPRIGHT = np.full((24, 32, 3), 200, dtype=np.uint8)
UPRIGHT[:8, :8] = (255, 0, 0)
UPRIGHT[:, 24:] = (0, 0, 255)

# What a camera stores so that the EXIF value, applied, gives UPRIGHT again: its inverse, by hand in numpy.
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.transpose(1, 0, 2),
    6: np.rot90(UPRIGHT, 1),  # the viewer turns it by 90 degrees clockwise
    7: UPRIGHT[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(UPRIGHT, -1),
}


def encoded(image: Image.Image, kind: str, **options) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


def catalogue_of(tmp_path, **columns) -> Catalogue:
    n = len(columns["image"])
    base = {
        "item": [str(row) for row in range(n)],
        "product": [str(row % 2) for row in range(n)],
        "split": "test",
        "role": "both",
    }
    return Catalogue(pd.DataFrame({**base, **columns}), ("product",), "t/v1", tmp_path)


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_rotation_is_undone(value, kind):
    exif = Image.Exif()
    exif[0x0112] = value
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "PNG": {}, "WEBP": {"lossless": True}}[kind]
    image = Image.fromarray(np.ascontiguousarray(STORED[value]))
    picture = decode(encoded(image, kind, exif=exif, **options))
    assert picture.size == (32, 24)
    assert np.abs(np.asarray(picture, dtype=int) - UPRIGHT).max() <= 8  # JPEG is not exact


def test_an_unreadable_exif_block_leaves_the_picture_as_it_is():
    file = encoded(Image.fromarray(UPRIGHT), "JPEG", exif=b"Exif\x00\x00broken", quality=100, subsampling=0)
    assert decode(file).size == (32, 24)


def test_gray_becomes_three_equal_channels():
    gray = np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)
    picture = decode(encoded(Image.fromarray(gray), "PNG"))
    np.testing.assert_array_equal(np.asarray(picture), np.repeat(gray[..., None], 3, axis=2))


def test_16_bit_gray_is_scaled_not_clipped():
    deep = np.array([[0, 257, 257 * 100, 65535]], dtype=np.uint16)
    picture = decode(encoded(Image.fromarray(deep), "PNG"))
    np.testing.assert_array_equal(np.asarray(picture)[..., 0], [[0, 1, 100, 255]])


@pytest.mark.parametrize(("top", "white"), [(1.0, 255), (255.0, 255)])
def test_float_gray_may_run_to_1_or_to_255(top, white):
    picture = decode(encoded(Image.fromarray(np.array([[0, top]], dtype=np.float32)), "TIFF"))
    np.testing.assert_array_equal(np.asarray(picture)[0, :, 0], [0, white])


def test_a_bilevel_picture_is_black_and_white():
    bits = Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).convert("1")
    np.testing.assert_array_equal(np.asarray(decode(encoded(bits, "PNG")))[0, :, 0], [0, 255])


def test_a_palette_is_looked_up():
    image = Image.fromarray(UPRIGHT).quantize(3)
    np.testing.assert_array_equal(np.asarray(decode(encoded(image, "PNG"))), UPRIGHT)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_on_white(mode):
    rgba = Image.new("RGBA", (2, 1), (10, 10, 10, 255))
    rgba.putpixel((1, 0), (10, 10, 10, 0))
    image = rgba.quantize(4) if mode == "P" else rgba.convert(mode)
    picture = decode(encoded(image, "PNG"))
    assert [picture.getpixel((x, 0)) for x in range(2)] == [(10, 10, 10), (255, 255, 255)]


def test_half_transparent_blends_with_white():
    picture = decode(encoded(Image.new("RGBA", (1, 1), (0, 0, 0, 128)), "PNG"))
    assert picture.getpixel((0, 0)) == (127, 127, 127)


def test_a_color_that_stands_for_transparency_is_white():
    image = Image.new("RGB", (1, 1), (1, 2, 3))
    assert decode(encoded(image, "PNG", transparency=(1, 2, 3))).getpixel((0, 0)) == (255, 255, 255)


def test_cmyk_becomes_the_color_it_prints():
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    red, green, blue = decode(encoded(image, "JPEG", quality=100)).getpixel((8, 8))
    assert red > 250
    assert max(green, blue) < 5


def test_of_an_animation_the_first_frame_counts():
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    file = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert decode(file).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "I"])
def test_every_mode_becomes_rgb(mode):
    assert to_rgb(Image.new(mode, (2, 3))).mode == "RGB"


def test_a_jpeg_may_come_back_smaller_but_not_below_what_was_asked():
    file = encoded(Image.new("RGB", (800, 640)), "JPEG")
    assert decode(file, at_least=150).size == (200, 160)
    file.seek(0)
    assert decode(file, at_least=161).size == (400, 320)


def test_other_formats_keep_their_size():
    assert decode(encoded(Image.new("RGB", (800, 640)), "PNG"), at_least=10).size == (800, 640)


def test_a_box_is_cut_out():
    picture = decode(encoded(Image.fromarray(UPRIGHT), "PNG"), box=(24, 0, 8, 24))
    np.testing.assert_array_equal(np.asarray(picture), UPRIGHT[:, 24:])


def test_a_box_that_reaches_outside_is_clipped():
    assert decode(encoded(Image.fromarray(UPRIGHT), "PNG"), box=(-4, 20, 10, 10)).size == (6, 4)


def test_a_box_counts_in_pixels_of_the_full_upright_picture():
    pixels = np.zeros((640, 800, 3), dtype=np.uint8)
    pixels[320:480, 400:600] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(pixels, 1)))
    picture = decode(encoded(stored, "JPEG", exif=exif, quality=95), at_least=40, box=(400, 320, 200, 160))
    assert 40 <= min(picture.size) < 160  # it was decoded small
    assert picture.width / picture.height == pytest.approx(200 / 160)
    assert np.asarray(picture)[2:-2, 2:-2].min() > 240


def test_rows_of_an_array_are_pictures(make_catalogue):
    catalogue = make_catalogue(test={"a": 2, "b": 1})
    picture = CataloguePictures(catalogue)(1)
    np.testing.assert_array_equal(np.asarray(picture), catalogue.pixels[1])


def test_boxes_of_a_catalogue_are_cut_and_an_empty_one_means_all(tmp_path):
    Image.fromarray(UPRIGHT).save(tmp_path / "a.png")
    nan = float("nan")
    boxes = {"x": [0, nan], "y": [0, nan], "w": [8, nan], "h": [8, nan]}
    pictures = CataloguePictures(catalogue_of(tmp_path, image=["a.png", "a.png"], **boxes))
    assert pictures(0).size == (8, 8)
    assert pictures(1).size == (32, 24)
    assert [pictures.as_pixels(row).shape for row in (0, 1)] == [(8, 8, 3), (24, 32, 3)]


@pytest.mark.parametrize("as_pixels", [False, True])
@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "missing", "folder"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_damaged_file_is_named_with_its_row(tmp_path, damage, suffix, as_pixels):
    path = tmp_path / f"bad{suffix}"
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        noise = np.random.default_rng(0).integers(0, 256, size=(64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        whole = path.read_bytes()
        kinds = {"truncated": whole[: len(whole) // 2], "text": b"not a picture", "empty": b""}
        path.write_bytes(kinds[damage])
    pictures = CataloguePictures(catalogue_of(tmp_path, image=["other.jpg", path.name]))
    with pytest.raises(CorruptPictureError, match=rf"'bad{suffix}' \(row 1\) cannot be read") as error:
        (pictures.as_pixels if as_pixels else pictures)(1)
    assert "\n" not in str(error.value)


def photo(width: int, height: int) -> Image.Image:
    """Smooth in the large and noisy in the small, so that every part of a JPEG decoder has work."""
    across, down = np.meshgrid(np.linspace(0, 200, width), np.linspace(0, 200, height))
    noise = np.random.default_rng(0).integers(0, 55, size=(height, width))
    return Image.fromarray(np.stack([across + noise, down, 200 - across], axis=-1).astype(np.uint8))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"quality": 30, "subsampling": 2},
        {"quality": 95, "subsampling": 0},
        {"progressive": True},
        {"quality": 90, "restart_marker_blocks": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(97, 61), (640, 480)])
@pytest.mark.parametrize("at_least", [None, 60, 200])
def test_pixels_are_those_of_the_picture(options, size, at_least):
    content = encoded(photo(*size), "JPEG", **options).getvalue()
    expected = np.asarray(decode(io.BytesIO(content), at_least))
    found = decode_pixels(io.BytesIO(content), at_least)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("mode", ["L", "CMYK", "1", "P", "RGBA", "I;16"])
def test_pixels_of_other_kinds_are_those_of_the_picture_too(mode):
    deep = Image.fromarray(np.asarray(photo(40, 30))[..., 0].astype(np.uint16) * 257)
    image = deep if mode == "I;16" else photo(40, 30).convert(mode)
    content = encoded(image, "JPEG" if mode in ("L", "CMYK") else "PNG").getvalue()
    expected = np.asarray(decode(io.BytesIO(content)))
    np.testing.assert_array_equal(decode_pixels(io.BytesIO(content)), expected)


@pytest.mark.parametrize("value", range(1, 9))
def test_pixels_are_upright_and_cut(value):
    exif = Image.Exif()
    exif[0x0112] = value
    content = encoded(photo(40, 30), "JPEG", exif=exif).getvalue()
    for box in (None, (3.0, 4.0, 12.0, 10.0)):
        expected = np.asarray(decode(io.BytesIO(content), box=box))
        np.testing.assert_array_equal(decode_pixels(io.BytesIO(content), box=box), expected)


def test_pixels_of_a_damaged_jpeg_are_refused_or_read_as_the_picture_is(capfd):
    random = np.random.default_rng(0)
    whole = encoded(photo(97, 61), "JPEG").getvalue()
    outcomes = set()
    for _ in range(60):
        content = bytearray(whole)
        for at in random.integers(2, len(content), size=4):
            content[at] = random.integers(256)
        try:
            expected = np.asarray(decode(io.BytesIO(content)))
        except DAMAGE:
            expected = None
        if expected is None:
            with pytest.raises(DAMAGE):
                decode_pixels(io.BytesIO(content))
        else:
            np.testing.assert_array_equal(decode_pixels(io.BytesIO(content)), expected)
        outcomes.add(expected is None)
    assert outcomes == {True, False}
    capfd.readouterr()  # what the decoder says of each


def test_a_box_beside_the_picture_is_named(tmp_path):
    Image.fromarray(UPRIGHT).save(tmp_path / "a.png")
    pictures = CataloguePictures(catalogue_of(tmp_path, image=["a.png"], x=[40], y=[0], w=[5], h=[5]))
    with pytest.raises(CorruptPictureError, match=r"'a.png' \(row 0\).*x=40 y=0 w=5 h=5 lies outside"):
        pictures(0)


def test_the_error_is_one_line_even_with_a_workers_traceback():
    wrapped = "Caught CorruptPictureError in DataLoader worker process 0.\nOriginal Traceback (last call)\n"
    raised = "vsr.data.pictures.decode.CorruptPictureError: picture 'a' cannot be read\n"
    assert str(CorruptPictureError(wrapped + raised)) == "picture 'a' cannot be read"
