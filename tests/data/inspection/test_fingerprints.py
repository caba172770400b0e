import numpy as np
from PIL import Image

from vsr.data.inspection.fingerprints import difference_hash, tiny_copy


def test_a_bit_is_set_where_a_pixel_is_darker_than_its_right_neighbor():
    gray = np.random.default_rng(0).integers(0, 256, (8, 9), np.uint8)
    expected = 0
    for y in range(8):
        for x in range(8):
            if int(gray[y, x]) < int(gray[y, x + 1]):
                expected |= 1 << (8 * y + x)
    assert difference_hash(Image.fromarray(gray).convert("RGB")) == expected


def test_brightness_and_size_do_not_change_the_hash(made):
    picture = made(0)
    darker = Image.fromarray((np.asarray(picture) * 0.6).astype(np.uint8))
    smaller = picture.resize((100, 75), Image.Resampling.LANCZOS)
    for other in (darker, smaller):
        assert (difference_hash(picture) ^ difference_hash(other)).bit_count() <= 3


def test_mirroring_changes_the_hash(made):
    mirrored = made(0).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert (difference_hash(made(0)) ^ difference_hash(mirrored)).bit_count() > 16


def test_a_tiny_copy_holds_the_means_of_its_parts(made):
    picture = made(1, (160, 80))
    blocks = np.asarray(picture, dtype=np.float64).reshape(16, 5, 16, 10, 3).mean(axis=(1, 3))
    assert np.abs(tiny_copy(picture) - blocks).max() <= 1
