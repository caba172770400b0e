import json
import os
import pickle
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from vsr.data.pictures.cached.build import CHUNK, build
from vsr.data.pictures.cached.cached_pictures import cached_pictures
from vsr.data.pictures.cached.shrink import EvaluationView, ShortSide
from vsr.data.pictures.decode import CataloguePictures, CorruptPictureError
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.readers.folder import Folder
from vsr.errors import DataError


@pytest.fixture
def photos(write_pictures):
    """A catalogue of 12 JPEGs of 40 × 32 pixels and 3 PNGs of 20 × 60."""
    root = write_pictures(dict.fromkeys("abcdef", 2))
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, size=(60, 20, 3), dtype=np.uint8)
        Image.fromarray(noise).save(root / "f" / f"high{number}.png")
    return Folder(str(root)).read()


@pytest.fixture
def no_building(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("built again")

    return lambda: monkeypatch.setattr("vsr.data.pictures.cached.cached_pictures.build", refuse)


def rows_of(catalogue):
    return np.arange(len(catalogue))


def cache(catalogue, folder, shrink=None, **options):
    return cached_pictures(catalogue, rows_of(catalogue), shrink or ShortSide(16), str(folder), **options)


def content(pictures, catalogue):
    return [np.asarray(pictures(row)).tobytes() for row in rows_of(catalogue)]


def folder_of(root):
    (folder,) = root.glob("pictures-*")
    return folder


def file_of(root):
    (file,) = folder_of(root).glob("pixels-*.bin")
    return file


@pytest.mark.parametrize(("resize", "share"), [("crop", 1.0), ("crop", 0.8), ("pad", 1.0), ("square", 1.0)])
def test_what_is_measured_does_not_change_by_a_bit(photos, tmp_path, resize, share):
    transforms = PictureTransforms(24, resize=resize, crop_share=share)
    files, cached = CataloguePictures(photos), cache(photos, tmp_path, EvaluationView(transforms))
    for row in rows_of(photos):
        want = transforms.evaluate(files(row, transforms.evaluation_decode_size))
        assert transforms.evaluate(cached(row, transforms.evaluation_decode_size)).equal(want)


def test_training_pictures_keep_their_shape_and_are_never_enlarged(photos, tmp_path):
    cached = cache(photos, tmp_path, ShortSide(24))
    for row in rows_of(photos):
        full = np.asarray(CataloguePictures(photos)(row))
        width = full.shape[1]
        kept = cached(row)
        assert kept.shape == ((24, 30, 3) if width == 40 else (60, 20, 3))
        if width == 20:
            assert np.array_equal(kept, full)
        else:
            assert np.array_equal(kept, np.asarray(Image.fromarray(full).resize((30, 24), Image.BILINEAR)))


def test_a_second_call_builds_nothing(photos, tmp_path, no_building):
    first = content(cache(photos, tmp_path), photos)
    no_building()
    assert content(cache(photos, tmp_path), photos) == first


def test_another_way_of_shrinking_has_a_folder_of_its_own(photos, tmp_path):
    cache(photos, tmp_path, ShortSide(16))
    cache(photos, tmp_path, ShortSide(17))
    cache(photos, tmp_path, EvaluationView(PictureTransforms(16)))
    cache(photos, tmp_path, EvaluationView(PictureTransforms(16, resize="pad")))
    cache(photos, tmp_path, EvaluationView(PictureTransforms(16, crop_share=0.9)))
    assert len(list(tmp_path.glob("pictures-*"))) == 5


def test_a_file_that_changed_is_cached_again_in_the_same_folder(photos, tmp_path):
    before = cache(photos, tmp_path)(0)
    path = CataloguePictures(photos).path(0)
    Image.new("RGB", (40, 32), "red").save(path)
    os.utime(path, ns=(1, 1))
    assert np.array_equal(cache(photos, tmp_path)(0)[5, 5], [254, 0, 0])
    assert len(list(folder_of(tmp_path).glob("pixels-*"))) == 1
    assert before.mean() != 254 / 3  # the pages of who had it open are still there


def cut(root):
    os.truncate(file_of(root), file_of(root).stat().st_size - 5)


def change_a_byte(root):
    with open(file_of(root), "r+b") as file:
        file.write(bytes([file.read(1)[0] ^ 255]) if not file.seek(0) else b"")


def spoil_record(root):
    (folder_of(root) / "record.json").write_text("{")


@pytest.mark.parametrize("damage", [cut, change_a_byte, spoil_record])
def test_a_damaged_cache_is_built_again(photos, tmp_path, damage):
    first = content(cache(photos, tmp_path), photos)
    damage(tmp_path)
    assert content(cache(photos, tmp_path), photos) == first


def test_what_a_killed_process_wrote_is_taken_on(write_pictures, tmp_path, monkeypatch):
    catalogue = Folder(str(write_pictures(dict.fromkeys("abcdef", CHUNK // 2), size=(6, 5)))).read()
    whole = content(cache(catalogue, tmp_path / "whole"), catalogue)
    decoded = []

    class Dies(ShortSide):
        def __call__(self, picture, size):
            decoded.append(1)
            if len(decoded) > limit:
                raise KeyboardInterrupt
            return super().__call__(picture, size)

    limit = 2 * CHUNK + 5
    with pytest.raises(KeyboardInterrupt):
        cache(catalogue, tmp_path, Dies(16), threads=1)
    decoded.clear()
    limit = 10**9
    assert content(cache(catalogue, tmp_path, Dies(16), threads=1), catalogue) == whole
    assert len(decoded) == CHUNK  # the third chunk only


def test_a_chunk_that_did_not_reach_the_disk_is_made_again(write_pictures, tmp_path):
    catalogue = Folder(str(write_pictures(dict.fromkeys("abcdefgh", CHUNK // 4), size=(6, 5)))).read()
    whole = content(cache(catalogue, tmp_path), catalogue)
    folder, state = folder_of(tmp_path), file_of(tmp_path).stem.removeprefix("pixels-")
    with np.load(folder / f"layout-{state}.npz") as arrays:
        checks = arrays["checks"].tolist()
    lines = [{"first": at, "checks": checks[at : at + CHUNK]} for at in (0, CHUNK)]
    half_a_line = '{"first": 64, "che'
    (folder / f"journal-{state}.jsonl").write_text("\n".join([*map(json.dumps, lines), half_a_line]))
    (folder / "record.json").unlink()
    with open(file_of(tmp_path), "r+b") as file:
        file.write(bytes(90))
    assert content(cache(catalogue, tmp_path), catalogue) == whole


class Kills(ShortSide):
    """Ends its process as the system does when memory is short."""

    def __call__(self, picture, size):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the process to be killed is a fork")
def test_a_process_killed_while_building_leaves_no_half_cache_and_no_lock(photos, tmp_path):
    child = os.fork()
    if child == 0:
        cache(photos, tmp_path / "c", Kills(16), threads=1)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert list(folder_of(tmp_path / "c").glob("pixels-*"))  # it had begun
    assert content(cache(photos, tmp_path / "c"), photos) == content(cache(photos, tmp_path / "d"), photos)


def test_two_that_build_at_once_end_with_one_valid_cache(photos, tmp_path, monkeypatch):
    builds = []

    def slow(*arguments):
        builds.append(1)
        time.sleep(0.05)  # long enough for the other to come to the lock
        return build(*arguments)

    monkeypatch.setattr("vsr.data.pictures.cached.cached_pictures.build", slow)
    with ThreadPoolExecutor(4) as pool:
        contents = list(pool.map(lambda _: content(cache(photos, tmp_path), photos), range(4)))
    assert builds == [1]
    assert all(one == contents[0] for one in contents)


def test_a_worker_started_anew_maps_the_file_and_is_not_sent_it(photos, tmp_path):
    pictures = cache(photos, tmp_path)
    sent = pickle.dumps(pictures)
    assert len(sent) < file_of(tmp_path).stat().st_size
    assert np.array_equal(pickle.loads(sent)(3), pictures(3))


def test_a_picture_that_cannot_be_decoded_is_left_to_its_file(photos, tmp_path, caplog):
    for row, damage in ((2, b"no picture"), (4, CataloguePictures(photos).path(4).read_bytes()[:400])):
        CataloguePictures(photos).path(row).write_bytes(damage)
    pictures = cache(photos, tmp_path)
    assert "2 of 15 pictures cannot be decoded" in caplog.text
    for row in (2, 4):
        with pytest.raises(CorruptPictureError, match=rf"\(row {row}\) cannot be read"):
            pictures(row)
    assert np.asarray(pictures(5)).any()


def test_rows_that_are_not_cached_are_decoded(photos, tmp_path):
    pictures = cached_pictures(photos, np.array([1, 3]), ShortSide(16), str(tmp_path))
    assert pictures(1).shape == (16, 20, 3)
    assert pictures(0).size == (40, 32)


def test_pictures_in_an_array_get_no_cache(make_catalogue, tmp_path):
    catalogue = make_catalogue(test={"a": 2, "b": 2})
    assert isinstance(cache(catalogue, tmp_path), CataloguePictures)
    assert not list(tmp_path.iterdir())


def test_boxes_are_cut_before_they_are_kept(photos, tmp_path):
    table = photos.table.assign(x=4.0, y=0.0, w=10.0, h=20.0)
    catalogue = type(photos)(table, photos.levels, "boxes", photos.root)
    pictures, files = cache(catalogue, tmp_path, ShortSide(100)), CataloguePictures(catalogue)
    for row in rows_of(catalogue):
        assert files.size(row) == files(row).size
        assert np.array_equal(pictures(row), np.asarray(files(row)))


def test_a_full_disk_is_told_with_what_is_needed(photos, tmp_path, monkeypatch):
    module = "vsr.data.pictures.cached.build.shutil.disk_usage"
    monkeypatch.setattr(module, lambda _: SimpleNamespace(free=100))
    with pytest.raises(DataError, match=r"0.0 MiB needed, 0.0 MiB free; set loader\.cache_dir or VSR_CACHE"):
        cache(photos, tmp_path)


def test_a_folder_that_cannot_be_made_is_told_in_one_line(photos, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be cached in") as error:
        cache(photos, tmp_path / "file")
    assert "\n" not in str(error.value)
