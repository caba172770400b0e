"""Whole comparisons, each method in a process of its own."""

import json

import numpy as np
import pandas as pd
import pytest

import vsr.ann.truth
from vsr.ann.clustered import Clustered
from vsr.ann.ledger import Ledger
from vsr.ann.plan import Candidate, Plan
from vsr.ann.result_tables import tables
from vsr.ann.vector_file import VectorFile
from vsr.runs.compare_indexes import Comparison, compare, missing

FLAT = Candidate("flat", "vsr.index.Flat", {"metric": "cosine"}, "exact")
SEARCH = [{"ef_search": 10}, {"ef_search": 20}]
HNSW = Candidate("hnsw", "vsr.index.HNSW", {"m": 8, "ef_construction": 20}, "graph", SEARCH)
FAILING = Candidate("failing", "comparison_stubs.Failing", {}, "other")


def run_in(folder, *backends, **plan):
    plan = {"queries": 40, "repeats": 2, "seconds": 0.002, "threads": 1, "depth": 20, **plan}
    source = Clustered(400, 16, clusters=20)
    return Comparison(source, Plan(list(backends), **plan), folder, {"command": "compare.py", "git": None})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    compare(run_in(folder, FLAT, FAILING))
    return folder


def test_a_comparison_leaves_report_tables_and_measurements(finished):
    names = {path.name for path in finished.iterdir()}
    assert {"report.md", "report.html", "comparison.csv", "comparison.json", "measurements.jsonl"} <= names
    table = pd.read_csv(finished / "comparison.csv")
    assert table["backend"].tolist() == ["flat", "failing"]
    assert table["recall@10"].tolist()[0] == 1.0


def test_a_method_that_fails_is_a_row_that_says_so(finished):
    told = json.loads((finished / "comparison.json").read_text())
    row = told["backends"][1]
    assert row["status"] == "failed"
    assert row["reason"] == "build: RuntimeError: no such thing as training"
    assert "failing" in (finished / "report.md").read_text()


def near_one_direction(tmp_path):
    """Steps of 2e-7 around one direction: the cosine of any two is 1 in float32, in float64 it is not."""
    gallery = np.ones((300, 4), np.float32)
    gallery[:, 0] += np.arange(300, dtype=np.float32) * 2e-7
    np.save(tmp_path / "e.npy", np.random.default_rng(0).permutation(gallery))
    np.save(tmp_path / "q.npy", gallery[::10])
    run = run_in(tmp_path / "run", FLAT)
    run.source = VectorFile(str(tmp_path / "e.npy"), queries=str(tmp_path / "q.npy"))
    return run


def test_vectors_that_products_in_float32_cannot_tell_apart_are_measured_right(tmp_path, caplog):
    told = compare(near_one_direction(tmp_path))
    assert "Exact search itself is not exact here" not in caplog.text
    assert told["about"]["exact_recall"]["recall@10"] == 1.0
    assert [row["recall@10"] for row in told["settings"]] == [1.0]


def test_an_exact_search_that_is_not_exact_is_said_loudly_and_nothing_is_measured_against_it(
    tmp_path, caplog, monkeypatch
):
    searched = vsr.ann.truth._searched

    def wrong(*given):
        ids, per_query = searched(*given)
        return (ids + 150) % 300, per_query

    monkeypatch.setattr("vsr.ann.truth._searched", wrong)
    told = compare(near_one_direction(tmp_path))
    said = "Exact search itself is not exact here: it compares every pair, and its recall@10 is"
    assert said in caplog.text
    assert told["settings"] == []
    assert "float32 is not exact on these vectors under cosine" in told["backends"][0]["reason"]
    page = (tmp_path / "run" / "report.md").read_text()
    assert "float32 is not exact on these vectors" in page
    assert "Exact search in float32 has a recall@10 of" in page


def test_a_finished_comparison_measures_nothing_again(finished, monkeypatch):
    monkeypatch.setattr("vsr.runs.compare_indexes.Watched", lambda *given: pytest.fail("measured again"))
    monkeypatch.setattr("vsr.ann.machine.psutil.getloadavg", lambda: (99.0, 99.0, 99.0))
    before = (finished / "measurements.jsonl").read_bytes()
    told = json.loads((finished / "comparison.json").read_text())["about"]
    compare(run_in(finished, FLAT, FAILING))
    assert (finished / "measurements.jsonl").read_bytes() == before
    again = json.loads((finished / "comparison.json").read_text())["about"]
    assert (again["machine"], again["seconds"]) == (told["machine"], told["seconds"])


def test_a_run_that_was_ended_goes_on_where_it_was(tmp_path, monkeypatch):
    append = Ledger.append

    def end_after_the_first_setting(ledger, row):
        append(ledger, row)
        if row["kind"] == "search":
            raise KeyboardInterrupt

    monkeypatch.setattr(Ledger, "append", end_after_the_first_setting)
    with pytest.raises(KeyboardInterrupt):
        compare(run_in(tmp_path, HNSW))
    assert len(Ledger(tmp_path / "measurements.jsonl").rows) == 3  # build, grid, one setting
    monkeypatch.setattr(Ledger, "append", append)
    found = compare(run_in(tmp_path, HNSW))
    kinds = [row["kind"] for row in Ledger(tmp_path / "measurements.jsonl").rows]
    assert sorted(kinds) == ["build", "grid", "grid", "search", "search", "session"]  # built once, and loaded
    assert [row["setting"] for row in found["settings"]] == ["ef_search=10", "ef_search=20"]


def test_over_its_limit_it_is_a_row_that_says_so_and_tried_again_under_another_alone(tmp_path):
    run = run_in(tmp_path, FLAT, memory_gib=0.02)
    (row,) = compare(run)["backends"]
    assert row["status"] == "failed"
    assert "more than the limit of 20 MiB" in row["reason"]
    ledger = Ledger(tmp_path / "measurements.jsonl")
    key = ledger.rows[0]["key"]
    assert not missing(FLAT, key, ledger, run.plan)
    assert missing(FLAT, key, ledger, run_in(tmp_path, FLAT, memory_gib=4).plan)


def test_what_failed_and_went_well_later_failed_no_more(tmp_path):
    ledger = Ledger(tmp_path / "m.jsonl")
    failure = {"key": "a", "kind": "failure", "phase": "start", "knobs": None, "reason": "x", "limits": {}}
    ledger.append(failure)
    assert tables(ledger, [(FLAT, "a")])["backends"][0]["status"] == "failed"
    ledger.append({"key": "a", "kind": "build", "build_s": 1.0})
    assert tables(ledger, [(FLAT, "a")])["backends"][0]["status"] == "measured"
