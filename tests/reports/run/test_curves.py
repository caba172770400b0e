import io
import sys
import threading
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image

from vsr.display.panels import panels
from vsr.reports.run.curves import curves_figure, draw_curves

METRICS = ["mrr", "map", "map@r", "r_precision", "ndcg", "ndcg@10"] + [
    f"{base}@{k}" for base in ("hit_rate", "recall", "precision") for k in (1, 5, 10)
]


def history(n, metrics=METRICS, index=""):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"epoch": np.arange(n), "step": 24 * np.arange(n)})
    frame["train/loss"] = np.where(frame["epoch"] == 0, np.nan, 4 * np.exp(-frame["epoch"] / n))
    frame["lr"] = np.where(frame["epoch"] == 0, np.nan, 1e-3)
    for name in metrics:
        frame[f"val/{index}{name}"] = np.clip(
            0.5 + 0.4 * frame["epoch"] / n + random.normal(0, 0.01, n), 0, 1
        )
    return frame


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("n", [1, 2, 500])
def test_a_history_of_any_length_becomes_a_small_picture(tmp_path, n):
    draw_curves(history(n), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size <= 300_000
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > 1000
        assert np.asarray(picture.convert("L")).std() > 5  # something is drawn


def test_missing_and_infinite_values_are_left_out_of_the_lines():
    frame = history(20, ["map", "ndcg"])
    frame.loc[frame["epoch"] % 3 != 0, "val/map"] = np.nan
    frame.loc[6, "val/map"] = np.inf
    frame["val/ndcg"] = np.nan
    figure = curves_figure(frame)
    plotted = [line.get_ydata() for axes in figure.axes for line in axes.lines]
    assert all(np.isfinite(np.asarray(values, float)).all() for values in plotted)
    assert "ndcg" not in [line.label for panel in panels(frame) for line in panel.lines]


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame(), pd.DataFrame({"epoch": []}), pd.DataFrame({"epoch": [0], "step": [0], "lr": [np.nan]})],
    ids=["empty", "no rows", "no metrics"],
)
def test_a_history_without_measurements_says_so(tmp_path, frame):
    draw_curves(frame, tmp_path / "curves.png")
    assert "Nothing" in curves_figure(frame).texts[0].get_text()


def test_metrics_of_a_family_share_a_panel_and_each_index_has_its_own():
    frame = history(3).join(history(3, ["map", "recall@10"], "hnsw/").filter(like="hnsw"))
    titles = [panel.title for panel in panels(frame)]
    assert titles == [
        "loss",
        "map, mrr, r_precision",
        "ndcg",
        "hit_rate@k",
        "recall@k",
        "precision@k",
        "map · hnsw",
        "recall@k · hnsw",
    ]


def test_differences_from_exact_search_are_not_drawn():
    history = pd.DataFrame({"epoch": [0, 1], "val/flat/map": [0.1, 0.2], "val/flat/change/map": [0.0, -0.1]})
    assert [line.column for panel in panels(history) for line in panel.lines] == ["val/flat/map"]


def test_exact_searchs_lists_are_drawn_where_they_say_something_new():
    columns = ["val/map", "val/map@10", "val/exact@100/map", "val/exact@100/map@10"]
    history = pd.DataFrame({"epoch": [0, 1], **{column: [0.1, 0.2] for column in columns}})
    drawn = {panel.title: [line.column for line in panel.lines] for panel in panels(history)}
    assert drawn["map · exact@100"] == ["val/exact@100/map"]


def test_variants_of_a_metric_have_a_panel_of_their_own():
    names = ["precision@1:last", "precision@10:last", "precision@10", "map:trapezoid", "map"]
    drawn = {panel.title: [line.label for line in panel.lines] for panel in panels(history(2, names))}
    assert drawn["precision@k:last"] == ["@1", "@10"]
    assert drawn["precision@k"] == ["@10"]
    assert drawn["map:trapezoid"] == ["map:trapezoid"]
    assert drawn["map"] == ["map"]


def test_a_metric_that_nobody_knows_gets_a_panel():
    assert [panel.title for panel in panels(history(2, ["my_metric"]))] == ["loss", "my_metric"]


def test_many_cutoffs_are_spread_over_panels():
    frame = history(3, [f"recall@{k}" for k in range(1, 21)])
    drawn = [panel for panel in panels(frame) if "recall" in panel.title]
    assert [len(panel.lines) for panel in drawn] == [8, 8, 4]


def test_the_best_epoch_by_the_monitor_is_named_and_epoch_0_never_is():
    frame = history(4, ["map"])
    frame["val/map"] = [0.9, 0.3, 0.7, 0.5]
    note = curves_figure(frame).texts[0].get_text()
    assert "epoch 2, the best val/map (0.700)" in note
    assert "map  0.700" in texts(curves_figure(frame))
    assert "epoch 1," in curves_figure(frame, mode="min").texts[0].get_text()


def test_labels_show_last_values_when_the_monitor_is_missing():
    frame = history(3, ["mrr"])
    assert f"mrr  {frame['val/mrr'].iloc[-1]:.3f}" in texts(curves_figure(frame, monitor="val/map"))


@pytest.mark.parametrize("columns", [1, 3])
def test_labels_neither_overlap_nor_leave_the_picture(columns):
    frame = history(5)
    for name in METRICS:
        frame[f"val/{name}"] = 0.5  # all lines end in one place
    figure = curves_figure(frame, columns=columns)
    for text in (text for axes in figure.axes for text in axes.texts):
        text.update_positions(figure.canvas.get_renderer())
    for axes in figure.axes:
        # Text's own extent: an annotation's takes in its leader line.
        boxes = sorted((Text.get_window_extent(text) for text in axes.texts), key=lambda box: box.y0)
        assert all(box.x1 <= figure.bbox.x1 for box in boxes)
        assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))


def test_pyplot_is_not_used(tmp_path):
    draw_curves(history(2, ["map"]), tmp_path / "curves.png")
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_threads_draw_the_same_picture(tmp_path):
    frame = history(3, ["map"])
    workers = [threading.Thread(target=draw_curves, args=(frame, tmp_path / f"{i}.png")) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    pictures = [Image.open(io.BytesIO((tmp_path / f"{i}.png").read_bytes())).tobytes() for i in range(3)]
    assert pictures[0] == pictures[1] == pictures[2]
