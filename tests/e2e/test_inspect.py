"""``python -m vsr.data.inspect``, as a person or a pipeline calls it."""

import json
import re
import runpy
import shutil
import sys

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def inspect(monkeypatch, capfd, tmp_path):
    """``inspect(*overrides)``: exit code, both outputs, and the folder with what was written."""

    def call(*overrides):
        folder = tmp_path / "inspection"
        monkeypatch.setattr(sys, "argv", ["inspect", *overrides, f"hydra.run.dir={folder}"])
        capfd.readouterr()
        code = 0
        try:
            runpy.run_module("vsr.data.inspect", run_name="__main__", alter_sys=True)
        except SystemExit as leaving:
            code = leaving.code
        out, err = capfd.readouterr()
        return code, out, err, folder

    return call


@pytest.fixture
def photos(tmp_path):
    """Eight labels of three pictures, each of random soft shapes."""
    random = np.random.default_rng(0)
    for label in "abcdefgh":
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(3):
            coarse = random.integers(0, 256, (9, 12, 3), np.uint8)
            picture = Image.fromarray(coarse).resize((120, 90), Image.Resampling.BICUBIC)
            picture.save(tmp_path / "photos" / label / f"{number}.jpg")
    return tmp_path / "photos"


def test_a_sound_folder_leaves_with_zero_a_page_and_a_file_for_machines(inspect, photos):
    code, out, err, folder = inspect("data=folder", f"data.root={photos}")
    assert code == 0, err
    assert "Nothing is wrong." in out
    about = json.loads((folder / "inspection.json").read_text())
    assert about["usable"]
    assert sum(row["pictures"] for row in about["splits"]) == 24
    html = (folder / "inspection.html").read_text()
    assert len(re.findall("<img", html)) == 2 + 24
    assert "vsr.data.inspect data=folder" in html


def test_a_folder_with_a_leak_and_an_empty_file_leaves_with_one_and_names_them(inspect, photos):
    (photos / "c" / "0.jpg").write_bytes(b"")
    shutil.copy(photos / "a" / "0.jpg", photos / "b" / "copy.jpg")
    code, out, _, folder = inspect("data=folder", f"data.root={photos}")
    assert code == 1
    assert "c/0.jpg: the file is empty" in out
    assert "b/copy.jpg" in out
    assert "Not fit for training" in out
    names = [one["name"] for one in json.loads((folder / "inspection.json").read_text())["findings"]]
    assert {"unreadable", "copies/labels/exact"} <= set(names)
    assert (folder / "inspection.html").exists()


def test_a_missing_folder_is_one_line(inspect, tmp_path):
    code, _, err, _ = inspect("data=folder", f"data.root={tmp_path}/nowhere")
    assert code == 1
    assert [line for line in err.splitlines() if line.startswith("error: ")] == err.splitlines()
    assert "nowhere" in err
