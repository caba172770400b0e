import json
import os
import stat

import pytest

from vsr.files import write_json, write_text, written_whole


def test_an_error_while_writing_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail_half_way() -> None:
        with written_whole(path) as aside:
            aside.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with written_whole(path) as aside:
        aside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_missing_folders_are_made_and_the_file_is_readable_by_the_group(tmp_path):
    path = tmp_path / "b" / "c.txt"
    write_text(path, "x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_json_has_no_nan(tmp_path):
    write_json(tmp_path / "a.json", {"a": float("nan"), 1: [float("inf"), 0.5]})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": None, "1": [None, 0.5]}
