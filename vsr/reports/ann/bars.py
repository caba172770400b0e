"""Figures of one quantity an index: the time to build it, and how long a query takes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vsr.display import style
from vsr.display.formats import duration, is_number, significant
from vsr.reports.ann.canvas import WIDTH, head, legend, log_scale
from vsr.reports.ann.choice import FAST_RECALL, shown
from vsr.reports.ann.files import Comparison, Row
from vsr.reports.ann.looks import Look, looks

_ROW, _AROUND = 0.25, 1.45  # inches a bar, and above and below all


def build_figure(found: Comparison) -> Figure:
    """Bars of the time to build each index; those that failed say why."""
    rows = sorted(found.backends, key=lambda row: row.get("build_s") or 0.0)
    threads = found.about["how"]["threads"]
    note = f"Training and adding, on {threads} {'thread' if threads == 1 else 'threads'}. Best: short."
    figure, axes = _axes("Time to build", note, [row["name"] for row in rows])
    longest = max((row["build_s"] for row in rows if is_number(row.get("build_s"))), default=1.0)
    style_of = looks(found)
    for place, row in enumerate(rows):
        took = row.get("build_s")
        known = float(took) if took is not None else 0.0
        text = duration(took) if is_number(took) else _short(row["reason"])
        axes.barh(place, known, height=0.62, color=style_of[row["name"]].color)
        _beside(axes, known, place, text, style.INK if known else style.darker("#d55e00"))
    axes.set_xlim(0, longest * 1.15)
    axes.set_xlabel("seconds", size=style.FONT_SIZE, color=style.MUTED)
    legend(figure, found)
    return figure


def latency_figure(found: Comparison) -> Figure:
    """For each index, how long one query takes: median, 95 % and 99 % of them, at one setting."""
    chosen = [(row, shown(found.of(row["name"]), found.recall)) for row in found.backends]
    listed = [(row, setting) for row, setting in chosen if setting is not None]
    listed.sort(key=lambda one: -one[1]["p50_ms"])
    names = [_name(row, setting, found.recall) for row, setting in listed]
    note = (
        f"One query at a time, one thread, at the fastest setting with {found.recall} ≥ {FAST_RECALL}, "
        "or the best there is. Dot: median; thick: to 95 %; thin: to 99 %."
    )
    figure, axes = _axes("How long one query takes", note, names)
    style_of = looks(found)
    for place, (row, setting) in enumerate(listed):
        _whisker(axes, place, setting, style_of[row["name"]])
    values = [setting[key] for _, setting in listed for key in ("p50_ms", "p99_ms")] or [1.0]
    axes.set_xlim(min(values) / 1.3, max(values) * 2.2)
    log_scale(axes, "x")
    axes.set_xlabel("milliseconds", size=style.FONT_SIZE, color=style.MUTED)
    legend(figure, found)
    return figure


def _whisker(axes: Axes, place: int, setting: Row, look: Look) -> None:
    p50, p95, p99 = (setting[f"{key}_ms"] for key in ("p50", "p95", "p99"))
    axes.plot([p50, p99], [place] * 2, color=look.color, linewidth=1.2)
    axes.plot([p50, p95], [place] * 2, color=look.color, linewidth=4.5, alpha=0.55, solid_capstyle="butt")
    axes.plot(p50, place, look.mark, color=look.color, markersize=6)
    _beside(axes, p99, place, f"{significant(p50, 2)} – {significant(p99, 2)}", style.INK)


def _axes(title: str, note: str, names: list[str]) -> tuple[Figure, Axes]:
    height = _AROUND + _ROW * max(len(names), 1)
    figure = style.new_figure(WIDTH, height)
    left = max((style.text_width(name) for name in names), default=0.5) + 0.3
    box = (left / WIDTH, 0.5 / height, 1 - (left + 0.35) / WIDTH, 1 - 1.4 / height)
    axes = figure.add_axes(box)
    style.dress(axes)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=style.FAINT, linewidth=0.8)
    axes.set_yticks(np.arange(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.tick_params(axis="y", colors=style.INK)
    head(figure, title, note)
    return figure, axes


def _beside(axes: Axes, x: float, y: float, text: str, color: str) -> None:
    axes.annotate(
        text,
        (x, y),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        size=style.FONT_SIZE,
        color=color,
    )


def _name(row: Row, setting: Row, recall: str) -> str:
    knobs = "" if setting["setting"] == "–" else f", {setting['setting']}"
    return f"{row['name']}{knobs} ({setting[recall]:.2f})"


def _short(reason: str | None) -> str:
    text = reason or "not measured"
    return text if len(text) <= 90 else text[:89] + "…"
