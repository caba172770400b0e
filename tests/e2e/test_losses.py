"""Losses through the real script: those with parameters of their own, sums, and every entry."""

import json
import math
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
VIEWS = ["data/positives=augment", "sampler=random"]
NEEDS = {"clip": VIEWS, "infonce_one_way": VIEWS, "npair": ["model.normalize=false"]}
ENTRIES = sorted(path.stem for path in (ROOT / "conf/loss").glob("*.yaml"))


def state(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "checkpoints/last.ckpt", weights_only=True)["state_dict"]


def test_proxies_learn_resume_exactly_and_are_not_needed_to_evaluate(script, tiny, tmp_path):
    command = [
        *tiny,
        "loss=combined",
        "loss@loss.losses.first=hierarchical",
        "finetune.loss_lr_factor=100",
        "scheduler=constant",  # knows no end, so that a run of one epoch is the first half of one of two
        "scheduler.warmup=0",
        "model=squeezenet1_1",
    ]
    half = ["trainer.max_epochs=1", f"hydra.run.dir={tmp_path}/half"]
    resumed = [f"hydra.run.dir={tmp_path}/resumed", f"ckpt_path={tmp_path}/half/checkpoints/last.ckpt"]
    for run in (half, resumed, [f"hydra.run.dir={tmp_path}/whole"]):
        code, _, err = script("train", *command, *run)
        assert code == 0, err
    first, second, whole = (state(tmp_path / name) for name in ("half", "resumed", "whole"))
    proxies = "loss.losses.second.proxies"
    assert not torch.equal(whole[proxies], first[proxies])
    assert whole.keys() == second.keys()
    assert all(torch.equal(whole[name], second[name]) for name in whole)
    best = tmp_path / "whole/checkpoints/best.ckpt"
    code, _, err = script("evaluate", f"checkpoint={best}", f"hydra.run.dir={tmp_path}/e", "threads=2")
    assert code == 0, err
    summary = json.loads((tmp_path / "whole/summary.json").read_text())
    assert json.loads((tmp_path / "e/evaluation.json").read_text())["means"] == summary["test"]


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_trains(script, tiny, tmp_path, entry):
    code, _, err = script(
        "train",
        *tiny,
        f"loss={entry}",
        *NEEDS.get(entry, []),
        "model=squeezenet1_1",
        "trainer.max_epochs=1",
        f"hydra.run.dir={tmp_path}",
    )
    assert code == 0, err
    assert math.isfinite(json.loads((tmp_path / "summary.json").read_text())["val"]["map"])
