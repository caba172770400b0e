"""A user's mistake is one line that names the value, the place and the mend, with exit code 1."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]


def photos(root: Path, labels=("a", "b", "c", "d", "e", "f"), each=4) -> Path:
    rng = np.random.default_rng(0)
    for label in labels:
        (root / label).mkdir(parents=True)
        for n in range(each):
            Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(root / label / f"{n}.jpg")
    return root


@pytest.fixture
def refused(script, tmp_path):
    """The one line that a bad ``train.py`` call leaves on standard error."""

    def call(*overrides: str, name: str = "train") -> str:
        code, _, err = script(name, f"hydra.run.dir={tmp_path}/run", *overrides)
        lines = [line for line in err.splitlines() if line.strip()]
        assert code == 1
        assert "Traceback" not in err
        assert len([line for line in lines if line.startswith("error: ")]) == 1, err
        return lines[-1]

    return call


def test_a_misspelled_key_is_named_with_the_nearest(refused):
    line = refused("loss.temprature=0.1")
    assert "loss.temprature" in line
    assert "'temperature'" in line


def test_a_misspelled_top_level_key_is_named_with_the_nearest(refused):
    assert "'seed'" in refused("sed=1")


def test_a_misspelled_group_is_named_with_the_nearest(refused):
    assert "'model'" in refused("modle=resnet18")


def test_a_misspelled_group_entry_is_named_with_the_nearest(refused):
    line = refused("model=resnet5O")
    assert "resnet5O" in line
    assert "'resnet50'" in line


def test_a_list_of_losses_is_told_to_be_combined(refused):
    assert "loss=combined" in refused("loss=[dcl,ntxent]")  # Hydra merges them: it would be NT-Xent alone


def test_an_emptied_group_is_told_to_use_none(refused):
    assert "logger=none" in refused("logger=null")


def test_a_value_out_of_range_names_its_key(refused):
    line = refused("loss.temperature=-1")
    assert "loss" in line
    assert "temperature must be > 0" in line


def test_a_missing_folder(refused, tmp_path):
    assert "photoz" in refused("data=folder", f"data.root={tmp_path}/photoz")


def test_an_unset_folder(refused):
    assert "data.root" in refused("data=folder")


def test_an_empty_folder(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty" in refused("data=folder", f"data.root={tmp_path}/empty")


def test_a_manifest_without_a_needed_column(refused, tmp_path):
    root = photos(tmp_path / "photos")
    pd.DataFrame({"imgae": ["a/0.jpg"], "product": ["a"]}).to_csv(tmp_path / "m.csv", index=False)
    line = refused("data=folder", f"data.root={root}", f"data.manifest={tmp_path}/m.csv")
    assert "'image'" in line
    assert "imgae" in line


def test_one_class_only(refused, tmp_path):
    root = photos(tmp_path / "photos", labels=("a",))
    assert "one" in refused("data=folder", f"data.root={root}")


def test_a_batch_that_can_hold_no_positive_pair(refused, tmp_path, tiny):
    root = photos(tmp_path / "photos")
    rows = [
        (f"{label}/{n}.jpg", label, "test" if label in "ab" else "val") for label in "abcd" for n in range(4)
    ]
    rows += [(f"{label}/0.jpg", label, "train") for label in "ef"]
    pd.DataFrame(rows, columns=["image", "product", "split"]).to_csv(tmp_path / "m.csv", index=False)
    line = refused(
        "data=folder",
        f"data.root={root}",
        f"data.manifest={tmp_path}/m.csv",
        "logger=none",
        "trainer.max_epochs=1",
    )
    assert "positive" in line


def test_a_sampler_with_one_picture_a_label(refused, tiny):
    assert "per_label" in refused(*tiny, "sampler.per_label=1")


def test_a_recipe_that_leaves_nothing_to_learn(refused, tiny):
    line = refused(*tiny, "finetune=linear_probe", "model.head=none", "model.width=null")
    assert "model.head=linear" in line


def test_a_corrupt_picture_stops_the_run_and_is_named(refused, tmp_path):
    root = photos(tmp_path / "photos")
    for label in "abcdef":
        (root / label / "0.jpg").write_bytes(b"\xff\xd8 not a picture")
    line = refused(
        "data=folder", f"data.root={root}", "logger=none", "sampler.batch_size=8", "transforms.size=32"
    )
    assert "0.jpg" in line
    assert "loader.on_corrupt=skip" in line


def test_weights_that_do_not_fit(refused, tmp_path, tiny):
    import torch

    torch.save({"conv1.weight": torch.zeros(3, 3)}, tmp_path / "w.pt")
    assert "w.pt" in refused(*tiny, f"model.weights={tmp_path}/w.pt")


def test_a_checkpoint_that_is_not_there(refused, tmp_path):
    assert "nowhere.ckpt" in refused(f"checkpoint={tmp_path}/nowhere.ckpt", name="evaluate")


def test_a_checkpoint_that_is_not_ours(refused, tmp_path):
    (tmp_path / "x.ckpt").write_bytes(b"PK\x03\x04 cut off")
    assert "x.ckpt" in refused(f"checkpoint={tmp_path}/x.ckpt", name="evaluate")


def test_nothing_to_resume(refused, tiny, tmp_path):
    by_time = f"hydra.run.dir={tmp_path}/${{now:%Y}}"
    assert "ckpt_path=last" in refused(*tiny, by_time, "ckpt_path=last")


def test_a_loss_that_is_not_finite_names_step_and_batch_and_no_checkpoint_where_there_is_none(refused, tiny):
    line = refused(*tiny, "optimizer=sgd", "optimizer.lr=1e30", "model.normalize=false", "scheduler.warmup=0")
    assert "step" in line
    assert "not finite" in line or "nan" in line or "inf" in line
    assert "checkpoint" not in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a Linux device")
def test_a_full_disk(refused, tiny, monkeypatch):
    import errno

    from vsr import files

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device", "metrics.csv")

    monkeypatch.setattr(files.os, "replace", full)
    assert "no disk space" in refused(*tiny)


def test_the_exit_code_of_the_process_is_one():
    done = subprocess.run(
        [sys.executable, "train.py", "model=resnet5O"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: model=resnet5O")
