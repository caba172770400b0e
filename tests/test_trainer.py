"""Every option of Lightning's Trainer is a key of conf/trainer, or is said elsewhere."""

import inspect
from pathlib import Path

import lightning as L
import pytest
import yaml

from vsr.errors import ConfigError
from vsr.trainer import ELSEWHERE, accepted

OPTIONS = yaml.safe_load((Path(__file__).parents[1] / "conf/trainer/default.yaml").read_text())
TAKES = {name: one.default for name, one in inspect.signature(L.Trainer).parameters.items()}
OURS = {
    "devices": 1,
    "precision": "32-true",
    "use_distributed_sampler": False,
    "max_epochs": 5,
    "num_sanity_val_steps": 0,
    "log_every_n_steps": 5,
    "enable_model_summary": False,
}


def test_every_argument_of_the_trainer_is_a_key_or_said_elsewhere():
    keys = OPTIONS.keys() - {"_target_"}
    assert keys | ELSEWHERE.keys() == TAKES.keys()
    assert not keys & ELSEWHERE.keys()


def test_defaults_are_lightnings_but_for_those_that_are_marked_as_ours():
    text = (Path(__file__).parents[1] / "conf/trainer/default.yaml").read_text()
    for name, default in TAKES.items():
        if name not in ELSEWHERE:
            assert OPTIONS[name] == OURS.get(name, default), name
    marked = {line.partition(":")[0] for line in text.splitlines() if "# ours" in line}
    assert marked | {"precision"} == OURS.keys()  # None is 32-true in Lightning too


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_an_option_that_is_said_elsewhere_is_told_where(name):
    with pytest.raises(ConfigError, match=f"trainer.{name} is not set here: "):
        accepted({**OPTIONS, name: None})


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"fast_dev_run": True}, "fast_dev_run=True is refused: it would cut queries and gallery"),
        ({"fast_dev_run": 3}, "debug=tiny"),
        ({"limit_val_batches": 1}, "limit_val_batches=1 is refused"),  # one batch; 1.0 is all of them
        ({"limit_val_batches": 0}, "limit_val_batches=0 is refused"),
        ({"limit_test_batches": 0.5}, "limit_test_batches=0.5 is refused"),
        ({"overfit_batches": 1}, "it limits validation to as many batches"),
        ({"val_check_interval": 0.5}, "an epoch has one row in metrics.csv"),
        ({"check_val_every_n_epoch": None}, "must be a whole number of epochs"),
        ({"use_distributed_sampler": True}, "divided twice"),
        ({"max_epochs": -1}, "has no end"),
        ({"precision": "bf16-mixd"}, "did you mean 'bf16-mixed'"),
        ({"precision": "transformer-engine"}, "there is no 'transformer-engine'"),
    ],
)
def test_a_value_that_breaks_what_a_run_promises_is_refused_and_says_why(values, why):
    with pytest.raises(ConfigError, match=why):
        accepted({**OPTIONS, **values})


def test_other_values_pass_as_they_are_and_a_short_precision_has_its_whole_name():
    values = {"limit_val_batches": 1.0, "overfit_batches": 0, "max_epochs": -1, "max_steps": 9}
    assert accepted({**OPTIONS, **values, "precision": "bf16"}) == {
        **OPTIONS,
        **values,
        "precision": "bf16-mixed",
    }
