"""Figures of what is given for what: speed for recall, speed for the task metric, memory for recall."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vsr.display import style
from vsr.display.formats import count, is_number, significant
from vsr.reports.ann.canvas import Label, axes_of, label_right, legend, log_scale
from vsr.reports.ann.choice import column, memory
from vsr.reports.ann.files import Comparison, Row
from vsr.reports.ann.frontier import frontier
from vsr.reports.ann.looks import Look, looks
from vsr.reports.ann.scale import set_stretched, stretched

_ENVELOPE = "#ffe3a3"  # behind the frontier of all
_LOWEST = 0.5  # quality from which on a figure has room for details

Quality = Callable[[Row], float]


def recall_figure(found: Comparison, earlier: Comparison | None = None) -> Figure:
    """Speed against recall; settings of ``earlier`` as thin dashed lines."""
    title = f"Speed at a given {found.recall}"
    return _speed_figure(found, earlier, title, found.recall, lambda row: row[found.recall])


def task_figure(found: Comparison, earlier: Comparison | None = None) -> Figure | None:
    """Speed against the share of exact search's task metric that is kept; None without labels."""
    task = found.task
    if task is None or not found.about["exact"][task]:
        return None
    exact = found.about["exact"][task]

    def kept(row: Row) -> float:
        return min(row[task] / exact, 1.0) if is_number(row.get(task)) else np.nan

    title = f"Speed at a given share of exact search's {task} ({exact:.3f})"
    return _speed_figure(found, earlier, title, f"{task} / exact search's {task}, at most 1", kept)


def memory_figure(found: Comparison) -> Figure:
    """Memory against the recalls that the settings of a backend reach."""
    measured = [row for row in found.backends if found.of(row["name"]) and is_number(memory(row))]
    texts = {row["name"]: f"{row['name']}  {_size(memory(row))}" for row in measured}
    raw = found.n * found.about["vectors"]["width"] * 4 / 2**20
    own = f"the vectors  {_size(raw)}"
    note = f"Each line: what the settings of one index reach. Best: lower right. {_about(found)}"
    figure, axes = axes_of(f"Memory at a given {found.recall}", note, [own, *texts.values()])
    style_of, labels, lowest = looks(found), [], 1.0
    for row in measured:
        look = style_of[row["name"]]
        recalls = column(found.of(row["name"]), found.recall)
        low, high, size = float(np.nanmin(recalls)), float(np.nanmax(recalls)), memory(row)
        lowest = min(lowest, low)
        axes.plot(stretched(np.array([low, high])), [size] * 2, color=look.color, linewidth=2, alpha=0.45)
        axes.plot(stretched(recalls), [size] * len(recalls), "|", color=look.color, markersize=5, alpha=0.7)
        axes.plot(stretched(high), size, look.mark, color=look.color, markersize=5.5, clip_on=False)
        labels.append(Label(float(stretched(high)), size, texts[row["name"]], look.color))
    axes.axhline(raw, color=style.MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    sizes = [memory(row) for row in measured] + [raw]
    _finish(axes, lowest, f"{found.recall} (stretched toward 1)", "MiB", sizes)
    labels.append(Label(float(stretched(1.0)), raw, own, style.MUTED))
    label_right(axes, labels)
    legend(figure, found)
    return figure


def _speed_figure(
    found: Comparison, earlier: Comparison | None, title: str, across: str, quality: Quality
) -> Figure:
    lines = {row["name"]: _line(found.of(row["name"]), quality) for row in found.backends}
    lines = {name: rows for name, rows in lines.items() if rows}
    every = [row for rows in lines.values() for row in rows]
    best = frontier(np.array([quality(row) for row in every]), column(every, "qps_1"))
    on_top = [every[at] for at in best]
    names = {row["backend"] for row in on_top}
    note = "Each line: the best settings of one index. Best: upper right; bold: on the frontier."
    note = f"{note} {_about(found)}"
    figure, axes = axes_of(title, note, [f"{name}  " for name in lines])
    style_of, labels = looks(found), []
    _draw_envelope(axes, on_top, quality)
    if earlier is not None:
        for name in lines:  # what only the other measured is in its own report
            rows = _line(earlier.of(name), quality)
            _draw_earlier(axes, rows, quality, style_of[name])
            every += rows
    for name, rows in lines.items():
        look, bold = style_of[name], name in names
        x, y = stretched(np.array([quality(row) for row in rows])), column(rows, "qps_1")
        axes.plot(
            x, y, color=look.color, marker=look.mark, markersize=3.8, linestyle=look.dash,
            linewidth=1.9 if bold else 1.1, zorder=4 if bold else 3, clip_on=False,
        )  # fmt: skip
        labels.append(Label(float(x[-1]), float(y[-1]), name, look.color, bold))
    lowest = min((quality(row) for row in every), default=0.0)
    speeds = column(every, "qps_1").tolist()
    _finish(axes, lowest, f"{across} (stretched toward 1)", "queries/s on one core", speeds)
    label_right(axes, labels)
    extra = [Line2D([], [], color=_ENVELOPE, linewidth=6, label="frontier")]
    if earlier is not None:
        dotted = Line2D([], [], color=style.MUTED, linewidth=1, linestyle=":", label="the other comparison")
        extra.append(dotted)
    legend(figure, found, extra)
    return figure


def _line(rows: list[Row], quality: Quality) -> list[Row]:
    """The settings of one backend worth having, by rising quality."""
    known = [row for row in rows if is_number(quality(row))]
    return [known[at] for at in frontier(np.array([quality(row) for row in known]), column(known, "qps_1"))]


def _draw_envelope(axes: Axes, rows: list[Row], quality: Quality) -> None:
    """The frontier of all."""
    if rows:
        x = stretched(np.array([quality(row) for row in rows]))
        axes.plot(x, column(rows, "qps_1"), color=_ENVELOPE, linewidth=10, zorder=1, solid_capstyle="round")


def _draw_earlier(axes: Axes, rows: list[Row], quality: Quality, look: Look) -> None:
    if rows:
        x = stretched(np.array([quality(row) for row in rows]))
        axes.plot(
            x, column(rows, "qps_1"), color=look.color, linestyle=":", linewidth=1.3, alpha=0.8, zorder=2
        )


def _finish(axes: Axes, lowest: float, across: str, up: str, values: list[float]) -> None:
    set_stretched(axes, lowest)
    known = [value for value in values if is_number(value) and value > 0] or [1.0]
    axes.set_ylim(min(known) / 1.4, max(known) * 1.4)
    log_scale(axes, "y")
    axes.set_xlabel(across, size=style.FONT_SIZE, color=style.MUTED, labelpad=4)
    axes.set_ylabel(up, size=style.FONT_SIZE, color=style.MUTED, labelpad=4)


def _about(found: Comparison) -> str:
    vectors = found.about["vectors"]
    return f"{count(vectors['n'])} × {vectors['width']}, {found.about['how']['metric']}."


def _size(mib: float) -> str:
    return f"{mib / 1024:.2f} GiB" if mib >= 1024 else f"{significant(mib)} MiB"
