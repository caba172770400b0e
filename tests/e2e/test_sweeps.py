"""Every file in ``sweeps/`` is a sweep that runs, and the W&B file beside it is the same one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser

from vsr.config.multirun import space_of
from vsr.sweeps.space import Choices, Space

ROOT = Path(__file__).parents[2]
SWEEPS = sorted(path.stem for path in (ROOT / "sweeps").glob("*.yaml"))
QUICK = {  # what makes a job of either script one of seconds
    "train": ["debug=tiny", "trainer.accelerator=cpu", "threads=1", "data.products=16"],
    "compare": [
        "vectors.n=300",
        "vectors.width=8",
        "comparison.queries=20",
        "comparison.seconds=0.002",
        "comparison.repeats=1",
        "comparison.threads=1",
    ],
}


def script_of(name: str) -> str:
    """The script that a sweep's file names in its head."""
    (line,) = (one for one in (ROOT / "sweeps" / f"{name}.yaml").read_text().splitlines() if "python " in one)
    return line.split("python ")[1].split(".py")[0]


def read(name: str) -> tuple[Space, dict]:
    """The space of a sweep's file as ``-m`` sees it, and the sweeper's configuration."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose(script_of(name), [f"sweeps={name}"], return_hydra_config=True)
        parser = OverridesParser.create(GlobalHydra.instance().config_loader())
        words = [f"{key}={value}" for key, value in cfg.hydra.sweeper.params.items()]
        return space_of(parser.parse_overrides(words)), cfg.hydra.sweeper


def wandb_file(name: str) -> dict:
    return yaml.safe_load((ROOT / "sweeps" / f"{name}.wandb.yml").read_text())


def command_of(told: dict, values: dict) -> list[str]:
    """What W&B's agent runs for ``values``: its own substitution."""
    utils = pytest.importorskip("wandb.sdk.launch.sweeps.utils")
    filled = utils.create_sweep_command_args({"args": {key: {"value": one} for key, one in values.items()}})
    filled |= {"env": ["/usr/bin/env"], "program": [told["program"]]}
    words = []
    for word in utils.create_sweep_command(list(told["command"])):
        words += filled[word[2:-1]] if word.startswith("${") else [word]
    return words


def first_values(told: dict) -> dict:
    """By parameter, its only value, its first, or its least."""
    return {
        key: one.get("value", one.get("values", [one.get("min")])[0])
        for key, one in told["parameters"].items()
    }


def test_there_are_the_sweeps_that_are_promised():
    assert {"temperature", "losses_samplers", "learning_rate", "backbones", "width", "ann", "losses"} <= {
        *SWEEPS
    }


@pytest.mark.parametrize("name", SWEEPS)
def test_the_first_job_of_a_sweep_runs_and_measures_its_metric(script, tmp_path, name):
    space, sweeper = read(name)
    which = script_of(name)
    code, _, err = script(
        which, *space.words(next(space.cover())), *QUICK[which], f"hydra.run.dir={tmp_path}/run"
    )
    assert code == 0, err
    split, _, metric = (sweeper.metric or "val/map").partition("/")
    assert json.loads((tmp_path / "run/summary.json").read_text())[split][metric] > 0


@pytest.mark.parametrize("name", SWEEPS)
def test_every_value_of_a_sweep_composes(name):
    space, _ = read(name)
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        for point in space.cover():
            compose(script_of(name), space.words(point))


@pytest.mark.parametrize("name", SWEEPS)
def test_the_wandb_file_is_the_same_sweep(name):
    space, sweeper = read(name)
    told = wandb_file(name)
    parameters = told["parameters"]
    assert told["program"] == f"{script_of(name)}.py"
    assert told["metric"]["name"] == (sweeper.metric or "val/map")
    assert told["metric"]["goal"] == (sweeper.direction or "maximize")
    assert [f"{key}={one['value']}" for key, one in parameters.items() if "value" in one] == space.fixed
    varied = {key: one for key, one in parameters.items() if "value" not in one}
    assert list(varied) == list(space.varied)
    for key, dimension in space.varied.items():
        if isinstance(dimension, Choices):
            assert varied[key] == {"values": list(dimension.values.values())}
        else:
            bounds = {"min": dimension.low, "max": dimension.high}
            assert varied[key] == {"distribution": "log_uniform_values", **bounds}
            assert dimension.log
    guided = bool(space.intervals())
    assert told["method"] == ("bayes" if guided else "grid")
    assert told.get("run_cap") == (sweeper.search.trials if guided else None)


@pytest.mark.parametrize("name", SWEEPS)
def test_the_command_of_the_wandb_file_composes(name):
    told = wandb_file(name)
    words = command_of(told, first_values(told))
    assert words[:3] == ["/usr/bin/env", "python", told["program"]]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        compose(script_of(name), words[3:])


def test_the_command_of_a_wandb_file_runs(script, tmp_path):
    told = wandb_file("temperature")
    words = command_of(told, first_values(told))
    code, _, err = script("train", *words[3:], *QUICK["train"], f"hydra.run.dir={tmp_path}/run")
    assert code == 0, err
    assert "0.02" in (tmp_path / "run/config.yaml").read_text()


def test_the_command_line_sets_the_search_that_a_sweep_file_chooses():
    words = ["sweeps=learning_rate", "hydra.sweeper.search.trials=0", "hydra.sweep.dir=never_made"]
    done = subprocess.run(
        [sys.executable, "train.py", "-m", *words], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: hydra.sweeper.search.trials must be >= 1, got 0"


def test_a_sweep_without_m_is_refused(script, tmp_path):
    code, _, err = script("train", "sweeps=temperature", f"hydra.run.dir={tmp_path}/run")
    assert code == 1
    assert err.splitlines()[-1] == "error: sweeps=temperature is a sweep: start it with -m"


@pytest.mark.slow
def test_a_search_of_train_py_prunes_by_its_own_epochs(tmp_path, store_cache):
    words = ["sweeps=learning_rate", *QUICK["train"], "trainer.max_epochs=3", "hydra.sweeper.search.trials=4"]
    pruner = [
        "hydra.sweeper.search.pruner.n_startup_trials=1",
        "hydra.sweeper.search.pruner.n_warmup_steps=0",
    ]
    folder = tmp_path / "sweep with, signs"
    done = subprocess.run(
        [sys.executable, "train.py", "-m", *words, *pruner, f"hydra.sweep.dir='{folder}'"],
        cwd=ROOT,
        env={**os.environ, "VSR_CACHE": str(store_cache), "WANDB_MODE": "offline"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    trials = [json.loads(path.read_text()) for path in sorted(folder.glob("*/trial.json"))]
    assert len(trials) == 4
    for number, trial in enumerate(trials):
        assert trial["state"] in ("complete", "pruned")
        assert 0 < trial["value"] < 1
        assert (folder / str(number) / "metrics.csv").is_file()
        assert (folder / str(number) / "summary.json").is_file() == (trial["state"] == "complete")
