import json
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace

import numpy as np
import pytest

from vsr.cache import cache_root
from vsr.data.readers import toystore_cache
from vsr.data.readers.toystore_cache import pixels
from vsr.data.readers.toystore_workers import draw_into
from vsr.errors import DataError
from vsr.toystore import Order

TINY = Order(seed=0, products=5, photos=2, size=16)


@pytest.fixture
def no_drawing(monkeypatch):
    def refuse(*arguments: object) -> None:
        raise AssertionError("drawn again")

    return lambda: monkeypatch.setattr(toystore_cache, "draw_into", refuse)


def folder_of(root: Path) -> Path:
    (folder,) = root.glob("toystore-*")
    return folder


def test_two_caches_hold_the_same_bytes(tmp_path):
    first, second = (pixels(TINY, str(tmp_path / name)) for name in "ab")
    assert first.tobytes() == second.tobytes()


def test_two_processes_draw_the_same_bytes_as_one(tmp_path):
    alone, together = (pixels(TINY, str(tmp_path / str(n)), processes=n) for n in (1, 2))
    assert alone.tobytes() == together.tobytes()


def test_a_second_reading_draws_nothing(tmp_path, no_drawing):
    first = pixels(TINY, str(tmp_path))
    no_drawing()
    assert np.array_equal(pixels(TINY, str(tmp_path)), first)


def test_another_order_has_a_folder_of_its_own(tmp_path):
    pixels(TINY, str(tmp_path))
    pixels(TINY._replace(seed=1), str(tmp_path))
    assert len(list(tmp_path.glob("toystore-*"))) == 2


def test_another_version_of_the_drawing_is_not_read(tmp_path, monkeypatch):
    pixels(TINY, str(tmp_path))
    monkeypatch.setattr(toystore_cache, "VERSION", toystore_cache.VERSION + 1)
    pixels(TINY, str(tmp_path))
    assert len(list(tmp_path.glob("toystore-*"))) == 2


def cut(folder: Path) -> None:
    file = folder / "pixels.npy"
    os.truncate(file, file.stat().st_size - 100)


def change_a_byte(folder: Path) -> None:
    with open(folder / "pixels.npy", "r+b") as file:
        file.seek(-50, os.SEEK_END)
        byte = file.read(1)
        file.seek(-50, os.SEEK_END)
        file.write(bytes([byte[0] ^ 255]))


def other_shape(folder: Path) -> None:
    np.save(folder / "pixels.npy", np.zeros((3, 16, 16, 3), dtype=np.uint8))


def no_array(folder: Path) -> None:
    (folder / "pixels.npy").write_text("something else")


def empty(folder: Path) -> None:
    (folder / "pixels.npy").write_bytes(b"")


def no_record(folder: Path) -> None:
    (folder / "record.json").write_text("{")


@pytest.mark.parametrize("damage", [cut, change_a_byte, other_shape, no_array, empty, no_record])
def test_a_damaged_cache_is_drawn_again_with_a_warning(tmp_path, caplog, damage):
    whole = np.array(pixels(TINY, str(tmp_path)))
    damage(folder_of(tmp_path))
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(pixels(TINY, str(tmp_path)), whole)
    assert "damaged" in caplog.text
    caplog.clear()
    assert np.array_equal(pixels(TINY, str(tmp_path)), whole)
    assert not caplog.text


def test_a_process_killed_while_drawing_leaves_nothing_that_is_taken_for_a_store(tmp_path, monkeypatch):
    def killed(file: Path, *arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(toystore_cache, "draw_into", killed)
        with pytest.raises(KeyboardInterrupt):
            pixels(TINY, str(tmp_path))
    assert list(folder_of(tmp_path).iterdir()) == []
    assert pixels(TINY, str(tmp_path)).any()


def test_half_drawn_files_are_cleared_away_once_they_are_old(tmp_path):
    pixels(TINY, str(tmp_path))
    folder = folder_of(tmp_path)
    old, young = folder / ".drawing-old.npy", folder / ".drawing-young.npy"
    for file in (old, young):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 3 * 24 * 3600,) * 2)
    empty(folder)
    pixels(TINY, str(tmp_path))
    assert not old.exists()
    assert young.exists()


def test_two_that_draw_at_once_both_get_the_store_and_leave_one(tmp_path, monkeypatch):
    both_began = Barrier(2)

    def draw_together(*arguments: object) -> None:
        both_began.wait(timeout=60)
        draw_into(*arguments)

    monkeypatch.setattr(toystore_cache, "draw_into", draw_together)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: pixels(TINY, str(tmp_path)), range(2))
    assert np.array_equal(first, second)
    assert sorted(file.name for file in folder_of(tmp_path).iterdir()) == ["pixels.npy", "record.json"]


def test_who_comes_second_takes_what_the_first_has_drawn(tmp_path, monkeypatch):
    def overtaken(*arguments: object) -> None:
        monkeypatch.setattr(toystore_cache, "draw_into", draw_into)
        pixels(TINY, str(tmp_path))
        (folder_of(tmp_path) / "pixels.npy").chmod(0o600)
        # What this process drew, nothing, is thrown away.

    monkeypatch.setattr(toystore_cache, "draw_into", overtaken)
    assert pixels(TINY, str(tmp_path)).any()
    assert (folder_of(tmp_path) / "pixels.npy").stat().st_mode & 0o777 == 0o600


def test_the_record_says_what_was_drawn(tmp_path):
    pixels(TINY, str(tmp_path))
    record = json.loads((folder_of(tmp_path) / "record.json").read_text())
    assert {key: record[key] for key in TINY._fields} == TINY._asdict()


def test_a_full_disk_is_one_line_that_names_the_folder_and_the_mend(tmp_path, monkeypatch):
    monkeypatch.setattr(toystore_cache.shutil, "disk_usage", lambda folder: SimpleNamespace(free=100))
    with pytest.raises(
        DataError, match=r"toystore-\w+: .*MiB needed.*set VSR_CACHE or data.cache_dir"
    ) as caught:
        pixels(TINY, str(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be drawn into"):
        pixels(TINY, str(tmp_path / "file"))


@pytest.mark.parametrize("processes", [1, 2])
def test_a_file_that_cannot_be_written_is_an_os_error_with_any_number_of_processes(tmp_path, processes):
    with pytest.raises(OSError, match="missing"):
        draw_into(tmp_path / "missing.npy", 0, TINY, processes)


def test_the_folder_is_the_argument_then_the_environment_then_the_users_cache(monkeypatch):
    monkeypatch.setenv("VSR_CACHE", "/somewhere")
    assert cache_root("/chosen") == Path("/chosen")
    assert cache_root(None) == Path("/somewhere")
    monkeypatch.delenv("VSR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/users")
    if os.name != "nt":
        assert cache_root(None) == Path("/users/vsr")
