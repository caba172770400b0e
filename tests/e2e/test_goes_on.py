"""``ckpt_path=last`` through the real script: a run goes on as itself, or starts from the beginning."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BY_TIME = "made-${now:%Y-%m-%d_%H-%M-%S}"


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as lines:
        return list(csv.DictReader(lines))


def result(folder: Path) -> dict:
    summary = json.loads((folder / "summary.json").read_text())
    return {key: summary[key] for key in ("untrained", "val", "test", "best_epoch", "seed")}


@pytest.fixture
def quick(tiny):
    """Overrides of a run of one epoch, whose schedule does not depend on how many there are."""
    return [*tiny, "model=squeezenet1_1", "scheduler=constant", "scheduler.warmup=0", "trainer.max_epochs=1"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def a(script, quick, runs):
    """A finished run, the newest of its folder when others begin."""
    if not (runs / "a/summary.json").exists():
        code, _, err = script("train", *quick, f"hydra.run.dir={runs}/a")
        assert code == 0, err
    return runs / "a"


def test_killed_before_its_first_file_it_starts_from_the_beginning(a, script, quick, runs, store_cache):
    words = [*quick, "seed=2", f"hydra.run.dir={runs}/killed", "ckpt_path=last"]
    process = subprocess.Popen(
        [sys.executable, "train.py", *words],
        cwd=ROOT,
        env={**os.environ, "VSR_CACHE": str(store_cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not (runs / "killed").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (runs / "killed/config.yaml").exists()
    code, _, err = script("train", *words)
    assert code == 0, err
    assert result(runs / "killed")["seed"] == 2
    assert table(runs / "killed")[0]["val/map"] != table(a)[0]["val/map"]


def test_another_loss_in_its_folder_is_refused_with_both_values_and_nothing_is_touched(a, script, quick):
    before = {path: path.stat().st_mtime_ns for path in [a / "config.yaml", *a.glob("checkpoints/*")]}
    changes = ["loss=dcl", "optimizer.lr=0.5"]
    code, _, err = script("train", *quick, *changes, f"hydra.run.dir={a}", "ckpt_path=last")
    assert code == 1
    line = err.splitlines()[-1]
    assert line.startswith(f"error: ckpt_path=last: the run in {a} is another: ")
    assert "loss._target_ was vsr.losses.InfoNCE and is vsr.losses.DCL now" in line
    assert "is 0.5 now" in line
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_more_epochs_and_another_place_go_on(a, script, quick, tmp_path):
    shutil.copytree(a, tmp_path / "a")
    other = ["trainer.max_epochs=2", "trainer.log_every_n_steps=1", "loader.workers=1"]
    code, _, err = script("train", *quick, *other, f"hydra.run.dir={tmp_path}/a", "ckpt_path=last")
    assert code == 0, err
    assert [row["epoch"] for row in table(tmp_path / "a")] == ["0", "1", "2"]
    assert table(tmp_path / "a")[:2] == table(a)


def test_a_folder_made_from_the_time_goes_on_from_the_newest_beside_it_if_that_is_the_same(
    a, script, quick, tmp_path
):
    shutil.copytree(a, tmp_path / "one")
    by_time = [f"hydra.run.dir={tmp_path}/{BY_TIME}", "ckpt_path=last"]
    code, _, err = script("train", *quick, "seed=3", *by_time)
    assert code == 1
    assert "seed was 0 and is 3 now" in err.splitlines()[-1]
    assert not list(tmp_path.glob("made-*/config.yaml"))
    time.sleep(1)  # for a name of its own
    code, out, err = script("train", *quick, "trainer.max_epochs=2", *by_time)
    assert code == 0, err
    assert "the newest run goes on, " in " ".join((out + err).split())
    (made,) = (path.parent for path in tmp_path.glob("made-*/summary.json"))
    assert [row["epoch"] for row in table(made)] == ["0", "1", "2"]
    assert table(made)[:2] == table(a)


def test_the_figures_of_a_run_without_checkpoints_are_not_those_of_what_was_in_its_folder(
    a, script, quick, tmp_path
):
    shutil.copytree(a, tmp_path / "a")
    code, _, err = script("train", *quick, "seed=4", "callbacks=none", f"hydra.run.dir={tmp_path}/a")
    assert code == 0, err
    assert json.loads((tmp_path / "a/test/provenance.json").read_text())["checkpoint"] is None
    assert result(tmp_path / "a")["test"] != result(a)["test"]


@pytest.mark.slow
def test_two_processes_go_on_from_the_same_run_beside_a_folder_made_from_the_time(
    a, quick, tmp_path, store_cache
):
    shutil.copytree(a, tmp_path / "one")
    ddp = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.max_epochs=2", "threads=1"]
    words = [*quick, *ddp, f"hydra.run.dir={tmp_path}/{BY_TIME}", "ckpt_path=last"]
    done = subprocess.run(
        [sys.executable, "train.py", *words],
        cwd=ROOT,
        env={**os.environ, "VSR_CACHE": str(store_cache)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (made,) = tmp_path.glob("made-*")
    assert [row["epoch"] for row in table(made)] == ["0", "1", "2"]
    assert table(made)[:2] == table(a)


@pytest.mark.slow
def test_jobs_of_a_sweep_go_on_as_themselves(script, quick, tmp_path, store_cache):
    words = [*quick, "seed=0,1", "ckpt_path=last", "trainer.max_epochs=3", f"hydra.sweep.dir={tmp_path}/s"]

    def swept(kill: bool = False) -> int:
        process = subprocess.Popen(
            [sys.executable, "train.py", "-m", *words],
            cwd=ROOT,
            env={**os.environ, "VSR_CACHE": str(store_cache)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while kill and process.poll() is None:
            if (tmp_path / "s/1/checkpoints/last.ckpt").exists():
                process.send_signal(signal.SIGKILL)
            time.sleep(0.01)
        return process.wait()

    assert swept(kill=True) == -signal.SIGKILL
    assert not (tmp_path / "s/1/summary.json").exists()
    assert swept() == 0
    assert "resuming from" in (tmp_path / "s/1/output.log").read_text()
    for seed in (0, 1):
        alone = ["trainer.max_epochs=3", f"seed={seed}", f"hydra.run.dir={tmp_path}/{seed}"]
        assert script("train", *quick, *alone)[0] == 0
        assert result(tmp_path / f"s/{seed}") == result(tmp_path / f"{seed}")
        assert yaml.safe_load((tmp_path / f"s/{seed}/config.yaml").read_text())["seed"] == seed
