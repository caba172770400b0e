"""Figures with a row per hyperparameter, its importance, or per configuration, its mean and interval."""

from typing import Any

import numpy as np

from vsr.display import style
from vsr.display.canvas import named_rows, note
from vsr.display.document import Figure
from vsr.display.formats import is_number, measured
from vsr.reports.sweep.groups import Group
from vsr.reports.sweep.importance import Explained
from vsr.reports.sweep.run_looks import BEST
from vsr.reports.sweep.sweep_records import SweepRecord

MOST_ROWS = 24


def importance_figure(found: Explained) -> Figure:
    """A bar per hyperparameter, with a tick at the 95th percentile of what chance gives."""
    parts = found.parts[:MOST_ROWS]
    figure, axes = named_rows([one.key for one in parts], right=1.6)
    for y, part in enumerate(parts):
        share = max(part.share, 0.0)
        look: dict[str, Any] = {"color": style.PALETTE[0]}
        if not part.matters:
            look = {"color": "#c9d1d8", "hatch": "////", "edgecolor": "#ffffff"}
        axes.barh(y, share, height=0.58, linewidth=0, zorder=3, **look)
        axes.plot([part.luck] * 2, [y - 0.4, y + 0.4], color=style.INK, linewidth=1.6, zorder=4)
        text = f"{share:.2f}" if part.matters else f"{share:.2f}  may be chance"
        note(axes, text, (max(share, part.luck), y), color=style.INK if part.matters else style.MUTED)
    axes.set_xlim(0, 1.01 * max(1e-6, *(max(one.share, one.luck) for one in parts)))
    about = (
        "Bar: share of the metric's variance that depends on the hyperparameter. Tick: chance alone stays "
        "below it in 95 of 100 cases."
    )
    return Figure("sweep_figures/importance.png", "Importance of each hyperparameter", about, figure)


def groups_figure(sweep: SweepRecord, ordered: list[Group]) -> Figure:
    """Mean and 95% interval of each group, its runs as dots; the best on top."""
    drawn = ordered[:MOST_ROWS]
    figure, axes = named_rows([one.name for one in drawn], right=1.62)
    low, high = _limits(drawn)
    for y, group in enumerate(drawn):
        best = y == 0
        paint = BEST if best else style.PALETTE[0]
        if is_number(group.half):
            ends = np.clip([group.mean - group.half, group.mean + group.half], low, high)
            axes.plot(ends, [y, y], color=paint, linewidth=2.2 if best else 1.5, zorder=3)
        axes.plot(group.values, [y] * group.n, "o", color=style.MUTED, ms=3.4, zorder=4, alpha=0.9)
        axes.plot(group.mean, y, "|", color=paint, ms=15, mew=3.2 if best else 2.2, zorder=3.5)
        around = f" ± {measured(group.half)}" if is_number(group.half) else ""
        text = f"{measured(group.mean)}{around}  n={group.n}"
        note(
            axes,
            text,
            (1, y),
            (8, 0),
            xycoords=("axes fraction", "data"),
            weight="bold" if best else "normal",
        )
    axes.set_xlim(low, high)
    about = f"Bar: mean over {sweep.repeats}; line: its 95% interval (Student's t); dots: single runs."
    about += f" The best {len(drawn)} of {len(ordered)}." if len(drawn) < len(ordered) else ""
    return Figure("sweep_figures/groups.png", f"{sweep.metric} over {sweep.repeats}", about, figure)


def _limits(drawn: list[Group]) -> tuple[float, float]:
    """All runs, and intervals unless they would dwarf the runs: an interval of two runs may be very wide."""
    values = np.concatenate([one.values for one in drawn])
    span = max(float(np.ptp(values)), 1e-3)
    ends = [end for one in drawn if is_number(one.half) for end in (one.mean - one.half, one.mean + one.half)]
    low = max(min(values.min(), *ends, np.inf), values.min() - span)
    high = min(max(values.max(), *ends, -np.inf), values.max() + span)
    return low - 0.03 * (high - low), high + 0.03 * (high - low)
