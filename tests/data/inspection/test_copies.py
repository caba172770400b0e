"""Copies are found when they are re-encoded or resized; other pictures are not taken for copies."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from vsr.data.inspection.copies import Copies, find_copies
from vsr.data.inspection.inspector import Inspector
from vsr.data.inspection.scan import scan

ANY = lambda _, others: np.ones(len(others), bool)  # noqa: E731


def copies_of(catalogue):
    options = Inspector()
    return find_copies(scan(catalogue), options.near_distance, options.near_difference)


def edited(picture, how):
    if how == "quality":
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=30)
        return Image.open(file)
    if how == "brighter":
        return ImageEnhance.Brightness(picture).enhance(1.03)
    if how == "mirrored":
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    scale = {"half": 0.5, "larger": 1.7}[how]
    return picture.resize((round(picture.width * scale), round(picture.height * scale)))


@pytest.mark.parametrize("how", ["quality", "half", "larger", "brighter"])
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_changed_copy_is_found_as_a_near_one(dataset, tmp_path, made, how, suffix):
    for seed in range(3):
        made(seed).save(tmp_path / f"{seed}.jpg")
    edited(made(1), how).convert("RGB").save(tmp_path / f"copy.{suffix}")
    names = ["0.jpg", "1.jpg", "2.jpg", f"copy.{suffix}"]
    found = copies_of(dataset([(name, "cup", "train") for name in names]))
    assert found.rows.tolist() == [1, 3]
    assert found.near(3).tolist() == [1]
    assert found.exact(3).tolist() == []


def test_a_mirrored_picture_is_no_copy(dataset, tmp_path, made):
    made(0).save(tmp_path / "a.jpg")
    edited(made(0), "mirrored").save(tmp_path / "b.jpg")
    assert copies_of(dataset([("a.jpg", "cup", "train"), ("b.jpg", "cup", "train")])).rows.tolist() == []


def test_a_picture_of_other_colors_is_no_copy(dataset, tmp_path, made):
    made(0).save(tmp_path / "a.png")
    other = Image.merge("RGB", [made(0).getchannel(band) for band in "BRG"])
    gray = made(0).convert("L").convert("RGB")
    other.save(tmp_path / "b.png")
    gray.save(tmp_path / "c.png")
    rows = [(name, "cup", "train") for name in ("a.png", "b.png", "c.png")]
    assert copies_of(dataset(rows)).rows.tolist() == []


def test_a_picture_that_differs_in_one_place_is_no_copy(dataset, tmp_path):
    """Packages on white, alike but for the fruit on them, have hashes a bit or two apart."""
    package = Image.new("RGB", (160, 160), "white")
    package.paste((30, 30, 30), (60, 20, 100, 150))
    for name, fruit in (("orange", (240, 150, 20)), ("apple", (150, 190, 40))):
        other = package.copy()
        other.paste(fruit, (62, 90, 98, 148))
        other.save(tmp_path / f"{name}.png")
    found = scan(dataset([("orange.png", "a", "train"), ("apple.png", "b", "train")]))
    one, other = (int(bits) for bits in found.hashes)
    assert (one ^ other).bit_count() <= 2
    assert find_copies(found, 10, 18.0).rows.tolist() == []


def test_pale_pictures_must_be_nearer_than_strong_ones(dataset, tmp_path):
    for name, x in (("a", 20), ("b", 100)):
        spot = Image.new("RGB", (160, 160), "white")
        spot.paste((225, 225, 225), (x, 60, x + 30, 90))
        spot.save(tmp_path / f"{name}.png")
    assert copies_of(dataset([("a.png", "a", "train"), ("b.png", "b", "train")])).rows.tolist() == []


def test_the_search_for_near_copies_can_be_left_out(dataset, tmp_path, made):
    made(0).save(tmp_path / "a.jpg", quality=90)
    made(0).save(tmp_path / "b.jpg", quality=50)
    found = scan(dataset([("a.jpg", "cup", "train"), ("b.jpg", "cup", "train")]))
    assert find_copies(found, 10, 18.0).rows.tolist() == [0, 1]
    assert find_copies(found, None, 18.0).rows.tolist() == []


def test_the_same_bytes_under_another_name_are_an_exact_copy_and_its_near_copies_are_shared(
    dataset, tmp_path, made
):
    made(0).save(tmp_path / "a.jpg", quality=95)
    shutil.copy(tmp_path / "a.jpg", tmp_path / "b.jpg")
    made(0).save(tmp_path / "c.jpg", quality=50)
    found = copies_of(dataset([(f"{name}.jpg", "cup", "train") for name in "abc"]))
    assert found.exact(0).tolist() == [1]
    assert sorted(found.near(2).tolist()) == [0, 1]
    assert found.near(0).tolist() == [2]


def test_pictures_of_one_color_are_not_compared_by_their_hashes(dataset, tmp_path):
    for number, color in enumerate(["white", "black", "#fefefe"]):
        Image.new("RGB", (50, 50), color).save(tmp_path / f"{number}.png")
    assert copies_of(dataset([(f"{n}.png", "cup", "train") for n in range(3)])).rows.tolist() == []


def test_what_cannot_be_read_is_no_copy_of_anything(dataset, tmp_path):
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"")
    found = copies_of(dataset([("a.jpg", "cup", "train"), ("b.jpg", "cup", "train"), ("c.jpg", "x", "test")]))
    assert found.rows.tolist() == []
    assert list(found.of(np.arange(3), ANY)) == []


def test_the_copy_that_is_accepted_is_an_exact_one_before_a_near_one():
    found = Copies(np.array([0, 1, 0, 2, -1]), np.array([[0, 1], [1, 2]]))
    assert [(copy.row, copy.other, copy.exact) for copy in found.of(np.arange(5), ANY)] == [
        (0, 2, True),
        (1, 0, False),
        (2, 0, True),
        (3, 1, False),
    ]
    odd = lambda _, others: others % 2 == 1  # noqa: E731
    assert [(copy.row, copy.other) for copy in found.of(np.array([0, 1]), odd)] == [(0, 1), (1, 3)]
