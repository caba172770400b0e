"""What a trial's own process reports and hears."""

import optuna

from vsr.sweeps.folder import Outcome, SweepFolder
from vsr.sweeps.optuna_search import OptunaSearch
from vsr.sweeps.search import Sweep
from vsr.sweeps.space import Interval, Space
from vsr.sweeps.trial import OptunaTrial


def begun(folder) -> OptunaSearch:
    sweep = Sweep(Space([], {"x": Interval(0.0, 1.0)}), SweepFolder(folder))
    return OptunaSearch(sweep, optuna.samplers.RandomSampler)


def heard(folder, number: int, values: list[float]) -> list[bool]:
    trial = OptunaTrial(str(folder / str(number)), optuna.pruners.MedianPruner(2, n_warmup_steps=2))
    return [trial.report(step, value) for step, value in enumerate(values, start=1)]


def test_a_trial_behind_the_median_of_the_others_is_to_stop(tmp_path):
    search = begun(tmp_path)
    for values in ([1.0, 2.0, 3.0], [1.0, 3.0, 4.0]):
        trial = search.take()
        assert not any(heard(tmp_path, trial.number, values))
        search.tell(trial, Outcome("complete", values[-1]))
    trial = search.take()
    assert heard(tmp_path, trial.number, [0.0, 2.4, 3.4]) == [False, True, True]  # medians 2.5 and 3.5


def test_a_trial_that_is_started_again_hears_the_same(tmp_path):
    search = begun(tmp_path)
    for values in ([1.0, 2.0, 3.0], [1.0, 3.0, 4.0]):
        trial = search.take()
        heard(tmp_path, trial.number, values)
        search.tell(trial, Outcome("complete", values[-1]))
    trial = search.take()
    once = heard(tmp_path, trial.number, [5.0, 2.6, 2.0])
    assert heard(tmp_path, trial.number, [5.0, 2.6, 2.0]) == once
