"""A run that its sweep stops."""

from types import SimpleNamespace

import pytest
import torch

from vsr.errors import Pruned
from vsr.training.pruning import Pruning


class Trial:
    """Stops at the third epoch."""

    def __init__(self) -> None:
        self.reported = []

    def report(self, step: int, value: float) -> bool:
        self.reported.append((step, value))
        return step == 3


def epoch(number: int, **metrics: float) -> SimpleNamespace:
    named = {name.replace("_", "/"): torch.tensor(value) for name, value in metrics.items()}
    alone = SimpleNamespace(reduce_boolean_decision=lambda stop, all: stop)
    return SimpleNamespace(
        current_epoch=number - 1, callback_metrics=named, is_global_zero=True, strategy=alone
    )


def test_every_measured_epoch_is_reported_and_the_run_stops_when_the_trial_says_so():
    pruning = Pruning(trial := Trial())
    pruning.on_train_epoch_end(epoch(1, val_map=0.25), None)
    pruning.on_train_epoch_end(epoch(2, val_mrr=0.5), None)
    with pytest.raises(Pruned, match="after epoch 3: val/map"):
        pruning.on_train_epoch_end(epoch(3, val_map=0.125), None)
    assert trial.reported == [(1, 0.25), (3, 0.125)]
