"""Trade-off figures: speed against recall, speed against the task metric, memory against recall."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from vsr.ann.ledger import Row
from vsr.display import style
from vsr.display.canvas import WIDTH, Label, axes_in, label_right, labels_of, legend, log_scale
from vsr.display.document import Figure
from vsr.display.formats import is_number, significant
from vsr.reports.ann.comparison_json import Measurements, column
from vsr.reports.ann.frontier import frontier
from vsr.reports.ann.method_looks import family_handles, method_looks
from vsr.reports.ann.setting_choice import memory

_HEIGHT = 5.0  # inches
_ENVELOPE = "#ffe3a3"  # behind the frontier of all
_END = 2e-3  # added to 1 - share: the scale of shares ends at 1 instead of at infinity
_HIGHEST = 0.9  # the scale begins here or lower: close to 1 all methods look alike
_TICKS = (0.0, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)

Quality = Callable[[Row], float]


def recall_figure(found: Measurements, earlier: Measurements | None = None) -> Figure:
    """Speed against recall; settings of ``earlier`` as dotted lines."""
    recall = found.recall
    file, title = "frontier_recall.png", f"Speed at a given {recall}"
    return _speed_figure(found, earlier, file, title, recall, lambda row: row[recall])


def task_figure(found: Measurements, earlier: Measurements | None = None) -> Figure | None:
    """Speed against the share of exact search's task metric that is kept; None without labels."""
    task = found.task
    if task is None or not found.about["exact"][task]:
        return None
    exact = found.about["exact"][task]

    def kept(row: Row) -> float:
        return min(row[task] / exact, 1.0) if is_number(row.get(task)) else np.nan

    title = f"Speed at a given share of exact search's {task} ({exact:.3f})"
    across = f"{task} / exact search's {task}, at most 1"
    return _speed_figure(found, earlier, "frontier_task.png", title, across, kept)


def memory_figure(found: Measurements) -> Figure:
    """Memory against the recalls that the settings of a backend reach."""
    measured = [row for row in found.backends if found.of(row["name"]) and is_number(memory(row))]
    raw = found.n * found.about["vectors"]["width"] * 4 / 2**20
    sizes, recalls = [memory(row) for row in measured], column(found.settings, found.recall)
    look, labels = method_looks(found), [Label(1.0, raw, f"the vectors  {_size(raw)}", style.MUTED)]
    for row, size in zip(measured, sizes, strict=True):
        high = float(np.nanmax(column(found.of(row["name"]), found.recall)))
        labels.append(Label(high, size, f"{row['name']}  {_size(size)}", look[row["name"]].color))
    figure, axes = _axes(recalls, [*sizes, raw], f"{found.recall} (stretched toward 1)", "MiB", labels)
    axes.axhline(raw, color=style.MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    for row, size in zip(measured, sizes, strict=True):
        color, mark, _ = look[row["name"]]
        reached = column(found.of(row["name"]), found.recall)
        low, high = float(np.nanmin(reached)), float(np.nanmax(reached))
        axes.plot([low, high], [size] * 2, color=color, linewidth=2, alpha=0.45)
        axes.plot(reached, [size] * len(reached), "|", color=color, markersize=5, alpha=0.7)
        axes.plot(high, size, mark, color=color, markersize=5.5, clip_on=False)
    note = f"Each line: the recalls that the settings of one index reach. Best: lower right. {_about(found)}"
    label_right(axes, labels)
    legend(figure, family_handles(found))
    return Figure("memory.png", f"Memory at a given {found.recall}", note, figure)


def _speed_figure(
    found: Measurements, earlier: Measurements | None, file: str, title: str, across: str, quality: Quality
) -> Figure:
    lines = {row["name"]: _line(found.of(row["name"]), quality) for row in found.backends}
    lines = {name: rows for name, rows in lines.items() if rows}
    # What only the other comparison measured is in its own report.
    before = {name: _line(earlier.of(name), quality) for name in lines} if earlier is not None else {}
    best = _line([row for rows in lines.values() for row in rows], quality)
    on_top, look, labels = {row["backend"] for row in best}, method_looks(found), []
    for name, rows in lines.items():
        end = (quality(rows[-1]), rows[-1]["qps_1"])
        labels.append(Label(*end, name, look[name].color, name in on_top))
    every = [row for rows in [*lines.values(), *before.values()] for row in rows]
    qualities = np.array([quality(row) for row in every])
    speeds = column(every, "qps_1").tolist()
    figure, axes = _axes(qualities, speeds, f"{across} (stretched toward 1)", "queries/s on one core", labels)
    envelope: dict[str, Any] = {"color": _ENVELOPE, "zorder": 1, "solid_capstyle": "round"}
    _draw(axes, best, quality, linewidth=10, **envelope)
    for name, rows in before.items():
        _draw(axes, rows, quality, color=look[name].color, linestyle=":", linewidth=1.3, alpha=0.8, zorder=2)
    for name, rows in lines.items():
        color, mark, dash = look[name]
        width, order = (1.9, 4) if name in on_top else (1.1, 3)
        marks = {"marker": mark, "markersize": 3.8, "clip_on": False}
        _draw(axes, rows, quality, color=color, linestyle=dash, linewidth=width, zorder=order, **marks)
    extra = [Line2D([], [], color=_ENVELOPE, linewidth=6, label="frontier")]
    if earlier is not None:
        dotted = {"color": style.MUTED, "linewidth": 1, "linestyle": ":"}
        extra.append(Line2D([], [], label="the other comparison", **dotted))
    note = "Each line: the best settings of one index. Best: upper right; bold: on the frontier."
    label_right(axes, labels)
    legend(figure, [*family_handles(found), *extra])
    return Figure(file, title, f"{note} {_about(found)}", figure)


def _line(rows: list[Row], quality: Quality) -> list[Row]:
    """The settings that no other of ``rows`` beats, by rising quality."""
    known = [row for row in rows if is_number(quality(row))]
    return [known[at] for at in frontier(np.array([quality(row) for row in known]), column(known, "qps_1"))]


def _draw(axes: Axes, rows: list[Row], quality: Quality, **look: Any) -> None:
    axes.plot([quality(row) for row in rows], column(rows, "qps_1"), **look)


def _axes(
    shares: np.ndarray, values: list[float], across: str, up: str, labels: list[Label]
) -> tuple[Drawing, Axes]:
    """Axes from the lowest of ``shares`` to 1 and over all ``values``, with room for ``labels``."""
    figure = style.new_figure(WIDTH, _HEIGHT)
    right = max((style.text_width(f"{one.text}  ") for one in labels), default=0.0) * 1.08 + 0.42
    axes = axes_in(figure, 0.72, 0.5, WIDTH - 0.72 - right, _HEIGHT - 0.95)
    axes.set_xscale("function", functions=(_stretched, lambda place: 1 + _END - 10.0**-place))
    lowest = min(shares.min(initial=1.0), _HIGHEST)
    ticks = _TICKS[max(place for place, tick in enumerate(_TICKS) if tick <= max(lowest, 0.0)) :]
    axes.set_xlim(ticks[0], 1.0 + 0.03 * _END)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.grid(axis="x", color="#eef1f4", linewidth=0.8)
    known = [value for value in values if is_number(value) and value > 0] or [1.0]
    log_scale(axes, "y", min(known) / 1.4, max(known) * 1.4)
    labels_of(axes, across, up)
    return figure, axes


def _stretched(share: np.ndarray | float) -> np.ndarray:
    """From 0.9 to 0.99 as far as from 0.99 to 0.999, almost; 1 is still on the scale."""
    return -np.log10(np.maximum(1 - np.asarray(share), -0.9 * _END) + _END)


def _about(found: Measurements) -> str:
    return f"{found.size}, {found.about['how']['metric']}."


def _size(mib: float) -> str:
    return f"{mib / 1024:.2f} GiB" if mib >= 1024 else f"{significant(mib)} MiB"
