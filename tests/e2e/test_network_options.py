"""Adapters and compilation through the real scripts: what is trained is what is read and resumed."""

import json
from pathlib import Path

import pytest
import torch

NET = ["model=squeezenet1_1", "scheduler=constant", "scheduler.warmup=0"]


def checkpoint(folder: Path) -> dict:
    return torch.load(folder / "checkpoints/last.ckpt", weights_only=True)


def measured(script, folder: Path, out: Path) -> dict[str, float]:
    best = folder / "checkpoints/best.ckpt"
    code, _, err = script("evaluate", f"checkpoint={best}", f"hydra.run.dir={out}", "threads=2")
    assert code == 0, err
    return json.loads((out / "evaluation.json").read_text())["means"]


def test_adapters_are_measured_resumed_and_merged_for_another_run(script, tiny, tmp_path):
    pytest.importorskip("peft", reason="peft is an optional extra")
    command = [*tiny, *NET, "finetune=lora", "finetune.rank=2", "finetune.dropout=0.1"]
    half = ["trainer.max_epochs=1", f"hydra.run.dir={tmp_path}/half"]
    resumed = [f"hydra.run.dir={tmp_path}/resumed", f"ckpt_path={tmp_path}/half/checkpoints/last.ckpt"]
    for run in (half, resumed, [f"hydra.run.dir={tmp_path}/whole"]):
        code, _, err = script("train", *command, *run)
        assert code == 0, err
    states = {name: checkpoint(tmp_path / name)["state_dict"] for name in ("half", "resumed", "whole")}
    whole = states["whole"]
    assert all(torch.equal(value, states["resumed"][name]) for name, value in whole.items())
    moved = {name for name, value in whole.items() if not torch.equal(value, states["half"][name])}
    assert moved == {name for name in whole if ".lora_" in name or name.startswith("model.head.")}
    summary = json.loads((tmp_path / "whole/summary.json").read_text())
    assert measured(script, tmp_path / "whole", tmp_path / "e") == summary["test"]

    best = tmp_path / "whole/checkpoints/best.ckpt"
    other = [f"model.weights={best}", "trainer.max_epochs=1", f"hydra.run.dir={tmp_path}/next"]
    code, _, err = script("train", *tiny, *NET, *other)
    assert code == 0, err
    untrained = json.loads((tmp_path / "next/summary.json").read_text())["untrained"]
    assert untrained == pytest.approx(summary["test"], abs=0.01)  # it starts where that one ended
    assert not any("lora" in name for name in checkpoint(tmp_path / "next")["state_dict"])


def test_a_compiled_run_leaves_a_plain_checkpoint(script, tiny, tmp_path):
    command = [*tiny, *NET, "compile=eager", "trainer.max_epochs=1", f"hydra.run.dir={tmp_path}/run"]
    code, _, err = script("train", *command)
    assert code == 0, err
    assert not any("_orig_mod" in name for name in checkpoint(tmp_path / "run")["state_dict"])
    summary = json.loads((tmp_path / "run/summary.json").read_text())
    assert measured(script, tmp_path / "run", tmp_path / "e") == pytest.approx(summary["test"], abs=0.01)


def test_an_unknown_compiler_is_one_line(script, tiny, tmp_path):
    code, _, err = script("train", *tiny, *NET, "compile=true", f"hydra.run.dir={tmp_path}")
    assert code == 1
    assert "error: compile must be null or a backend of torch.compile, got True" in err
