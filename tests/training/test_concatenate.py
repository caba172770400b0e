import inspect
import sys
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

from vsr.config import assemble
from vsr.data.pictures.transforms import PictureTransforms
from vsr.errors import CheckpointError, ConfigError
from vsr.runs.evaluate import load_model
from vsr.training.checkpoints import chosen_on
from vsr.training.concatenate import LOCAL, TRAINING, concatenate, main

CONF = Path(__file__).parents[2] / "conf"
MODEL = {
    "_target_": "vsr.models.EmbeddingModel",
    "backbone": "squeezenet1_1",
    "width": 4,
    "weights": "gone.pt",
}


def config(fold, size=64):
    data = {"_target_": "vsr.data.readers.Folder", "root": "photos", "fold": fold, "image_size": size}
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


def changed(path, **changes):
    """Write ``path`` again with changes in groups of its configuration."""
    checkpoint = torch.load(path, weights_only=True)
    config = checkpoint["vsr_config"]
    made = {key: {**(config.get(key) or {}), **values} for key, values in changes.items()}
    torch.save({**checkpoint, "vsr_config": {**config, **made}}, path)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"transforms": {"size": 96}}, "transforms.size (96, not 64)"),
        ({"transforms": {"crop_share": 0.875}}, "transforms.crop_share (0.875, not 1.0)"),
        (
            {"data": {"root": "other", "levels": ["a"]}},
            "data.root (other, not photos), data.levels (['a'], not None)",
        ),
        (
            {"data": {"folds": 5}, "transforms": {"resize": "pad"}},
            "data.folds (5, not None), transforms.resize",
        ),
    ],
)
def test_networks_that_see_other_pictures_are_refused_with_all_that_differs(folds, tmp_path, changes, told):
    paths, _ = folds
    changed(paths[1], **changes)
    with pytest.raises(CheckpointError) as refusal:
        concatenate(paths, tmp_path / "all.ckpt")
    assert f"{paths[1]} cannot be concatenated with {paths[0]}: it differs in {told}" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "all.ckpt").exists()


def test_networks_of_two_precisions_are_refused(folds, tmp_path):
    paths, _ = folds
    changed(paths[1], trainer={"precision": "bf16-mixed"})
    with pytest.raises(CheckpointError, match=r"trainer\.precision \(bf16-mixed, not 32-true\)"):
        concatenate(paths, tmp_path / "all.ckpt")
    changed(paths[0], trainer={"precision": "bf16"})  # by its short name
    concatenate(paths, tmp_path / "all.ckpt")


def test_what_only_training_saw_may_differ(folds, tmp_path):
    changed(folds[0][1], transforms={"color": 0.4, "crop_share": 1.0}, data={"cache_dir": "there"})
    concatenate(folds[0], tmp_path / "all.ckpt")


def test_every_option_of_the_transforms_either_may_differ_or_is_seen():
    options = set(inspect.signature(PictureTransforms).parameters)
    assert options - {*TRAINING, *LOCAL} == {"size", "resize", "crop_share"}


def test_networks_with_adapters_are_refused(folds, tmp_path):
    changed(folds[0][1], finetune={"rank": 4})
    with pytest.raises(CheckpointError, match=r"1\.ckpt cannot be .*: it has adapters \(rank 4\)"):
        concatenate(folds[0], tmp_path / "all.ckpt")


def test_one_that_was_chosen_on_test_marks_them_all(folds, tmp_path):
    changed(folds[0][1], callbacks={"best": {"monitor": "test/map"}})
    concatenate(folds[0], tmp_path / "all.ckpt")
    made = torch.load(tmp_path / "all.ckpt", weights_only=True)["vsr_config"]
    assert chosen_on(made, tmp_path / "all.ckpt") == "test"


@pytest.mark.parametrize("script", ["evaluate", "compare"])
def test_folds_are_not_measured_on_a_val_that_some_learned_from(folds, tmp_path, script):
    concatenate(folds[0], tmp_path / "all.ckpt")
    trained = torch.load(tmp_path / "all.ckpt", weights_only=True)["vsr_config"]
    words = [f"checkpoint={tmp_path}/all.ckpt", "split=val"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        with pytest.raises(
            ConfigError, match=r"networks of other folds in .*all\.ckpt learned from it; use split=test"
        ):
            assemble._check_split(trained, compose(script, words))
        assemble._check_split(trained, compose(script, words[:1]))
        assemble._check_split(trained, compose(script, [*words, "data=toystore"]))
        assemble._check_split(config(0), compose(script, words))


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
