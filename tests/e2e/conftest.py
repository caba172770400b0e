"""Run the real scripts, in this process, as a person would from the command line."""

import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TINY = [
    "data.products=24",
    "data.photos=4",
    "data.image_size=32",
    "data.photo_size=32",
    "sampler.batch_size=16",
    "trainer.max_epochs=2",
    "trainer.accelerator=cpu",
    "model=resnet18",
    "model.width=32",
    "logger=none",
    "threads=2",
]


@pytest.fixture(scope="session")
def store_cache(tmp_path_factory):
    """One cache of drawn pictures for the whole session."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def script(monkeypatch, store_cache, capfd):
    """Call ``script("train", *overrides)``; returns (exit code, standard output, standard error)."""
    monkeypatch.setenv("VSR_CACHE", str(store_cache))
    monkeypatch.setenv("WANDB_MODE", "offline")

    def run(name: str, *overrides: str) -> tuple[int, str, str]:
        path = ROOT / f"{name}.py"
        monkeypatch.setattr(sys, "argv", [str(path), *overrides])
        capfd.readouterr()
        code = 0
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as leaving:
            code = leaving.code
        out, err = capfd.readouterr()
        return code, out, err

    return run


@pytest.fixture(scope="session")
def tiny():
    """Overrides that make a run of seconds."""
    return list(TINY)
