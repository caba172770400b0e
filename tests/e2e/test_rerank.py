"""Search through an index and rerankers, in training and afterwards, through the scripts."""

import csv
import json

import pytest

from vsr.retrieval import Evaluation

TABLE = ["exact", "flat", "+ alpha_qe"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "served"


@pytest.fixture
def trained(script, folder, tiny):
    """A run of one epoch, measured through an index and query expansion; made once for the module."""
    if not (folder / "summary.json").exists():
        more = ["trainer.max_epochs=1", "index=flat", "rerank=[alpha_qe]", f"hydra.run.dir={folder}"]
        code, out, err = script("train", *tiny, *more)
        assert code == 0, err
        (folder / "out.txt").write_text(out)
    return folder


def test_every_epoch_logs_what_index_and_rerankers_change(trained):
    with (trained / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    for row in rows:
        exact, flat, served = (float(row[f"val/{stage}map"]) for stage in ("", "flat/", "flat+alpha_qe/"))
        assert flat == pytest.approx(exact)
        assert float(row["val/flat+alpha_qe/change/map"]) == pytest.approx(served - exact)


def test_the_summary_keeps_exact_search_and_adds_the_stages(trained):
    summary = json.loads((trained / "summary.json").read_text())
    assert "flat/map" not in summary["test"]
    assert list(summary["stages"]["test"]) == ["flat", "flat+alpha_qe"]
    assert summary["stages"]["test"]["flat"]["map"] == pytest.approx(summary["test"]["map"])
    saved = Evaluation.load(trained / "test" / "stages" / "flat+alpha_qe")
    assert saved.means == summary["stages"]["test"]["flat+alpha_qe"]


def test_a_person_sees_the_stages_below_each_other(trained):
    out = (trained / "out.txt").read_text()
    places = [out.index(f"\n {label} ") for label in TABLE]
    assert places == sorted(places)
    assert max(map(len, out.splitlines())) <= 80


def test_a_checkpoint_is_measured_with_what_learns_from_the_training_split(script, trained, tmp_path):
    checkpoint = f"checkpoint={trained}/checkpoints/best.ckpt"
    chain = "rerank=[whitening,pairwise,mmr]"
    code, out, err = script(
        "evaluate", checkpoint, "trainer=cpu", "progress=none", chain, f"hydra.run.dir={tmp_path}/x"
    )
    assert code == 0, err
    assert "ms/query" in out
    stages = json.loads((tmp_path / "x" / "stages" / "stages.json").read_text())
    names = ["exact", "flat", "flat+whitening", "flat+whitening+pairwise", "flat+whitening+pairwise+mmr"]
    assert [stage["name"] for stage in stages] == names  # the index is that of the checkpoint's run
    test = json.loads((trained / "summary.json").read_text())["test"]
    assert stages[0]["means"] == test
    assert all(stage["ms_per_query"] > 0 for stage in stages)


def test_an_index_of_another_metric_is_one_line(script, tiny, tmp_path):
    code, _, err = script("train", *tiny, "index=flat", "index.metric=l2", f"hydra.run.dir={tmp_path}/x")
    assert code == 1
    assert (
        err.strip()
        .splitlines()[-1]
        .startswith("error: evaluation.similarity is cosine but index.metric is l2")
    )
