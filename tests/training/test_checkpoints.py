import os

import pytest
import torch

from vsr.errors import CheckpointError
from vsr.training.checkpoints import BestCheckpoint, LastCheckpoint, read_checkpoint, written_by


def checkpoint(folder, name="last", content=b"x"):
    path = folder / "checkpoints" / f"{name}.ckpt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


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


class Trained:
    """A trainer, as far as `written_by` looks at it."""

    def __init__(self, *callbacks):
        self.checkpoint_callbacks = list(callbacks)


def test_what_another_run_left_in_the_folder_was_not_written_by_this_one(tmp_path):
    checkpoint(tmp_path, "best")
    last = checkpoint(tmp_path)
    first, second = LastCheckpoint(), BestCheckpoint()
    assert written_by(Trained()) == []
    assert written_by(Trained(first, second)) == []
    first.best_model_path = str(last)
    assert written_by(Trained(first, second)) == [last]
    second.best_model_path = str(tmp_path / "checkpoints/best.ckpt")
    assert written_by(Trained(first, second)) == [tmp_path / "checkpoints/best.ckpt", last]
    last.unlink()
    assert written_by(Trained(first, second)) == [tmp_path / "checkpoints/best.ckpt"]
