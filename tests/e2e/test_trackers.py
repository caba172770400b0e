"""What a run leaves to its trackers, read back from the files that they wrote."""

import json
import struct
from pathlib import Path

import pandas as pd
import pytest
import yaml

from vsr.config.multirun import quoted
from vsr.sweeps.job import PRUNED
from vsr.sweeps.journal import open_study

_BLOCK, _HEAD, _FIRST = 32768, 7, 7  # bytes: of a block, of a part's head, of the file's head


def parts(data):
    """The records of a W&B transaction log, which is LevelDB's log format below a head of its own."""
    assert data[:4] == b":W&B"
    at, record = _FIRST, b""
    while at + _HEAD <= len(data):
        if _BLOCK - at % _BLOCK < _HEAD:
            at += _BLOCK - at % _BLOCK
            continue
        _, size, kind = struct.unpack("<IHB", data[at : at + _HEAD])
        record = (b"" if kind in (1, 2) else record) + data[at + _HEAD : at + _HEAD + size]
        at += _HEAD + size
        if kind in (1, 4):  # whole, or the last part
            yield record


def records(path):
    """By kind, what W&B itself would read."""
    from wandb.proto.wandb_internal_pb2 import Record

    found = {}
    for part in parts(path.read_bytes()):
        record = Record()
        record.ParseFromString(part)
        kind = record.WhichOneof("record_type")
        found.setdefault(kind, []).append(getattr(record, kind))
    return found


def items(rows):
    """Rows of history or summary as one dict each."""
    return [{"/".join(one.nested_key) or one.key: json.loads(one.value_json) for one in row} for row in rows]


def tracked(script, tiny, folder, *overrides, code=0):
    wanted = [one for one in tiny if one != "logger=none"]
    left, _, err = script("train", *wanted, *overrides, f"hydra.run.dir={folder}")
    assert left == code, err
    return folder


def offline_run(folder):
    """The offline run below a run folder, written to its end, and the records of its log."""
    import wandb

    wandb.teardown()  # W&B's other process may write on after a run has finished
    (inner,) = (folder / "wandb").glob("offline-run-*")
    (log,) = inner.glob("run-*.wandb")
    return inner, records(log)


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """Where the run of this module lies, once it was made."""
    return tmp_path_factory.mktemp("wandb") / "run"


@pytest.fixture
def run(script, tiny, offline):
    """A run tracked by W&B offline: its folder, W&B's own, and the records of its log."""
    if not offline.exists():
        tracked(script, tiny, offline, "logger=wandb", "logger.log_checkpoints=true", "trainer.max_epochs=1")
    return offline, *offline_run(offline)


def test_wandb_has_every_number_of_the_record_at_its_step_under_its_name(run):
    folder, _, found = run
    history = items(row.item for row in found["history"])
    table = pd.read_csv(folder / "metrics.csv")
    assert len(table) == 2
    for row in table.to_dict("records"):
        step, values = row.pop("step"), {key: one for key, one in row.items() if one == one}
        (sent,) = [one for one in history if one.get("epoch") == row["epoch"] and "val/map" in one]
        assert sent["trainer/global_step"] == step
        assert {key: sent[key] for key in values} == pytest.approx(values)
    sent_names = {name for row in history for name in row}
    assert "train/loss_epoch" not in sent_names


def test_wandb_has_the_chosen_checkpoints_figures(run):
    folder, _, found = run
    told = json.loads((folder / "summary.json").read_text())
    summary = {}
    for one in items(row.update for row in found["summary"]):
        summary |= one
    for split in ("val", "test"):
        for name, value in told[split].items():
            assert summary[f"{split}/{name}"] == pytest.approx(value), name


def test_wandb_has_the_configuration(run):
    folder, _, found = run
    config = {}
    for one in items(row.update for row in found["config"]):
        config |= one
    wanted = yaml.safe_load((folder / "config.yaml").read_text())
    assert {key: config[key] for key in ("model", "loss", "trainer")} == {
        key: wanted[key] for key in ("model", "loss", "trainer")
    }


def test_wandb_has_the_searches_as_a_picture_and_as_a_table_with_pictures(run):
    _, folder, found = run
    assert list((folder / "files/media/images/test").glob("searches_*"))
    (held,) = [one for one in found["artifact"] if one.type == "run_table"]
    paths = {entry.path: Path(entry.local_path) for entry in held.manifest.contents}
    table = json.loads(paths["test/searches_table.table.json"].read_text())
    assert table["columns"][:4] == ["query", "name", "metric", "relevant"]
    first = table["data"][0]
    assert first[4]["caption"][0] in "✓~✗–"
    assert {first[0]["path"], first[4]["path"]} <= set(paths)


def test_wandb_has_reports_and_checkpoints_as_artifacts(run):
    _, _, found = run
    held = {one.type: {entry.path for entry in one.manifest.contents} for one in found["artifact"]}
    assert {"report.html", "test/evaluation.html", "summary.json"} <= held["report"]
    assert held["model"] == {"checkpoints/best.ckpt", "checkpoints/last.ckpt"}


def test_all_that_a_sync_would_send_lies_in_the_run_folder(run):
    root, folder, found = run
    entries = [entry for one in found["artifact"] for entry in one.manifest.contents]
    assert entries
    for entry in entries:
        path = Path(entry.local_path)
        assert path.is_relative_to(root.resolve()), entry.path
        assert path.stat().st_size == entry.size, entry.path
    for one in found["files"]:
        for entry in one.files:
            assert (folder / "files" / entry.path).is_file(), entry.path
    assert "exit" in found
    assert found["exit"][0].exit_code == 0


def test_a_run_that_breaks_is_shown_as_failed(script, tiny, tmp_path):
    folder = tracked(script, tiny, tmp_path / "w", "logger=wandb", "optimizer.lr=1e30", code=1)
    _, found = offline_run(folder)
    assert found["exit"][0].exit_code == 1
    assert "artifact" not in found


def pruned_at_once(folder):
    """The overrides that a sweep gives to a job, whose pruner here stops whatever it sees."""
    optuna = pytest.importorskip("optuna", reason="the extra optuna is not installed")
    trial = open_study(folder, "maximize").ask()
    pruner = {"_target_": f"{optuna.__name__}.pruners.ThresholdPruner", "lower": 2.0}
    reporting = {"_target_": "vsr.sweeps.OptunaTrial", "folder": str(folder / str(trial.number))}
    node = {"_target_": "vsr.training.Pruning", "trial": {**reporting, "pruner": pruner}}
    return f"+callbacks.pruning={quoted(node)}"


def test_a_pruned_run_has_finished_and_is_tagged(script, tiny, tmp_path):
    folder = tracked(script, tiny, tmp_path / "0", "logger=wandb", pruned_at_once(tmp_path), code=PRUNED)
    _, found = offline_run(folder)
    assert found["exit"][0].exit_code == 0
    assert list(found["run"][-1].tags) == ["pruned: true"]


def test_mlflow_has_metrics_configuration_and_reports(script, tiny, tmp_path, monkeypatch):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    from mlflow.tracking import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run_folder = tracked(script, tiny, tmp_path / "m", "logger=mlflow", "trainer.max_epochs=1")
    client = MlflowClient(f"sqlite:///{run_folder}/mlflow.db")
    (one,) = client.search_runs([client.get_experiment_by_name("vsr").experiment_id])
    assert one.info.status == "FINISHED"
    assert one.data.params["loss/temperature"] == "0.07"
    table = pd.read_csv(run_folder / "metrics.csv")
    sent = client.get_metric_history(one.info.run_id, "val/map")
    assert {point.step: point.value for point in sent} == pytest.approx(
        dict(zip(table["step"], table["val/map"], strict=True))
    )
    assert "val/hit_rate_at_1" in one.data.metrics
    names = {path.path for path in client.list_artifacts(one.info.run_id)}
    assert {"report.html", "evaluation.html", "searches.jpg"} <= names
    assert list(run_folder.glob("mlartifacts/*/artifacts/report.html"))
