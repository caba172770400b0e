"""What ``ckpt_path`` means, and that a run goes on as nothing but itself."""

import inspect
import os
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from lightning import Trainer
from omegaconf import OmegaConf

from vsr.errors import CheckpointError
from vsr.training.checkpoints import CATALOGUE
from vsr.training.resume import MAY_DIFFER, bring_along, check_same, differences, find_resume

CONF = Path(__file__).parents[2] / "conf"
CONFIG = {
    "seed": 0,
    "threads": 2,
    "ckpt_path": "last",
    "loss": {"_target_": "vsr.losses.InfoNCE", "temperature": 0.1},
    "data": {"root": "photos", "image_size": 32},
    "loader": {"workers": 0, "on_corrupt": "stop"},
    "logger": {"project": "vsr"},
    "callbacks": {"best": {"monitor": "val/map"}, "progress": {"leave": False}},
    "trainer": {"max_epochs": 5, "devices": 1, "precision": "32-true"},
}


def checkpoint(folder, name="last", content=b"x"):
    path = folder / "checkpoints" / f"{name}.ckpt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def changed(key: str, value) -> dict:
    """`CONFIG` with another value of a dotted key."""
    config = {name: dict(one) if isinstance(one, dict) else one for name, one in CONFIG.items()}
    *above, last = key.split(".")
    node = config
    for name in above:
        node = node.setdefault(name, {})
    node[last] = value
    return config


@pytest.fixture
def written(tmp_path):
    """A last checkpoint of `CONFIG`, after three epochs."""
    path = checkpoint(tmp_path / "a")
    torch.save({"vsr_config": CONFIG, CATALOGUE: "f00d", "epoch": 2, "state_dict": {}}, path)
    return path


@pytest.mark.parametrize("named", [True, False])
def test_last_is_the_runs_own(tmp_path, named):
    mine, other = tmp_path / "mine", tmp_path / "other"
    path = checkpoint(mine)
    checkpoint(other)
    assert find_resume("last", mine, named) == path


@pytest.mark.parametrize("left", ["nothing", "a folder", "config.yaml", "best.ckpt"])
def test_a_folder_that_was_named_is_never_given_the_checkpoint_of_a_run_beside_it(tmp_path, left, caplog):
    caplog.set_level("INFO")
    checkpoint(tmp_path / "a")
    if left != "nothing":
        (tmp_path / "b").mkdir()
    if left == "config.yaml":
        (tmp_path / "b/config.yaml").write_text("seed: 0")
    if left == "best.ckpt":
        checkpoint(tmp_path / "b", "best")
    assert find_resume("last", tmp_path / "b", named=True) is None
    (line,) = caplog.messages
    assert line == f"ckpt_path=last: {tmp_path}/b has no checkpoint yet, the run starts from the beginning"


def test_in_a_folder_made_from_the_time_last_is_the_newest_beside_it_and_that_is_said(tmp_path, caplog):
    caplog.set_level("INFO")
    old, new = checkpoint(tmp_path / "a"), checkpoint(tmp_path / "b")
    os.utime(old, (1, 1))
    assert find_resume("last", tmp_path / "2026-01-01_00-00-00", named=False) == new
    (line,) = caplog.messages
    assert line.endswith(f"the newest run goes on, {tmp_path}/b")


def test_nothing_beside_a_folder_made_from_the_time_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match=r"ckpt_path=last finds no run"):
        find_resume("last", tmp_path / "run", named=False)


def test_a_named_checkpoint_must_exist(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        find_resume(str(tmp_path / "nowhere.ckpt"), tmp_path, named=True)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("loss.temperature", 0.2, "loss.temperature was 0.1 and is 0.2 now"),
        (
            "loss._target_",
            "vsr.losses.SupCon",
            "loss._target_ was vsr.losses.InfoNCE and is vsr.losses.SupCon",
        ),
        ("seed", 1, "seed was 0 and is 1 now"),
        ("trainer.precision", "bf16-mixed", "trainer.precision was 32-true and is bf16-mixed now"),
        ("trainer.gradient_clip_val", 1.0, "trainer.gradient_clip_val was None and is 1.0 now"),
        ("loader.on_corrupt", "skip", "loader.on_corrupt was stop and is skip now"),
        ("callbacks.best", None, "callbacks.best was {'monitor': 'val/map'} and is None now"),
        ("data.image_size", 64, "data.image_size was 32 and is 64 now"),
    ],
)
def test_another_configuration_is_refused_with_both_values_unless_the_file_was_named(
    written, key, value, says, caplog
):
    with pytest.raises(CheckpointError) as raised:
        check_same(written, changed(key, value), "f00d")
    line = str(raised.value)
    assert says in line
    assert line.startswith(f"ckpt_path=last: the run in {written.parents[1]} is another: ")
    assert line.endswith(f"all the same by ckpt_path={written}")
    check_same(written, {**changed(key, value), "ckpt_path": str(written)}, "f00d")
    assert [says in one for one in caplog.messages] == [True]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("trainer.max_epochs", 9),
        ("trainer.devices", 4),
        ("trainer.strategy", "ddp"),
        ("loader.workers", 8),
        ("threads", 1),
        ("logger", None),
        ("callbacks.progress", None),
        ("data.root", "moved/photos"),
        ("ckpt_path", None),
    ],
)
def test_length_place_and_watching_of_a_run_may_change(written, key, value, caplog):
    check_same(written, changed(key, value), "f00d")
    assert not caplog.messages


def test_the_same_configuration_over_other_data_is_refused(written):
    with pytest.raises(CheckpointError, match="catalogue was f00d and is beef now"):
        check_same(written, CONFIG, "beef")


def test_many_differences_are_counted(written):
    config = {**CONFIG, **{f"key{number}": number for number in range(9)}}
    with pytest.raises(CheckpointError, match=r"key4 was None and is 4 now and 4 more; keep them"):
        check_same(written, config, "f00d")


@pytest.mark.parametrize("epochs", [3, -1, None])
def test_a_run_of_as_many_epochs_as_there_are_is_at_its_end(written, epochs):
    check_same(written, changed("trainer.max_epochs", epochs), "f00d")


def test_fewer_epochs_than_there_are_is_refused(written):
    with pytest.raises(CheckpointError, match=r"trainer\.max_epochs must be >= 3, the epochs of .*, got 2"):
        check_same(written, changed("trainer.max_epochs", 2), "f00d")


def test_every_key_that_may_differ_exists():
    known = {"callbacks.pruning"} | {f"trainer.{name}" for name in inspect.signature(Trainer).parameters}
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for words in ["callbacks=health"], ["data=shards"], ["data=cub200"], ["data=toystore"]:
            composed = compose("train", words)
            groups = [name for name in composed if OmegaConf.is_dict(composed[name])]
            known |= {*composed, *(f"{group}.{name}" for group in groups for name in composed[group])}
    assert set(MAY_DIFFER) <= known


def test_both_checkpoints_come_along_to_another_folder(tmp_path):
    checkpoint(tmp_path / "a", "best", b"best")
    bring_along(checkpoint(tmp_path / "a", content=b"last"), tmp_path / "b")
    assert (tmp_path / "b/checkpoints/best.ckpt").read_bytes() == b"best"
    assert (tmp_path / "b/checkpoints/last.ckpt").read_bytes() == b"last"
    # killed before its first epoch ended, that run goes on from there, and not from what is newest then
    assert find_resume("last", tmp_path / "b", named=True) == tmp_path / "b/checkpoints/last.ckpt"


def test_going_back_to_the_best_of_ones_own_leaves_the_last_where_it_is(tmp_path):
    last = checkpoint(tmp_path, content=b"last")
    bring_along(checkpoint(tmp_path, "best", b"best"), tmp_path)
    assert last.read_bytes() == b"last"


def test_differences_are_by_dotted_key_and_a_missing_key_is_none():
    before = {"loss": {"temperature": 0.1}, "seed": 0}
    now = {"loss": {"temperature": 0.2}, "seed": 0, "new": 1}
    assert differences(before, now) == {"loss.temperature": (0.1, 0.2), "new": (None, 1)}
