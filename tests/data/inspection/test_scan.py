"""Every picture is opened and decoded, and what is wrong with it is said."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.inspection.scan import scan


def rows(*images):
    return [(image, "cup", "train") for image in images]


def test_sound_pictures_have_their_facts(dataset, tmp_path, made):
    catalogue = dataset(rows("a.jpg", "b.png"))
    table = scan(catalogue, workers=2).table
    assert table["error"].tolist() == ["", ""]
    assert table[["width", "height"]].to_numpy().tolist() == [[200, 150]] * 2
    assert table["kind"].tolist() == ["JPEG", "PNG"]
    assert table["mode"].tolist() == ["RGB", "RGB"]
    assert table["n_bytes"].tolist() == [(tmp_path / name).stat().st_size for name in ("a.jpg", "b.png")]


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
@pytest.mark.parametrize("name", ["cut.jpg", "cut.png"])
def test_a_picture_cut_short_is_an_error_wherever_the_cut_is(dataset, tmp_path, made, name, share):
    made(0, (900, 700)).save(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(len(content) * share)])
    assert not scan(dataset(rows(name))).sound[0]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("empty.jpg", b"", "the file is empty"), ("text.png", b"<html>404</html>", "the file is no picture")],
)
def test_empty_files_and_other_things_are_told_apart_from_damage(dataset, tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert scan(dataset(rows(name))).table["error"][0] == words


def test_a_missing_file_is_an_error(dataset, tmp_path):
    catalogue = dataset(rows("a.jpg", "b.jpg"))
    (tmp_path / "b.jpg").unlink()
    assert scan(catalogue).table["error"].tolist() == ["", "there is no such file"]


def test_a_box_outside_is_an_error_and_the_same_file_in_another_box_is_no_exact_copy(dataset):
    boxes = {"x": [0, 0, 0, 500], "y": [0, 0, 0, 0], "w": [50, 50, 60, 9], "h": [50, 50, 50, 9]}
    found = scan(dataset(rows("a.jpg", "a.jpg", "a.jpg", "a.jpg"), **boxes))
    assert found.sound.tolist() == [True, True, True, False]
    assert found.digests[0] == found.digests[1] != found.digests[2]


def test_what_the_reader_treats_in_its_own_way_is_noted(dataset, tmp_path, made):
    small = made(0, (40, 30))
    small.save(tmp_path / "animated.gif", save_all=True, append_images=[made(1, (40, 30))])
    Image.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40) * 50).save(tmp_path / "deep.png")
    small.convert("CMYK").save(tmp_path / "cmyk.jpg")
    small.convert("RGBA").save(tmp_path / "clear.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    small.save(tmp_path / "turned.jpg", exif=exif)
    table = scan(dataset(rows("animated.gif", "deep.png", "cmyk.jpg", "clear.png", "turned.jpg"))).table
    assert table["frames"].tolist() == [2, 1, 1, 1, 1]
    assert table["mode"][1].startswith("I")
    assert table["mode"][2] == "CMYK"
    assert table["transparent"].tolist() == [False, False, False, True, False]
    assert table["turned"].tolist() == [False] * 4 + [True]
    assert (table["error"] == "").all()


def test_pictures_in_an_array_are_compared_by_their_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3), np.uint8)
    pixels[2] = pixels[0]
    table = pd.DataFrame({"item": list("abc"), "image": range(3), "product": "x", "split": "train"})
    found = scan(Catalogue(table.assign(role="both"), ("product",), "made/v1", pixels=pixels))
    assert found.digests[0] == found.digests[2] != found.digests[1]
    assert found.table["kind"].tolist() == ["array"] * 3


def test_the_watcher_sees_every_picture_in_order(dataset):
    seen = []

    def watch(looks):
        for look in looks:
            seen.append(look.n_bytes)
            yield look

    found = scan(dataset(rows(*(f"{n}.jpg" for n in range(5)))), watch=watch)
    assert seen == found.table["n_bytes"].tolist()
