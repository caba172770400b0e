import os

import pytest
import torch

from vsr.errors import CheckpointError
from vsr.training.checkpoints import BestCheckpoint, bring_along, find_resume, read_checkpoint


def checkpoint(folder, name="last", content=b"x"):
    path = folder / "checkpoints" / f"{name}.ckpt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_last_is_the_runs_own(tmp_path):
    mine, other = tmp_path / "mine", tmp_path / "other"
    path = checkpoint(mine)
    checkpoint(other)
    assert find_resume("last", mine) == path


def test_in_a_fresh_folder_last_is_the_newest_beside_it(tmp_path):
    old, new = checkpoint(tmp_path / "a"), checkpoint(tmp_path / "b")
    os.utime(old, (1, 1))
    assert find_resume("last", tmp_path / "c") == new


def test_a_run_killed_before_its_first_epoch_starts_anew(tmp_path):
    checkpoint(tmp_path / "other")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/config.yaml").write_text("seed: 0")
    assert find_resume("last", tmp_path / "run") is None


def test_nothing_to_resume_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match=r"ckpt_path=last finds no run"):
        find_resume("last", tmp_path / "run")


def test_a_named_checkpoint_must_exist(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        find_resume(str(tmp_path / "nowhere.ckpt"), tmp_path)


def test_the_best_checkpoint_comes_along_to_another_folder(tmp_path):
    checkpoint(tmp_path / "a", "best", b"best")
    bring_along(checkpoint(tmp_path / "a"), tmp_path / "b")
    assert (tmp_path / "b/checkpoints/best.ckpt").read_bytes() == b"best"


def test_the_best_score_survives_a_change_of_folder(tmp_path):
    before = {
        "monitor": "val/map",
        "best_model_score": torch.tensor(0.5),
        "best_model_path": "/old/checkpoints/best.ckpt",
        "current_score": torch.tensor(0.4),
        "dirpath": "/old/checkpoints",
        "best_k_models": {"/old/checkpoints/best.ckpt": torch.tensor(0.5)},
        "kth_best_model_path": "/old/checkpoints/best.ckpt",
        "kth_value": torch.tensor(0.5),
        "last_model_path": "",
    }
    callback = BestCheckpoint()
    callback.dirpath = str(tmp_path)
    callback.load_state_dict(before)
    assert callback.best_model_score == 0.5
    assert callback.best_k_models == {f"{tmp_path}/best.ckpt": torch.tensor(0.5)}
    assert callback.kth_best_model_path == f"{tmp_path}/best.ckpt"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text"])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    path = checkpoint(tmp_path, content=content)
    with pytest.raises(CheckpointError, match=r"last\.ckpt cannot be read"):
        read_checkpoint(path)


def test_foreign_weights_are_told_where_they_belong(tmp_path):
    torch.save({"state_dict": {}}, tmp_path / "w.ckpt")
    with pytest.raises(CheckpointError, match=r"model\.weights="):
        read_checkpoint(tmp_path / "w.ckpt")


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harm"),)

    torch.save({"vsr_config": Evil()}, tmp_path / "evil.ckpt")
    with pytest.raises(CheckpointError):
        read_checkpoint(tmp_path / "evil.ckpt")
    assert not (tmp_path / "harm").exists()
