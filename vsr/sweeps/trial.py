"""A trial, seen from its own process: it reports after every epoch and hears whether to go on."""

from pathlib import Path
from typing import Any

from vsr.sweeps.journal import open_study


class OptunaTrial:
    """A running trial of the study in the folder above its own.

    Args:
        folder: of the job; its name is the trial's number.
        pruner: one of Optuna's pruners.
    """

    def __init__(self, folder: str, pruner: Any) -> None:
        self.number, self.pruner = int(Path(folder).name), pruner
        self.study = open_study(Path(folder).parent)

    def report(self, step: int, value: float) -> bool:
        """Put down ``value`` at ``step``.

        Returns:
            Whether the trial should stop here. The pruner sees this trial up to ``step`` alone, for it may
            have gone further before it was killed and started again.
        """
        from optuna.trial import Trial

        frozen = self.study.trials[self.number]
        if step not in frozen.intermediate_values:
            Trial(self.study, frozen._trial_id).report(value, step)
        seen = {one: known for one, known in frozen.intermediate_values.items() if one < step}
        frozen.intermediate_values = {**seen, step: value}
        return bool(self.pruner.prune(self.study, frozen))
