"""Which of Lightning's Trainer options are said elsewhere, and which values would break what a run promises.

Read without Lightning: a command line is answered at once.
"""

from collections.abc import Mapping
from typing import Any

from vsr.errors import ConfigError
from vsr.precision import named_precision

# Arguments that are no key of conf/trainer, and where what they do is said.
ELSEWHERE = {
    "callbacks": "callbacks=… chooses them, such as callbacks=early_stopping",
    "logger": "logger=… chooses the tracker: wandb, tensorboard, mlflow or none",
    "default_root_dir": "hydra.run.dir=… is the run folder",
    "limit_predict_batches": "there is no prediction loop; evaluate.py measures a whole split",
    "barebones": "it forbids callbacks, and measuring, recording and keeping checkpoints are callbacks",
    "model_registry": "logger.log_checkpoints=true sends checkpoints to the tracker",
}
_CUT = (
    "it would cut queries and gallery, and the figures be those of no protocol; for a quick look use "
    "debug=tiny, or trainer.limit_train_batches=2"
)
# Options with the only values that keep what a run promises, and why others do not.
_ONLY: dict[str, tuple[tuple[Any, ...], str]] = {
    "fast_dev_run": ((False, 0), _CUT),
    "limit_val_batches": ((None, 1.0), _CUT),
    "limit_test_batches": ((None, 1.0), _CUT),
    "overfit_batches": ((0, 0.0), f"it limits validation to as many batches, too: {_CUT}"),
    "val_check_interval": (
        (None, 1.0),
        "an epoch has one row in metrics.csv, and best.ckpt is the end of one; make epochs shorter by "
        "trainer.limit_train_batches=…, or measure fewer by trainer.check_val_every_n_epoch=…",
    ),
    "use_distributed_sampler": ((False,), "vsr's samplers know their rank, and would be divided twice"),
}


def accepted(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the Trainer as it is to be made with, from those of the configuration.

    Raises:
        ConfigError: an option that is said elsewhere, or a value that would break what a run promises.
    """
    for name in options:
        if name in ELSEWHERE:
            raise ConfigError(f"trainer.{name} is not set here: {ELSEWHERE[name]}")
    for name, (values, why) in _ONLY.items():
        given = options.get(name, values[0])
        if not any(type(given) is type(value) and given == value for value in values):
            raise ConfigError(f"trainer.{name}={given} is refused: {why}")
    if options.get("check_val_every_n_epoch", 1) is None:
        raise ConfigError("trainer.check_val_every_n_epoch must be a whole number of epochs, got null")
    if options.get("max_epochs") == -1 and options.get("max_steps", -1) == -1:
        raise ConfigError(
            "trainer.max_epochs=-1 has no end, which the schedule of the learning rate needs; give "
            "trainer.max_epochs or trainer.max_steps, and trainer.max_time may end it before"
        )
    return {**options, "precision": named_precision(options.get("precision"), "trainer.precision")}
