import numpy as np
import pytest
from PIL import Image

from vsr.display.searches import Result, Search
from vsr.training.loggers import tensorboard_logger
from vsr.training.trackers import Results, search_table, send_results

PICTURE = np.zeros((4, 6, 3), np.uint8)


def searches():
    found = [Result(PICTURE, 0.9, "right", "mug 1"), Result(None, 0.5, "wrong", "mug 2")]
    return [
        Search(PICTURE, "mug 0", found, 3, "AP 0.500"),
        Search(PICTURE, "cup 0", found[:1], 1, "AP 1.000"),
    ]


def test_a_row_is_a_query_and_a_column_a_rank():
    columns, rows = search_table(searches())
    assert columns == ["query", "name", "metric", "relevant", "1", "2"]
    assert [row[1:4] for row in rows] == [["mug 0", "AP 0.500", 3], ["cup 0", "AP 1.000", 1]]
    assert rows[0][4][1] == "✓ 0.900 mug 1"
    assert rows[0][5] is None  # cannot be shown
    assert rows[1][5] is None  # was not found
    assert {len(row) for row in rows} == {6}


def test_no_search_is_an_empty_table():
    assert search_table([]) == (["query", "name", "metric", "relevant"], [])


def test_tensorboard_gets_test_figures_and_the_picture(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    Image.new("RGB", (30, 20), "red").save(tmp_path / "searches.jpg")
    logger = tensorboard_logger(str(tmp_path))
    logger.log_metrics({"val/map": 0.5}, step=10)
    send_results([logger], Results(tmp_path, {"val/map": 0.4, "test/map": 0.3}, 20, searches(), []))
    logger.finalize("success")
    found = accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    found.Reload()
    assert [(one.step, one.value) for one in found.Scalars("test/map")] == [(20, pytest.approx(0.3))]
    assert [one.step for one in found.Scalars("val/map")] == [10]  # the curve does not jump back
    assert [one.step for one in found.Images("test/searches")] == [20]
