"""Optuna's searches, run for real."""

import signal

import optuna
import pytest

from vsr.sweeps.folder import Outcome, SweepFolder
from vsr.sweeps.journal import open_study
from vsr.sweeps.optuna_search import OptunaSearch, sampler_name
from vsr.sweeps.search import Sweep
from vsr.sweeps.space import Interval, Space

SEARCH = [
    "hydra/sweeper/search=optuna",
    "x=interval(-3,3)",
    "hydra.sweeper.search.sampler.n_startup_trials=2",
    "hydra.sweeper.search.pruner.n_startup_trials=1",
    "hydra.sweeper.search.trials=5",
    "fails='4'",
]


def test_a_killed_search_goes_on_to_the_table_of_one_never_killed(sweep, tmp_path):
    whole = sweep(*SEARCH)
    assert whole.code == 1  # job 4 failed
    states = [one["state"] for one in whole.trials().values()]
    assert states.count("failed") == 1
    assert "pruned" in states
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "kill-3").touch()
    assert sweep(*SEARCH, to="two").code == -signal.SIGKILL
    done = sweep(*SEARCH, to="two")
    assert done.code == 1
    assert done.table() == whole.table()
    assert "interval" in done.about()["command"]
    assert done.about()["space"] == {"x": {"low": -3.0, "high": 3.0, "log": False, "int": False}}


def test_a_search_does_not_choose_the_luckiest_seed(sweep):
    done = sweep(*SEARCH, "seed=0,1")
    assert done.code == 1
    line = done.err.splitlines()[-1]
    assert line.startswith("error: seed repeats a run")
    assert line.endswith("search with one, then repeat the best with -m seed=…")
    assert not done.trials()


def quadratic(folder, trials=25, lost=(), **options) -> list[dict]:
    """The points of a search for x = 1; those of ``lost`` are taken twice, as after a kill."""
    place = SweepFolder(folder)
    place.open({"space": {}})
    space = Space([], {"x": Interval(-10.0, 10.0), "n": Interval(1, 64, log=True, whole=True)})
    sweep = Sweep(space, place, direction="minimize", **options)

    def search() -> OptunaSearch:
        return OptunaSearch(sweep, optuna.samplers.TPESampler, trials=trials, seed=3)

    current, points = search(), []
    while (trial := current.take()) is not None:
        if trial.number in lost:
            lost = lost - {trial.number}
            trial.lock.release()
            current = search()
            continue
        value = (trial.point["x"] - 1) ** 2 + trial.point["n"]
        points.append(trial.point)
        current.tell(trial, Outcome("complete", value))
        trial.lock.release()
    return points


def test_the_search_comes_nearer_than_chance_and_is_the_same_however_often_it_is_killed(tmp_path):
    points = quadratic(tmp_path / "a")
    early, late = points[:10], points[-10:]
    assert sum(abs(one["x"] - 1) for one in late) < sum(abs(one["x"] - 1) for one in early)
    assert all(isinstance(one["n"], int) for one in points)
    assert quadratic(tmp_path / "b", lost=frozenset({0, 4, 13, 24})) == points


def test_more_trials_later_are_those_that_a_longer_search_would_have_had(tmp_path):
    quadratic(tmp_path / "a", trials=12)
    assert quadratic(tmp_path / "a", trials=14) == quadratic(tmp_path / "b", trials=14)[12:]


def test_the_first_trial_is_the_configuration_as_it_stands(tmp_path):
    assert quadratic(tmp_path, trials=2, default={"x": 0.5, "n": 8})[0] == {"x": 0.5, "n": 8}


def test_two_processes_draw_different_trials_and_do_not_take_each_others(tmp_path):
    place = SweepFolder(tmp_path)
    sweep = Sweep(Space([], {"x": Interval(0.0, 1.0)}), place)
    one, other = (OptunaSearch(sweep, optuna.samplers.TPESampler, trials=3) for _ in range(2))
    taken = [one.take(), other.take(), one.take(), other.take()]
    assert [None if trial is None else trial.number for trial in taken] == [0, 1, 2, None]
    assert len({trial.point["x"] for trial in taken if trial}) == 3
    one.tell(taken[0], Outcome("pruned", 0.1))
    other.tell(taken[1], Outcome("failed", None, "x"))
    states = [trial.state.name for trial in open_study(tmp_path).trials]
    assert states == ["PRUNED", "FAIL", "RUNNING"]


@pytest.mark.parametrize("name", ["TPESampler", "QMCSampler", "RandomSampler"])
def test_samplers_are_called_by_their_names(name):
    assert sampler_name(getattr(optuna.samplers, name)) == name.removesuffix("Sampler").lower()
