"""Grids, run for real: a process for the sweep, and one for every job."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from vsr.sweeps.folder import Outcome, SweepFolder

ROOT = Path(__file__).parents[2]


def test_a_grid_is_every_combination_in_order_with_the_best_named(sweep):
    done = sweep("x=0,1", "kind=a,b", "epochs=1")
    assert done.code == 0, done.err
    tried = [one["overrides"] for _, one in sorted(done.trials().items())]
    assert tried == [{"x": x, "kind": kind} for x in (0, 1) for kind in ("a", "b")]
    assert [one["value"] for _, one in sorted(done.trials().items())] == [-1.0, -1.5, 0.0, -0.5]
    about = done.about()
    assert about.pop("command").startswith("python ")
    assert about == {
        "metric": "val/map",
        "direction": "maximize",
        "sampler": "grid",
        "space": {"x": {"choices": [0, 1]}, "kind": {"choices": ["a", "b"]}},
        "fixed": ["epochs=1"],
    }
    assert "Best val/map: 0.0000, job 2  x=1 kind=a" in done.out
    assert "4/4  job 3  x=1 kind=b  val/map -0.500  best 0.000 (job 2)" in done.out


def test_the_last_line_of_a_sweep_over_seeds_says_that_the_best_is_a_mean(sweep):
    done = sweep("x=0,1", "seed=0,1", "epochs=1")
    assert done.code == 0, done.err
    told = "Best mean of val/map over 2 seeds: 0.0500 (sd 0.0707), jobs 2, 3  x=1"
    assert done.out.rstrip().splitlines()[-1] == told


def test_jobs_that_fail_or_crash_are_rows_while_the_others_go_on_and_are_tried_again_alone(sweep, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "crash-0").touch()
    done = sweep("x=0,1,2", "fails='1'")
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("error: 2 of 3 jobs failed: 0, 1; what they printed is in ")
    assert [one["state"] for _, one in sorted(done.trials().items())] == ["failed", "failed", "complete"]
    assert done.trials()[0]["error"] == "ended by SIGSEGV"
    assert done.trials()[1]["error"] == "no such picture"

    (tmp_path / "one" / "crash-0").unlink()
    finished = (tmp_path / "one" / "2" / "summary.json").stat().st_mtime_ns
    again = sweep("x=0,1,2", "fails='1'")
    assert again.code == 1
    assert [one["state"] for _, one in sorted(again.trials().items())] == ["complete", "failed", "complete"]
    assert (tmp_path / "one" / "2" / "summary.json").stat().st_mtime_ns == finished


@pytest.mark.slow  # test_optuna_search.py kills a sweep in the quick suite
def test_a_killed_grid_goes_on_to_the_table_of_one_never_killed_with_several_processes(sweep, tmp_path):
    whole = sweep("x=0,1,2,3", "epochs=2")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "kill-1").touch()
    at_once = [f"hydra.launcher.{key}" for key in ("processes=2", "threads=3", "gpus=[5,7]")]
    killed = sweep("x=0,1,2,3", "epochs=2", *at_once, to="two")
    assert killed.code == -signal.SIGKILL
    assert killed.trials()[1]["state"] == "running"
    done = sweep("x=0,1,2,3", "epochs=2", *at_once, to="two")
    assert done.code == 0, done.err
    assert done.table() == whole.table()
    told = [json.loads((done.folder / str(job) / "summary.json").read_text()) for job in range(4)]
    assert {one["threads"] for one in told} == {3}
    assert {one["gpu"] for one in told} == {"5", "7"}


@pytest.mark.slow
def test_a_job_whose_end_was_not_told_is_not_run_again(sweep):
    done = sweep("x=0", "epochs=1")
    path = done.folder / "0" / "trial.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"state": "running", "value": None}))
    printed = (done.folder / "0" / "output.log").stat().st_mtime_ns
    again = sweep("x=0", "epochs=1")
    assert again.trials()[0]["state"] == "complete"
    assert again.trials()[0]["value"] == -1.0
    assert (done.folder / "0" / "output.log").stat().st_mtime_ns == printed


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["x=interval(0,1)"], "x: a grid needs a list of values, not an interval"),
        (["kind=a,b", "y=1"], "y is not in the configuration"),
        (["sweeps=mine"], "sweeps=mine sets more; what all jobs have in common"),
        (["sweeps=mine,other"], "start one sweep at a time"),
        (["x=1", "hydra/launcher=basic"], "hydra/launcher must be local or slurm"),
        (["x=1", "hydra.launcher.processes=0"], "hydra.launcher.processes must be >= 1, got 0"),
        (["x=tag(log,interval(0,1))", "hydra/sweeper/search=optuna"], "must begin above 0"),
        (["x=1", "hydra/sweeper/search=optuna"], "there is nothing to search"),
    ],
)
def test_a_mistake_is_one_line_before_any_job_runs(sweep, app, words, says):
    (app / "sweeps").mkdir()
    mine = "# @package _global_\nmore: 9\nhydra: {sweeper: {params: {x: '0,1'}}}\n"
    (app / "sweeps" / "mine.yaml").write_text(mine)
    done = sweep(*words)
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert says in done.err
    assert not done.trials()


@pytest.mark.slow
def test_a_folder_is_not_used_for_two_sweeps(sweep):
    assert sweep("x=0", "epochs=1").code == 0
    other = sweep("x=0,1", "epochs=1")
    assert other.code == 1
    assert "holds another sweep: its space is" in other.err


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_job_ends_with_its_sweep_though_it_is_in_the_middle_of_a_library(tmp_path, how):
    (tmp_path / "job").mkdir()
    code = "import ctypes, os; print(os.getpid(), flush=True); ctypes.PyDLL(None).sleep(300)"
    sweep = (
        "import sys; from pathlib import Path; from vsr.sweeps.job import Job, first_ended; "
        "first_ended([Job([sys.executable, '-c', sys.argv[1]], Path(sys.argv[2]))])"
    )
    process = subprocess.Popen([sys.executable, "-c", sweep, code, str(tmp_path / "job")], cwd=ROOT)
    printed = tmp_path / "job/output.log"
    while not (printed.is_file() and printed.read_text().strip()):
        time.sleep(0.01)
    job = psutil.Process(int(printed.read_text()))
    process.send_signal(how)
    asked = time.monotonic()
    while job.is_running() and job.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < asked + 1
        time.sleep(0.01)
    process.wait(10)


@pytest.mark.parametrize("resumes", [False, True])
def test_what_a_killed_job_left_stays_only_where_it_goes_on_from_that(tmp_path, resumes):
    folder = SweepFolder(tmp_path)
    folder.clear(0)
    folder.put_down(0, {}, Outcome("running"))
    (tmp_path / "0/last.ckpt").touch()
    folder.clear(0, keep=resumes)
    assert (tmp_path / "0/last.ckpt").exists() == resumes
