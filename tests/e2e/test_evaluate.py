"""Measure a checkpoint and compare two evaluations, through the script."""

import csv
import json

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def chosen_on_test(script, folder, tiny):
    """A finished run whose checkpoint was chosen on test, made once for the module."""
    run = folder / "run"
    if not (run / "summary.json").exists():
        code, out, err = script("train", *tiny, "callbacks.best.monitor=test/map", f"hydra.run.dir={run}")
        assert code == 0, err
        (run / "out.txt").write_text(out)
    return run


@pytest.fixture
def measured(script, folder, chosen_on_test):
    """An evaluation of the run's last checkpoint, made once for the module."""
    into = folder / "last"
    if not (into / "evaluation.json").exists():
        code, out, err = evaluate(script, f"checkpoint={chosen_on_test}/checkpoints/last.ckpt", into)
        assert code == 0, err
        (into / "out.txt").write_text(out)
    return into


def evaluate(script, what, into, *more):
    return script("evaluate", what, f"hydra.run.dir={into}", "threads=2", *more)


def about(folder):
    return json.loads((folder / "evaluation.json").read_text())


def refusal(code, err):
    """The one line of a refusal."""
    lines = [line for line in err.splitlines() if line.strip()]
    assert code == 1
    assert "Traceback" not in err
    assert lines[-1].startswith("error: ")
    return lines[-1]


def test_a_run_can_choose_on_test_and_every_table_is_marked(chosen_on_test):
    summary = json.loads((chosen_on_test / "summary.json").read_text())
    assert summary["chosen_on"] == "test"
    with (chosen_on_test / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    values = [float(row["test/map"]) for row in rows]
    assert values[0] == pytest.approx(summary["untrained"]["map"], rel=1e-6)
    assert summary["best_epoch"] == 1 + int(np.argmax(values[1:]))
    assert max(values[1:]) == pytest.approx(summary["test"]["map"], rel=1e-6)  # logged in single precision
    assert "chosen on test" in (chosen_on_test / "out.txt").read_text()
    assert "chosen on test" in (chosen_on_test / "report.html").read_text()
    assert about(chosen_on_test / "test")["chosen_on"] == "test"


def test_a_copy_of_the_best_checkpoint_stays_marked_and_the_last_one_was_not_chosen(
    script, chosen_on_test, measured, tmp_path
):
    copy = tmp_path / "copy.ckpt"
    copy.write_bytes((chosen_on_test / "checkpoints/best.ckpt").read_bytes())
    code, out, err = evaluate(script, f"checkpoint={copy}", tmp_path / "e")
    assert code == 0, err
    assert "chosen on test" in out
    assert about(tmp_path / "e")["chosen_on"] == "test"
    assert about(measured)["chosen_on"] is None
    assert "chosen on test" not in (measured / "out.txt").read_text()


def test_an_evaluation_carries_intervals_thresholds_levels_and_groups(measured):
    told = about(measured)
    assert told["intervals"].keys() == told["means"].keys()
    low, high = told["intervals"]["map"]
    assert low <= told["means"]["map"] <= high
    assert {"micro_ap", "recall@precision=0.9", "fnmr@fmr=0.001", "pairs"} <= told["thresholds"].keys()
    assert list(told["levels"]) == ["product", "category"]
    assert told["groups"]["level"] == "category"
    assert told["judging"]["levels"] == {"product": 3.0, "category": 1.0}
    table = pd.read_parquet(measured / "per_query.parquet")
    assert table["item"].is_unique
    assert len(table) == told["queries"]
    assert len(pd.read_csv(measured / "groups.csv")) == told["groups"]["groups"]


def test_the_categories_that_fare_worst_are_printed(measured):
    out, table = (measured / "out.txt").read_text(), pd.read_csv(measured / "groups.csv", index_col=0)
    worst = table.sort_values("map", kind="stable").head(10)
    places = [out.index(f"\n {name} ") for name in worst.index]
    assert places == sorted(places)


def test_statistics_and_thresholds_are_options(script, chosen_on_test, tmp_path):
    options = ["statistics.level=0.5", "statistics.resamples=50"]
    options += ["thresholds.depth=5", "thresholds.fmr=0.2", "thresholds.background=[3,9]"]
    what = f"checkpoint={chosen_on_test}/checkpoints/last.ckpt"
    code, out, err = evaluate(script, what, tmp_path / "e", *options)
    assert code == 0, err
    told = about(tmp_path / "e")
    assert (told["resampling"]["level"], told["resampling"]["resamples"]) == (0.5, 50)
    assert "fnmr@fmr=0.2" in told["thresholds"]
    assert told["thresholds"]["pairs"]["per_query"] == 5
    assert "50 % interval" in out
    assert "scores normalized" in out
    line = refusal(*evaluate(script, what, tmp_path / "f", "thresholds.background=[9,500]")[::2])
    assert "raise evaluation.depth" in line


def test_a_run_is_compared_with_an_evaluation(script, chosen_on_test, measured, tmp_path):
    code, out, err = script(
        "evaluate",
        f"a={chosen_on_test}",
        f"b={measured}",
        f"hydra.run.dir={tmp_path}/c",
        "statistics.flips=500",
    )
    assert code == 0, err
    told = json.loads((tmp_path / "c/comparison.json").read_text())
    means = {side: about(one)["means"] for side, one in (("a", chosen_on_test / "test"), ("b", measured))}
    for name, row in told["metrics"].items():
        assert row["difference"] == pytest.approx(means["b"][name] - means["a"][name], abs=1e-12)
        assert row["better"] + row["worse"] + row["equal"] == told["queries"] - told["left_out"]
    assert (told["a"]["chosen_on"], told["b"]["chosen_on"]) == ("test", None)
    assert "a: The checkpoint was chosen on test" in out
    assert "corrected by Holm" in " ".join(out.split())
    table = pd.read_csv(tmp_path / "c/comparison.csv", index_col="metric")
    assert list(table.index) == list(told["metrics"])
    per_query = pd.read_parquet(tmp_path / "c/per_query.parquet")
    assert {"item", "a/map", "b/map"} <= set(per_query)
    html = (tmp_path / "c/comparison.html").read_text()
    assert "chosen on test" in html
    assert "No pictures" not in html


def test_an_evaluation_beside_itself_differs_in_nothing(script, measured, tmp_path):
    code, _, err = script("evaluate", f"a={measured}", f"b={measured}", f"hydra.run.dir={tmp_path}/c")
    assert code == 0, err
    rows = json.loads((tmp_path / "c/comparison.json").read_text())["metrics"].values()
    assert all(row["difference"] == 0 and row["p"] == row["p_holm"] == 1 for row in rows)


def test_without_the_catalogue_the_numbers_are_compared_and_the_page_says_why(
    script, chosen_on_test, measured, tmp_path
):
    store = ["data=toystore", "data.products=28", "data.photos=4", "data.image_size=32", "data.photo_size=32"]
    code, _, err = script(
        "evaluate", f"a={chosen_on_test}", f"b={measured}", f"hydra.run.dir={tmp_path}/c", *store
    )
    assert code == 0, err
    html = (tmp_path / "c/comparison.html").read_text()
    assert "No pictures: the catalogue has changed since" in html


def test_a_picture_size_that_is_given_is_the_one_that_is_measured(script, chosen_on_test, measured, tmp_path):
    found = []
    for key in ("data.image_size", "transforms.size"):
        what, into = f"checkpoint={chosen_on_test}/checkpoints/last.ckpt", tmp_path / key
        code, _, err = evaluate(script, what, into, f"{key}=24")
        assert code == 0, err
        found.append(about(into)["means"])
    assert found[0] == found[1] != about(measured)["means"]


def test_evaluations_of_two_splits_refuse_to_be_compared(script, chosen_on_test, measured, tmp_path):
    what = f"checkpoint={chosen_on_test}/checkpoints/last.ckpt"
    code, _, err = evaluate(script, what, tmp_path / "val", "split=val")
    assert code == 0, err
    code, _, err = script("evaluate", f"a={measured}", f"b={tmp_path}/val", f"hydra.run.dir={tmp_path}/c")
    assert "different protocols (toystore/v1:test and toystore/v1:val)" in refusal(code, err)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give checkpoint=… to measure one, or a=FOLDER b=FOLDER"),
        (["checkpoint=x.ckpt", "a=x"], "give one or the other"),
        (["a=x", "b=y", "against=z"], "against=… goes with checkpoint=…"),
        (["a=x"], "a is given, b is missing"),
        (["b=x"], "b is given, a is missing"),
        (["a=nowhere", "b=nowhere"], "there is no evaluation in nowhere"),
        (["a=x", "b=y", "statistics.level=95"], "statistics.level must be between 0 and 1, got 95"),
        (["a=x", "b=y", "statistics.levle=0.9"], "statistics.levle"),
    ],
)
def test_what_cannot_be_is_one_line(script, tmp_path, words, told):
    code, _, err = script("evaluate", *words, f"hydra.run.dir={tmp_path}/c")
    assert told in refusal(code, err)


def test_a_metric_that_was_not_measured_is_named_with_the_nearest(script, measured, tmp_path):
    code, _, err = script(
        "evaluate", f"a={measured}", f"b={measured}", "comparison.metric=mapp", f"hydra.run.dir={tmp_path}/c"
    )
    assert "'map'" in refusal(code, err)


def test_curves_show_the_epochs_after_the_best_one_too(script, tiny, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("vsr.runs.train.draw_curves", lambda history, *_: drawn.append(history))
    first = ["callbacks.best.monitor=train/loss", "callbacks.best.mode=max"]  # which falls
    code, _, err = script("train", *tiny, *first, f"hydra.run.dir={tmp_path}/run")
    assert code == 0, err
    assert json.loads((tmp_path / "run/summary.json").read_text())["best_epoch"] == 1
    assert drawn[0]["epoch"].tolist() == [0, 1, 2]
