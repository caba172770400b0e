import json

import numpy as np
import pytest

from vsr.ann.worker import Measurement


def measured(vectors, how, tmp_path, target="vsr.index.Flat", **changes):
    """What a measuring process says, without the process."""
    job = {
        "vectors": str(vectors.folder),
        "target": target,
        "arguments": {"metric": "cosine"},
        "search": None,
        "done": [],
        "built": False,
        "exhaustive": target == "vsr.index.Flat",
        "saved": str(tmp_path / "saved"),
        "how": how,
    }
    said = []
    Measurement({**job, **changes}, lambda row: said.append(json.loads(json.dumps(row, default=str)))).run()
    return said


def of(said, event):
    return [row for row in said if row["event"] == event]


def test_exact_search_loses_nothing(vectors, how, tmp_path):
    said = measured(vectors, how, tmp_path)
    (row,) = of(said, "search")
    assert row["recall"] == {"recall@1": 1.0, "recall@10": 1.0, "recall@20": 1.0}
    assert {task["loss"] for task in row["task"].values()} == {0.0}
    (built,) = of(said, "build")
    assert built["n"] == 400
    assert built["disk_mib"] > 400 * 16 * 4 / 2**20
    assert built["index_mib"] > 400 * 16 * 4 / 2**20


def test_what_a_worse_search_loses_is_measured_query_by_query(vectors, how, tmp_path, near):
    said = measured(vectors, how, tmp_path, "comparison_stubs.Sampled")
    tenth, whole = of(said, "search")
    assert (tenth["knobs"], whole["knobs"]) == ({"share": 10}, {"share": 100})
    assert whole["recall"]["recall@10"] == 1.0
    ids, _ = near(vectors.queries, np.array(vectors.gallery), 10)
    assert tenth["recall"]["recall@10"] == pytest.approx((ids < 40).sum() / ids.size)
    assert tenth["task"]["ndcg@10"]["loss"] > 0
    assert tenth["task"]["ndcg@10"]["loss_ci"] > 0


def test_settings_that_are_done_are_not_measured_again(vectors, how, tmp_path):
    said = measured(vectors, how, tmp_path, "comparison_stubs.Sampled", done=[{"share": 10}])
    assert [row["knobs"] for row in of(said, "search")] == [{"share": 100}]


def test_a_setting_that_fails_is_told_and_the_others_are_measured(vectors, how, tmp_path):
    search = [{"share": 0}, {"share": 50}]
    said = measured(vectors, how, tmp_path, "comparison_stubs.Sampled", search=search)
    (failure,) = of(said, "failure")
    assert failure["knobs"] == {"share": 0}
    assert failure["reason"] == "ValueError: share must be >= 1, got 0"
    assert [row["knobs"] for row in of(said, "search")] == [{"share": 50}]


def test_a_built_index_is_loaded_not_built_again(vectors, how, tmp_path):
    first = measured(vectors, how, tmp_path)
    second = measured(vectors, how, tmp_path, built=True)
    assert of(second, "build") == []
    assert of(second, "search")[0]["recall"] == of(first, "search")[0]["recall"]


def test_without_labels_recall_is_measured_alone(vectors, how, tmp_path):
    (vectors.folder / "labels.npz").unlink()
    (row,) = of(measured(vectors, how, tmp_path), "search")
    assert row["task"] == {}
    assert row["recall"]["recall@10"] == 1.0


def test_recalls_that_cannot_be_are_failures_and_not_figures(vectors, how, tmp_path):
    """Of two settings of an index that compares every pair, the one that does not."""
    said = measured(vectors, how, tmp_path, "comparison_stubs.Sampled", exhaustive=True)
    (failure,), (row,) = of(said, "failure"), of(said, "search")
    assert failure["knobs"] == {"share": 10}
    assert failure["reason"].startswith("DataError: it compares every pair, and its recall@1 is 0.")
    assert row["knobs"] == {"share": 100}


def test_a_depth_beyond_the_gallery_asks_for_all_of_it(vectors, how, tmp_path):
    (row,) = of(measured(vectors, how | {"depth": 500}, tmp_path), "search")
    assert row["recall"]["recall@500"] == 1.0
