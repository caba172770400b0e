import sys

import pytest
import torch

from vsr import assemble
from vsr.errors import CheckpointError
from vsr.training.concatenate import concatenate, main
from vsr.training.measure import load_model

MODEL = {
    "_target_": "vsr.models.EmbeddingModel",
    "backbone": "squeezenet1_1",
    "width": 4,
    "weights": "gone.pt",
}


def config(fold, size=64):
    data = {"_target_": "vsr.data.Folder", "root": "photos", "fold": fold, "image_size": size}
    return {"model": MODEL, "data": data, "transforms": {"size": size}, "seed": fold}


@pytest.fixture
def folds(tmp_path):
    """Checkpoints of two folds, and the networks in them."""
    paths, models = [], []
    for fold in (0, 1):
        model = assemble.network({"model": {**MODEL, "weights": None}, "seed": fold}).eval()
        state = {f"model.{name}": value for name, value in model.state_dict().items()}
        paths.append(tmp_path / f"{fold}.ckpt")
        torch.save(
            {"vsr_config": config(fold), "state_dict": {**state, "loss.proxies": torch.ones(2)}}, paths[-1]
        )
        models.append(model)
    return paths, models


def test_the_checkpoint_of_two_gives_their_embeddings_side_by_side(folds, tmp_path):
    paths, models = folds
    concatenate(paths, tmp_path / "all.ckpt")
    made = torch.load(tmp_path / "all.ckpt", weights_only=True)
    both = assemble.network(made["vsr_config"]).eval()
    load_model(both, tmp_path / "all.ckpt")
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    expected = torch.cat([model(images) for model in models], dim=1) / 2**0.5
    torch.testing.assert_close(both(images), expected)


def test_networks_that_look_at_other_pictures_are_refused(folds, tmp_path):
    paths, _ = folds
    checkpoint = torch.load(paths[1], weights_only=True)
    torch.save({**checkpoint, "vsr_config": config(1, size=96)}, paths[1])
    with pytest.raises(CheckpointError, match=r"1\.ckpt cannot be .*: transforms\.size \(64 then, 96 now\)"):
        concatenate(paths, tmp_path / "all.ckpt")
    assert not (tmp_path / "all.ckpt").exists()


def test_one_checkpoint_alone_is_refused(folds, tmp_path):
    with pytest.raises(CheckpointError, match="give two checkpoints or more"):
        concatenate(folds[0][:1], tmp_path / "all.ckpt")


def test_a_checkpoint_is_not_written_over(folds, monkeypatch, capsys):
    paths, _ = folds
    before = paths[0].read_bytes()
    monkeypatch.setattr(sys, "argv", ["concatenate", *map(str, paths)])
    assert main() == 1
    assert "must be the new .ckpt file" in capsys.readouterr().err
    assert paths[0].read_bytes() == before
