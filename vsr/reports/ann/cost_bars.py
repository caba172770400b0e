"""Figures with a row per index method: the time to build it, and the latency of a query."""

from vsr.display import style
from vsr.display.canvas import labels_of, legend, log_scale, named_rows, note
from vsr.display.document import Figure
from vsr.display.formats import duration, is_number, significant
from vsr.reports.ann.comparison_json import Measurements
from vsr.reports.ann.method_looks import family_handles, method_looks
from vsr.reports.ann.setting_choice import FAST_RECALL, SettingChoice, shown

_FAILED, _MOST_REASON = "#d55e00", 90  # color, characters


def build_figure(found: Measurements) -> Figure:
    """Bars of the time to build each index; those that failed say why."""
    rows = sorted(found.backends, key=lambda row: row.get("build_s") or float("inf"))
    threads = found.about["how"]["threads"]
    figure, axes = named_rows([row["name"] for row in rows], right=0.9, head=0.42)
    look = method_looks(found)
    for y, row in enumerate(rows):
        took = row.get("build_s")
        if is_number(took):
            axes.barh(y, took, height=0.62, color=look[row["name"]].color)
            note(axes, duration(took), (took, y))
        else:
            reason = row["reason"] or "not measured"
            text = reason if len(reason) <= _MOST_REASON else f"{reason[: _MOST_REASON - 1]}…"
            note(axes, text, (0, y), color=style.darker(_FAILED))
    axes.set_xlim(0, max((row["build_s"] for row in rows if is_number(row.get("build_s"))), default=1.0))
    labels_of(axes, "seconds")
    legend(figure, family_handles(found))
    about = f"Training and adding, on {threads} {'thread' if threads == 1 else 'threads'}. Shorter is better."
    return Figure("build.png", "Time to build", about, figure)


def latency_figure(found: Measurements) -> Figure:
    """The latency of one query by each index at one setting: median, 95th and 99th percentile."""
    recall = found.recall
    chosen = [
        SettingChoice(row, setting)
        for row in found.backends
        if (setting := shown(found.of(row["name"]), recall)) is not None
    ]
    chosen.sort(key=lambda one: one.setting["p50_ms"])
    figure, axes = named_rows(
        [f"{one.name} ({one.setting[recall]:.2f})" for one in chosen], right=1.0, head=0.42
    )
    look = method_looks(found)
    for y, one in enumerate(chosen):
        color, mark, _ = look[one.backend["name"]]
        p50, p95, p99 = (one.setting[f"{key}_ms"] for key in ("p50", "p95", "p99"))
        axes.plot([p50, p99], [y, y], color=color, linewidth=1.2)
        axes.plot([p50, p95], [y, y], color=color, linewidth=4.5, alpha=0.55, solid_capstyle="butt")
        axes.plot(p50, y, mark, color=color, markersize=6)
        note(axes, f"{significant(p50, 2)} – {significant(p99, 2)}", (p99, y))
    values = [one.setting[key] for one in chosen for key in ("p50_ms", "p99_ms")] or [1.0]
    log_scale(axes, "x", min(values) / 1.3, max(values) * 1.3)
    labels_of(axes, "milliseconds")
    legend(figure, family_handles(found))
    about = (
        f"One query at a time, one thread, at the fastest setting with {recall} ≥ {FAST_RECALL}, or else the "
        f"one with the highest {recall} (in brackets). Dot: median; thick line: to the 95th percentile; thin "
        "line: to the 99th."
    )
    return Figure("latency.png", "Latency of one query", about, figure)
