import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

SPACE = {
    "loss.temperature": {"low": 0.01, "high": 1.0, "log": True, "int": False},
    "optimizer.lr": {"low": 1e-5, "high": 1e-2, "log": True, "int": False},
    "loss": {"choices": ["infonce", "supcon", "triplet"]},
}


def write_trial(
    folder, number, overrides, value=None, state="complete", error=None, curve=(), seconds=30.0, test=None
):
    """A run folder as the driver and a run leave it."""
    run = folder / str(number)
    run.mkdir(parents=True)
    told = {"number": number, "state": state, "overrides": overrides, "value": value}
    (run / "trial.json").write_text(json.dumps(told | {"error": error, "seconds": seconds}))
    if len(curve):
        history = {"epoch": range(len(curve)), "step": range(0, 10 * len(curve), 10), "val/map": curve}
        pd.DataFrame(history).to_csv(run / "metrics.csv", index=False)
    if state == "complete":
        test = value - 0.02 if test is None else test
        summary = {"val": {"map": value, "mrr": value}, "test": {"map": test, "mrr": test}}
        summary |= {"monitor": "val/map", "chosen_on": "val", "seconds": seconds, "best_epoch": 1}
        summary |= {
            "intervals": {"test": {"map": [test - 0.03, test + 0.03], "mrr": [test - 0.04, test + 0.04]}}
        }
        (run / "summary.json").write_text(json.dumps(summary))
    return run


def write_about(folder, space, command="train.py -m sweeps=temperature", sampler="tpe", **changes):
    folder.mkdir(parents=True, exist_ok=True)
    about = {"command": command, "metric": "val/map", "direction": "maximize", "sampler": sampler}
    (folder / "sweep.json").write_text(json.dumps(about | {"space": space} | changes))


def write_search(folder, n=24, seed=0):
    """A search over three hyper-parameters: temperature matters most; some runs are pruned, some fail."""
    write_about(folder, SPACE)
    generator = np.random.default_rng(seed)
    for number in range(n):
        temperature, rate = 10 ** generator.uniform(-2, 0), 10 ** generator.uniform(-5, -2)
        loss = ("infonce", "supcon", "triplet")[generator.integers(3)]
        final = 0.62 - 0.09 * np.log10(temperature / 0.08) ** 2 - 0.03 * np.log10(rate / 6e-4) ** 2
        final += {"infonce": 0.02, "supcon": 0.0, "triplet": -0.05}[loss] + generator.normal(0, 0.008)
        epochs = 12
        curve = 0.2 + (final - 0.2) * (1 - np.exp(-np.arange(epochs + 1) / 3))
        curve[1:] += generator.normal(0, 0.006, epochs)
        overrides = {
            "loss.temperature": temperature,
            "optimizer.lr": rate,
            "loss": loss,
            "trainer.max_epochs": epochs,
        }
        if number in (7, 15):
            error = "DivergedError: the loss of step 41 is not finite (nan); lower optimizer.lr"
            write_trial(folder, number, overrides, None, "failed", error, curve[: 4 + number % 3])
        elif number == n - 1:
            write_trial(folder, number, overrides, None, "running", None, curve[:7], None)
        elif number > 5 and curve[3] < 0.40:
            write_trial(folder, number, overrides, float(curve[3]), "pruned", None, curve[:4], 9.0)
        else:
            write_trial(folder, number, overrides, float(max(curve[1:])), curve=curve)
    return folder


def write_seeds(folder, seeds=3, gap=0.0, seed=0):
    """Eight losses, each with some seeds; the best is ``gap`` further ahead."""
    losses = (
        "infonce",
        "supcon",
        "triplet",
        "circle",
        "arcface",
        "proxy_anchor",
        "multi_similarity",
        "ntxent",
    )
    write_about(folder, {}, f"train.py -m loss={','.join(losses)} seed=0,1,2", "grid")
    generator = np.random.default_rng(seed)
    luck = generator.normal(0, 0.006, seeds)
    number = 0
    for place, loss in enumerate(losses):
        for one in range(seeds):
            final = 0.60 - 0.012 * place + luck[one] + generator.normal(0, 0.004) + (gap if place == 0 else 0)
            curve = 0.2 + (final - 0.2) * (1 - np.exp(-np.arange(9) / 2))
            overrides = {"loss": loss, "seed": one, "trainer.max_epochs": 8}
            if (loss, one) == ("arcface", 2):
                write_trial(
                    folder, number, overrides, None, "failed", "RuntimeError: out of memory", curve[:3]
                )
            else:
                write_trial(folder, number, overrides, float(curve[-1]), curve=curve)
            number += 1
    return folder


def write_multirun(folder, values=(0.5, 0.6, None)):
    """What ``python train.py -m loss.temperature=…`` leaves without a driver; None is a run under way."""
    for number, value in enumerate(values):
        run = folder / str(number)
        (run / ".hydra").mkdir(parents=True)
        given = [f"loss.temperature={0.05 * (number + 1)}", "+trainer.max_epochs=2", "logger=none"]
        (run / ".hydra/overrides.yaml").write_text(yaml.safe_dump(given))
        (run / "config.yaml").write_text("callbacks: {best: {monitor: val/mrr, mode: max}}\n")
        if value is not None:
            summary = {
                "val": {"mrr": value},
                "test": {"mrr": value - 0.01},
                "monitor": "val/mrr",
                "seconds": 3.0,
            }
            summary |= {"command": "train.py -m loss.temperature=0.05,0.1,0.15", "intervals": {"test": {}}}
            (run / "summary.json").write_text(json.dumps(summary))
    return folder


@pytest.fixture(scope="session")
def make():
    """The functions above that write folders."""
    return SimpleNamespace(
        trial=write_trial, about=write_about, search=write_search, seeds=write_seeds, multirun=write_multirun
    )


@pytest.fixture(scope="session")
def search(tmp_path_factory):
    """A folder with a search, its report written."""
    from vsr.reports.sweep.sweep_report import write_sweep

    folder = write_search(tmp_path_factory.mktemp("search") / "sweep")
    write_sweep(folder)
    return folder


@pytest.fixture(scope="session")
def seeds(tmp_path_factory):
    """A folder with eight losses of three seeds, its report written."""
    from vsr.reports.sweep.sweep_report import write_sweep

    folder = write_seeds(tmp_path_factory.mktemp("seeds") / "sweep")
    write_sweep(folder)
    return folder
