from types import SimpleNamespace

import pandas as pd
import torch

from vsr.training.history import Record


def trainer(folder, epoch=0, **metrics):
    return SimpleNamespace(
        default_root_dir=str(folder),
        is_global_zero=True,
        loggers=[],
        current_epoch=epoch,
        global_step=10 * (epoch + 1),
        callback_metrics={name.replace("__", "/"): torch.tensor(value) for name, value in metrics.items()},
        optimizers=[SimpleNamespace(param_groups=[{"lr": 0.1}])],
    )


def epoch(record, folder, number, value):
    now = trainer(folder, number, train__loss=1.0, val__map=value)
    record.on_validation_end(now, None)
    record.on_train_epoch_end(now, None)


def test_the_file_has_a_row_an_epoch_from_the_untrained_network_on(tmp_path):
    record = Record()
    record.before_training(trainer(tmp_path), {"val/map": 0.125})
    epoch(record, tmp_path, 0, 0.25)
    table = pd.read_csv(tmp_path / "metrics.csv")
    assert table.columns.tolist() == ["epoch", "step", "train/loss", "lr", "val/map"]
    assert table["epoch"].tolist() == [0, 1]
    assert table["val/map"].tolist() == [0.125, 0.25]
    assert pd.isna(table["train/loss"][0])


def test_the_first_of_equals_is_the_best_and_the_untrained_never(tmp_path):
    record = Record()
    record.before_training(trainer(tmp_path), {"val/map": 0.9})
    assert record.best_epoch == 0
    for number, value in enumerate([0.25, 0.5, 0.5]):
        epoch(record, tmp_path, number, value)
    assert record.best_epoch == 2
    record.mode = "min"
    assert record.best_epoch == 1


def test_an_epoch_without_validation_shows_no_stale_value(tmp_path):
    record = Record()
    epoch(record, tmp_path, 0, 0.25)
    record.on_train_epoch_end(trainer(tmp_path, 1, train__loss=1.0, val__map=0.25), None)
    assert pd.isna(pd.read_csv(tmp_path / "metrics.csv")["val/map"][1])


def test_a_resumed_record_goes_on_where_it_stood(tmp_path):
    record, other = Record(), Record()
    record.untrained = {"map": 0.1}
    record.seconds_before = 100.0
    epoch(record, tmp_path, 0, 0.25)
    other.load_state_dict(record.state_dict())
    assert other.rows == record.rows
    assert other.untrained == {"map": 0.1}
    assert other.seconds >= 100


def test_what_was_recorded_stays_while_an_earlier_checkpoint_is_measured(tmp_path):
    record = Record()
    epoch(record, tmp_path, 0, 0.5)
    best = record.state_dict() | {"rows": [dict(row) for row in record.rows], "seconds": 1.0}
    epoch(record, tmp_path, 1, 0.25)
    record.seconds_before = 100.0
    with record.kept():
        record.load_state_dict(best)
        assert len(record.rows) == 1
    assert [row["epoch"] for row in record.rows] == [1, 2]
    assert record.seconds > 100


def test_a_run_that_monitors_test_records_it_and_others_do_not(tmp_path):
    for monitor, recorded in (("test/map", True), ("val/map", False)):
        record = Record(monitor)
        now = trainer(tmp_path, 0, train__loss=1.0, val__map=0.5, test__map=0.75)
        record.on_validation_end(now, None)
        record.on_train_epoch_end(now, None)
        assert ("test/map" in record.rows[-1]) == recorded


class Tracker:
    def __init__(self):
        self.sent = []

    def log_metrics(self, metrics, step):
        self.sent.append((step, dict(metrics)))


def test_trackers_get_the_rows_of_the_file(tmp_path):
    record, tracker = Record(), Tracker()
    now = trainer(tmp_path, 0, train__loss=1.0, val__map=0.25)
    now.loggers = [tracker]
    record.before_training(now, {"val/map": 0.125})
    record.on_validation_end(now, None)
    record.on_train_epoch_end(now, None)
    assert tracker.sent == [
        (0, {"epoch": 0, "val/map": 0.125}),
        (10, {"epoch": 1, "train/loss": 1.0, "lr": 0.1, "val/map": 0.25}),
    ]


def test_the_tracker_of_a_resumed_run_gets_the_epochs_before_too(tmp_path):
    record, resumed, tracker = Record(), Record(), Tracker()
    record.before_training(trainer(tmp_path), {"val/map": 0.125})
    epoch(record, tmp_path, 0, 0.25)
    resumed.load_state_dict(record.state_dict())
    now = trainer(tmp_path, 1, train__loss=1.0, val__map=0.5)
    now.loggers = [tracker]
    resumed.on_validation_end(now, None)
    resumed.on_train_epoch_end(now, None)
    assert [row["val/map"] for _, row in tracker.sent] == [0.125, 0.25, 0.5]
