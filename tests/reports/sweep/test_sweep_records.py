import json

import pytest

from vsr.errors import DataError
from vsr.reports.sweep.overrides import as_text, parsed, shown, typed
from vsr.reports.sweep.sweep_records import read_sweep


def test_finished_runs_come_first_and_the_best_of_them_on_top(search):
    found = read_sweep(search)
    states = [one.state for one in found.ranked]
    assert states == sorted(states, key=["complete", "pruned", "running", "failed"].index)
    assert len(set(states)) == 4
    values = [one.value for one in found.complete]
    assert values == sorted(values, reverse=True)
    assert {one.number for one in found.ranked} == set(range(24))


def test_less_is_better_when_minimized(make, tmp_path):
    make.about(tmp_path, {}, direction="minimize")
    for number, value in enumerate((0.5, 0.3, 0.4)):
        make.trial(tmp_path, number, {"a": number}, value, curve=[0.9, value + 0.1, value])
    found = read_sweep(tmp_path)
    assert [one.number for one in found.complete] == [1, 2, 0]
    assert found.complete[0].reached == 0.3


def test_a_pruned_run_is_never_the_best(make, tmp_path):
    make.about(tmp_path, {})
    make.trial(tmp_path, 0, {"a": 1}, 0.9, "pruned", curve=[0.1, 0.9])
    make.trial(tmp_path, 1, {"a": 2}, 0.5, curve=[0.1, 0.5])
    found = read_sweep(tmp_path)
    assert [one.number for one in found.complete] == [1]
    pruned = found.runs[0]
    assert pruned.value is None
    assert pruned.reached == 0.9


def test_the_untrained_network_counts_for_nothing_reached(make, tmp_path):
    make.about(tmp_path, {})
    make.trial(tmp_path, 0, {"a": 1}, None, "failed", "nan", curve=[0.7, 0.2, 0.3])
    make.trial(tmp_path, 1, {"a": 2}, None, "failed", "nan", curve=[0.7])
    assert [one.reached for one in read_sweep(tmp_path).runs] == [0.3, None]


def test_a_value_that_is_no_number_is_a_failure_not_the_best(make, tmp_path):
    make.about(tmp_path, {})
    make.trial(tmp_path, 0, {"a": 1}, 0.4)
    (make.trial(tmp_path, 1, {"a": 2}, 0.5) / "trial.json").write_text(
        json.dumps({"number": 1, "state": "complete", "overrides": {"a": 2}, "value": float("nan")})
    )
    found = read_sweep(tmp_path)
    assert [one.state for one in found.runs] == ["complete", "failed"]
    assert "not a finite number" in found.runs[1].error


def test_only_what_differs_is_a_hyperparameter(search, seeds):
    found = read_sweep(search)
    assert set(found.keys) == {"loss.temperature", "optimizer.lr", "loss"}
    assert found.constant == {"trainer.max_epochs": 12}
    assert read_sweep(seeds).keys == ["loss"]
    assert read_sweep(seeds).repeats == "seeds"


def test_a_plain_multirun_is_read_from_what_hydra_and_the_runs_wrote(make, tmp_path):
    found = read_sweep(make.multirun(tmp_path))
    assert found.metric == "val/mrr"
    assert found.command == "train.py -m loss.temperature=0.05,0.1,0.15"
    assert [one.state for one in found.runs] == ["complete", "complete", "running"]
    assert [one.value for one in found.runs] == [0.5, 0.6, None]
    assert found.keys == ["loss.temperature"]
    assert found.runs[1].overrides == {"loss.temperature": 0.1, "trainer.max_epochs": 2, "logger": "none"}


def test_runs_stand_by_number_not_by_name(make, tmp_path):
    make.about(tmp_path, {})
    for number in (10, 2, 0):
        make.trial(tmp_path, number, {"a": number}, 0.5)
    assert [one.number for one in read_sweep(tmp_path).runs] == [0, 2, 10]


def test_half_written_files_leave_a_run_without_them(make, tmp_path):
    make.about(tmp_path, {})
    make.trial(tmp_path, 0, {"a": 1}, 0.5)
    broken = make.trial(tmp_path, 1, {"a": 2}, 0.6, curve=[0.1, 0.2])
    (broken / "trial.json").write_text('{"number": 1, "sta')
    (broken / "summary.json").unlink()
    (broken / "metrics.csv").write_bytes(b"\xff\xfe\x00")
    found = read_sweep(tmp_path).runs[1]
    assert (found.state, found.value, found.epochs) == ("running", None, None)


def test_a_folder_without_runs_is_refused_in_one_line(make, tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        read_sweep(tmp_path / "none")
    with pytest.raises(DataError, match=r"has no sweep\.json and no runs named 0, 1"):
        read_sweep(tmp_path)
    make.multirun(tmp_path / "2026-01-01")
    with pytest.raises(DataError, match="there are sweeps in it: 2026-01-01"):
        read_sweep(tmp_path)
    run = make.trial(tmp_path / "other", 0, {}, 0.5, curve=[0.1, 0.5])
    with pytest.raises(DataError, match=r"it is a single run, whose page is report\.html"):
        read_sweep(run)


def test_overrides_are_read_as_hydra_takes_them():
    given = ["optimizer.lr=1e-3", "+a=2", "++b=true", "~c", "d=null", "loss=infonce", "e='x y'", "f=a=b"]
    values = [1e-3, 2, True, None, None, "infonce", "x y", "a=b"]
    assert parsed(given) == dict(zip(["optimizer.lr", *"abcd", "loss", *"ef"], values, strict=True))


@pytest.mark.parametrize("value", [1e-3, 0.1 + 0.2, 7, True, None, "infonce", 3.3e-5])
def test_what_is_typed_reads_back(value):
    (back,) = parsed([f"key={as_text(value)}"]).values()
    assert back == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value)


def test_numbers_are_shown_short_and_lists_are_quoted_for_the_shell():
    assert [shown(value) for value in (0.05, 0.123456, 3.25e-4, 1e-3, 64, True, 0.0)] == [
        "0.05", "0.123", "3.2e-4", "1e-3", "64", "true", "0",
    ]  # fmt: skip
    assert typed({"a": 1, "b": [1, 2]}) == "a=1 'b=[1, 2]'"
