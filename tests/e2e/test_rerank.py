"""Search through an index and rerankers, in training and afterwards, through the scripts."""

import csv
import json
from pathlib import Path

import pytest

from vsr.retrieval.evaluation import Evaluation

TABLE = ["exact", "exact@100", "flat", "+ alpha_qe"]


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
        lists, flat, served = (float(row[f"val/{one}/map"]) for one in ("exact@100", "flat", "flat+alpha_qe"))
        assert flat == pytest.approx(lists)
        assert float(row["val/flat+alpha_qe/change/map"]) == pytest.approx(served - lists)


def test_the_summary_keeps_exact_search_and_adds_the_stages(trained):
    summary = json.loads((trained / "summary.json").read_text())
    assert "flat/map" not in summary["test"]
    assert list(summary["stages"]["test"]) == ["exact@100", "flat", "flat+alpha_qe"]
    assert summary["stages"]["test"]["flat"] == pytest.approx(summary["stages"]["test"]["exact@100"])
    assert summary["meanings"].keys() == summary["test"].keys()
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
    chain = ["flat", "flat+whitening", "flat+whitening+pairwise", "flat+whitening+pairwise+mmr"]
    names = ["exact", "exact@100", *chain]
    assert [stage["name"] for stage in stages] == names  # the index is that of the checkpoint's run
    test = json.loads((trained / "summary.json").read_text())["test"]
    assert stages[0]["means"] == test
    assert all(stage["ms_per_query"] > 0 for stage in stages)


def measured(script, trained, into, *more):
    """Standard output, and the names of the stages, of evaluate.py."""
    checkpoint, quick = f"checkpoint={trained}/checkpoints/best.ckpt", ["trainer=cpu", "progress=none"]
    code, out, err = script("evaluate", checkpoint, *quick, f"hydra.run.dir={into}", *more)
    assert code == 0, err
    stages = into / "stages" / "stages.json"
    return out, [one["name"] for one in json.loads(stages.read_text())] if stages.exists() else []


def test_what_is_said_at_the_terminal_wins_over_what_was_trained_with(script, trained, tmp_path):
    words = ["index=none", "rerank=none", "evaluation.similarity=l2"]
    _, names = measured(script, trained, tmp_path / "a", *words)
    assert names == []
    config = json.loads((tmp_path / "a" / "provenance.json").read_text())["config"]
    assert config["evaluation"] == {"depth": 100, "similarity": "l2", "block_mib": 256.0}
    assert not config["index"]
    assert not config["rerank"]
    exact = Evaluation.load(tmp_path / "a")
    assert (exact.neighbors.scores <= 0).all()  # negated squares
    _, names = measured(script, trained, tmp_path / "b", "rerank=none", "metrics.names=[map@5]")
    assert names == ["exact", "exact@100", "flat"]
    assert list(Evaluation.load(tmp_path / "b").means) == ["map@5"]


def test_a_page_a_stage_is_written_and_listed(script, trained, tmp_path):
    out, names = measured(script, trained, tmp_path / "a", f"against={trained}")
    pages = [line.removeprefix("Page: ") for line in out.splitlines() if line.startswith("Page: ")]
    assert pages == [
        f"{tmp_path}/a/evaluation.html",
        *(f"{tmp_path}/a/stages/{name}/evaluation.html" for name in names[2:]),
    ]
    exact, *stages = (Path(page).read_text("utf-8") for page in pages)
    assert f"against {trained}; 0 queries rose, 0 fell" in exact
    assert all("against exact search&#39;s first 100;" in stage for stage in stages)


def test_another_split_is_refused_before_anything_is_measured(script, trained, tmp_path):
    what = [f"checkpoint={trained}/checkpoints/best.ckpt", f"against={trained}", "split=val"]
    code, _, err = script("evaluate", *what, f"hydra.run.dir={tmp_path}/x")
    assert code == 1
    told = err.strip().splitlines()[-1]
    assert f"this evaluation and {trained} cannot be compared: they have different protocols" in told
    assert not (tmp_path / "x" / "evaluation.json").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["evaluation.similrity=l2"], "evaluation.similrity is not an option of RankingEvaluation"),
        (["loader.wrokers=2"], "loader.wrokers is not an option of VisualSearchData; did you mean 'workers'"),
        (["loader.workers=-1"], "loader: workers must be >= 0"),
        (["evaluation.similarity=l2"], "evaluation.similarity is l2 but index.metric is cosine"),
        (["rerank.mmr.n=3"], "rerank.mmr has no _target_"),
        (["rerank=[mmmr]"], "rerank=mmmr: no such entry in conf/rerank/; did you mean 'mmr'?"),
        (["against=nowhere"], "there is no evaluation in nowhere"),
    ],
)
def test_what_cannot_be_is_one_line(script, trained, tmp_path, words, told):
    checkpoint = f"checkpoint={trained}/checkpoints/best.ckpt"
    code, _, err = script("evaluate", checkpoint, *words, f"hydra.run.dir={tmp_path}/x")
    assert code == 1
    assert "Traceback" not in err
    assert told in err.strip().splitlines()[-1]


def test_an_index_of_another_metric_is_one_line(script, tiny, tmp_path):
    code, _, err = script("train", *tiny, "index=flat", "index.metric=l2", f"hydra.run.dir={tmp_path}/x")
    assert code == 1
    assert (
        err.strip()
        .splitlines()[-1]
        .startswith("error: evaluation.similarity is cosine but index.metric is l2")
    )
