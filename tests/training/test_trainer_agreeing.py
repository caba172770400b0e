"""Options of the Trainer and callbacks that say the same."""

import pytest
from lightning.pytorch.callbacks import Callback, RichProgressBar

from vsr.training.checkpoints import BestCheckpoint
from vsr.training.trainer import agreeing

OPTIONS = {"enable_checkpointing": None, "enable_progress_bar": None, "max_epochs": 1}


@pytest.mark.parametrize(
    ("given", "best", "bar", "kept"),
    [
        ((None, None), True, True, 3),
        ((False, None), False, True, 2),
        ((None, False), True, False, 2),
        ((True, True), True, True, 3),
    ],
)
def test_an_option_switches_our_callbacks_off(given, best, bar, kept):
    options = {**OPTIONS, "enable_checkpointing": given[0], "enable_progress_bar": given[1]}
    options, callbacks = agreeing(options, [Callback(), BestCheckpoint(), RichProgressBar()])
    assert (options["enable_checkpointing"], options["enable_progress_bar"]) == (best, bar)
    assert len(callbacks) == kept


def test_without_such_callbacks_lightning_is_not_to_add_its_own_unless_asked():
    options, _ = agreeing(OPTIONS, [])
    assert not options["enable_checkpointing"]
    assert not options["enable_progress_bar"]
    assert agreeing({**OPTIONS, "enable_progress_bar": True}, [])[0]["enable_progress_bar"]
