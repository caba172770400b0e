"""A run in mixed precision is measured, compared and chosen on as it was trained."""

import json

import numpy as np
import pandas as pd
import pytest

ON = ["trainer.max_epochs=1"]
QUICK = ["comparison=quick", "comparison.only=[flat]", "comparison.queries=1000", "comparison.seconds=0.002"]


@pytest.fixture
def measured(monkeypatch):
    """What the pages of runs and evaluations were made of, newest last: queries and gallery among it."""
    seen = []
    for place in ("train", "evaluate"):
        module = f"vsr.runs.{place}.show_measured"
        monkeypatch.setattr(module, lambda found, *_: seen.append(found) or [])
    return seen


def means(folder):
    return json.loads((folder / "evaluation.json").read_text())["means"]


def test_evaluate_and_compare_reproduce_a_run_in_its_precision(script, measured, tmp_path, tiny):
    def run(name, into, *more):
        threads = [] if name == "compare" else ["threads=1"]
        code, _, err = script(name, *more, *threads, f"hydra.run.dir={tmp_path}/{into}")
        assert code == 0, err
        return tmp_path / into

    chosen = ["callbacks.best.monitor=test/map", "rerank=[learned_whitening]"]  # which embed test and train
    trained = run("train", "a", *tiny, *ON, "trainer.precision=bf16-mixed", *chosen)
    checkpoint = f"checkpoint={trained}/checkpoints/best.ckpt"
    again = run("evaluate", "b", checkpoint)
    full = run("evaluate", "c", checkpoint, "trainer.precision=32-true")
    first, second, other = measured
    assert means(trained / "test") == means(again) != means(full)
    for one, two in zip(first.stages, second.stages, strict=True):
        assert one.evaluation.means == two.evaluation.means
    assert first.gallery.equal(second.gallery)
    assert json.loads((full / "provenance.json").read_text())["config"]["trainer"]["precision"] == "32-true"
    epochs = pd.read_csv(trained / "metrics.csv")["test/map"]  # measured beside validation
    assert epochs.iloc[-1] == pytest.approx(first.evaluation.means["map"], rel=1e-6)

    for into, more, measured_as in (("d", [], second), ("e", ["precision=32-true"], other)):
        found = np.load(run("compare", into, checkpoint, *QUICK, *more) / "vectors/gallery.npy")
        assert np.array_equal(found, measured_as.gallery.numpy())


def test_a_precision_that_there_is_not_is_one_line(script, tmp_path, tiny):
    code, _, err = script("train", *tiny, "trainer.precision=bf16mixed", f"hydra.run.dir={tmp_path}/run")
    assert code == 1
    assert "trainer.precision: there is no 'bf16mixed'; did you mean 'bf16-mixed'" in err.splitlines()[-1]


@pytest.mark.parametrize("words", [["trainer.callbacks=null"], ["+trainer.callbacks=null"]])
def test_a_trainer_option_that_is_said_elsewhere_is_told_where(script, tmp_path, words):
    code, _, err = script("train", *words, f"hydra.run.dir={tmp_path}/run")
    assert code == 1
    assert "trainer.callbacks is not set here: callbacks=… chooses them" in err.splitlines()[-1]
