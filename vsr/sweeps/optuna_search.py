"""Search by Optuna's samplers, resumable to the trial.

A point is a function of the study's seed, its number and the trials told before it: the sampler is seeded
anew for each and draws in a copy of the study, and the finished point is put into the journal at once. So a
sweep that was killed at any moment and started again has the same trials as one that never was, if it runs
one job at a time; with more, what is known when a point is drawn depends on which job is ready first.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vsr.errors import ConfigError
from vsr.sweeps.folder import Outcome, Trial
from vsr.sweeps.journal import open_study
from vsr.sweeps.search import Sweep
from vsr.sweeps.space import Choices, Interval, Point

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


class OptunaSearch:
    """Ask a sampler for the next point. The first is the configuration as it stands, if it is in the space.

    Args:
        sweep: what is swept.
        sampler: makes one of Optuna's samplers from a ``seed``.
        trials: how many there are to be, failed ones included. A later start may ask for more.
        seed: of all draws.
        pruner: one of Optuna's pruners; None lets every trial end. The trials' own processes ask it.

    Raises:
        ConfigError: nothing to vary, or a number out of range.
    """

    guided = True

    def __init__(
        self,
        sweep: Sweep,
        sampler: Callable[..., Any],
        trials: int = 20,
        seed: int = 0,
        pruner: Any | None = None,
    ) -> None:
        if trials < 1:
            raise ConfigError(f"hydra.sweeper.search.trials must be >= 1, got {trials}")
        if not sweep.space.varied:
            raise ConfigError("there is nothing to search: give intervals or several values of some keys")
        self.sweep, self.sampler, self.total, self.seed = sweep, sampler, trials, seed
        self.pruner = pruner
        self.name = sampler_name(sampler)
        self.space = {key: distribution(one) for key, one in sweep.space.varied.items()}
        self._study: Any = None

    def take(self) -> Trial | None:
        """A trial whose process was killed, else a new one; None when there are enough."""
        folder = self.sweep.folder
        with folder.alone():
            trials = self.study.get_trials(deepcopy=False)
            for one in trials:
                if not one.state.is_finished() and (lock := folder.claim(one.number)) is not None:
                    return Trial(one.number, one.params, lock)
            number = len(trials)
            if number >= self.total:
                return None
            lock = folder.claim(number)
            if lock is None:
                raise ConfigError(f"{folder.root}/{number} is held by a process that is not of this study")
            point = self._draw(trials, number)
            self.study.add_trial(self._running(point))
            return Trial(number, point, lock)

    def tell(self, trial: Trial, outcome: Outcome) -> None:
        """Put the outcome into the journal."""
        from optuna.trial import TrialState

        if outcome.state == "complete":
            self.study.tell(trial.number, outcome.value)
        else:
            state = TrialState.PRUNED if outcome.state == "pruned" else TrialState.FAIL
            self.study.tell(trial.number, state=state)

    @property
    def study(self) -> Any:
        """The study of the folder; begun at the first use."""
        if self._study is None:
            self._study = open_study(self.sweep.folder.root, self.sweep.direction)
        return self._study

    def _draw(self, trials: "Sequence[FrozenTrial]", number: int) -> Point:
        import optuna

        if number == 0 and self.sweep.default is not None:
            return self.sweep.default
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        copy = optuna.create_study(direction=self.sweep.direction, sampler=self.sampler(seed=seed))
        copy.add_trials(trials)
        return copy.ask(self.space).params

    def _running(self, point: Point) -> "FrozenTrial":
        from optuna.trial import TrialState, create_trial

        return create_trial(state=TrialState.RUNNING, params=point, distributions=self.space)


def distribution(dimension: Choices | Interval) -> "BaseDistribution":
    """Optuna's word for ``dimension``. Choices are their words: unordered."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(dimension, Choices):
        return CategoricalDistribution(list(dimension.values))
    if dimension.whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def sampler_name(sampler: Callable[..., Any]) -> str:
    """``tpe`` of a factory of `optuna.samplers.TPESampler`."""
    made = getattr(sampler, "func", sampler)
    return getattr(made, "__name__", "optuna").removesuffix("Sampler").lower()
