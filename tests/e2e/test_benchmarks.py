"""Measure a checkpoint on benchmarks, through the script, on miniatures in the published layout."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from hydra import compose, initialize_config_dir
from PIL import Image

from vsr.config import assemble

CONF = Path(__file__).parents[2] / "conf"
SIZE = 32


@pytest.fixture(scope="module")
def model_and_checkpoint(tmp_path_factory):
    """An untrained network and its checkpoint."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", ["model=resnet18", "model.width=16", f"data.image_size={SIZE}", "logger=none"])
    config = assemble.plain(cfg)
    model = assemble.network(config).eval()
    path = tmp_path_factory.mktemp("run") / "last.ckpt"
    state = {f"model.{name}": value for name, value in model.state_dict().items()}
    torch.save({"state_dict": state, "vsr_config": config}, path)
    return model, path


@pytest.fixture
def evaluate(script, model_and_checkpoint, tmp_path):
    """Call with overrides for the means of the evaluation, and what it says about itself."""

    def call(*overrides):
        fixed = [f"checkpoint={model_and_checkpoint[1]}", f"hydra.run.dir={tmp_path}/out", "threads=1"]
        code, _, err = script("evaluate", *fixed, "progress=none", "trainer.accelerator=cpu", *overrides)
        assert code == 0, err
        about = json.loads((tmp_path / "out/evaluation.json").read_text())
        return about["means"], about

    return call


def test_roxford_measures_what_its_definition_gives(evaluate, model_and_checkpoint, tmp_path):
    root, rng = tmp_path / "roxford5k", np.random.default_rng(0)
    (root / "jpg").mkdir(parents=True)
    gallery, queries = [f"bodleian_{n:06d}" for n in range(12)], ["bodleian_000107", "ashmolean_000058"]
    for name in (*gallery, *queries):
        pixels = rng.integers(0, 256, (8, 10, 3), dtype=np.uint8)
        side = SIZE if name in gallery else SIZE + 8  # nothing is resized: resampling is not what is tested
        Image.fromarray(pixels).resize((side, side)).save(root / "jpg" / f"{name}.jpg", quality=95)
    box = [4.0, 6.0, 4.0 + SIZE, 6.0 + SIZE]
    gnd = [
        {"easy": np.array([1, 2]), "hard": np.array([7, 4]), "junk": np.array([0, 11]), "bbx": box},
        {"easy": np.array([3]), "hard": np.array([5, 9]), "junk": np.array([8]), "bbx": box},
    ]
    truth = {"imlist": gallery, "qimlist": queries, "gnd": gnd}
    (root / "gnd_roxford5k.pkl").write_bytes(pickle.dumps(truth, 2))
    means, about = evaluate("data=roxford", f"data.root={root}", "data.difficulty=hard", "metrics=revisited")

    def embed(names, crop):
        with torch.no_grad():
            for name in names:
                image = Image.open(root / "jpg" / f"{name}.jpg").convert("RGB")
                pixels = torch.from_numpy(np.array(image.crop(box) if crop else image)).permute(2, 0, 1)[None]
                yield torch.nn.functional.normalize(model_and_checkpoint[0](pixels).double(), dim=1)[0]

    scores = torch.stack(list(embed(queries, True))) @ torch.stack(list(embed(gallery, False))).T
    expected = []
    for query, row in enumerate(scores):
        junk = {*gnd[query]["junk"], *gnd[query]["easy"]}
        kept = [one for one in row.argsort(descending=True).tolist() if one not in junk]
        ranks = [rank for rank, one in enumerate(kept) if one in gnd[query]["hard"]]
        steps = [(n / rank if rank else 1.0) + (n + 1) / (rank + 1) for n, rank in enumerate(ranks)]
        expected.append(sum(steps) / 2 / 2)
    assert means["map:trapezoid"] == pytest.approx(np.mean(expected), abs=1e-12)
    assert (about["protocol"], about["queries"]) == ("roxford5k/hard/v1/not-as-published:test", 2)
    assert about["judging"]["ignored"] == "the query itself and listed junk"
    assert about["levels"] == {}


def test_training_on_roxford_says_that_there_is_nothing_to_train_on(script, tmp_path):
    root = tmp_path / "roxford5k"
    (root / "jpg").mkdir(parents=True)
    for name in ("a_1", "b_1"):
        Image.new("RGB", (9, 9)).save(root / "jpg" / f"{name}.jpg")
    gnd = [{"easy": [0], "hard": [], "junk": [], "bbx": [0, 0, 9, 9]}]
    truth = {"imlist": ["a_1"], "qimlist": ["b_1"], "gnd": gnd}
    (root / "gnd_roxford5k.pkl").write_bytes(pickle.dumps(truth, 2))
    code, _, err = script(
        "train",
        "data=roxford",
        f"data.root={root}",
        "model=resnet18",
        "logger=none",
        f"hydra.run.dir={tmp_path}/o",
    )
    assert code == 1
    assert (
        "error: roxford5k/medium/v1/not-as-published has no training split, it is for evaluation only" in err
    )
    assert "Traceback" not in err


def test_a_torchvision_set_is_measured_by_its_protocol(evaluate, monkeypatch, tmp_path):
    monkeypatch.setattr(torchvision.datasets.cifar, "check_integrity", lambda path, md5: os.path.isfile(path))
    folder, rng = tmp_path / "sets/cifar-10-batches-py", np.random.default_rng(0)
    folder.mkdir(parents=True)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        rows = rng.integers(0, 256, (20, 3072), dtype=np.uint8)
        (folder / name).write_bytes(pickle.dumps({"data": rows, "labels": [n // 2 for n in range(20)]}, 2))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": [f"c{n}" for n in range(10)]}, 2))
    _, about = evaluate("data=cifar10", f"data.root={tmp_path}/sets", "data.protocol=against_train")
    assert (about["protocol"], about["queries"]) == ("cifar10/against_train/v1/not-as-published:test", 20)
    assert about["judging"]["gallery"] == 100
