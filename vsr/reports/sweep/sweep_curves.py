"""The metric of all runs, epoch by epoch."""

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from vsr.display import style
from vsr.display.canvas import WIDTH, Label, axes_in, label_right, labels_of, legend
from vsr.display.document import Figure
from vsr.display.formats import measured
from vsr.reports.sweep.run_looks import BEST, GONE, STATE_LOOKS, cased, color, dash, handles
from vsr.reports.sweep.sweep_records import RunRecord, SweepRecord

_HEIGHT, _LEFT, _RIGHT = 3.8, 0.62, 1.45  # inches


def curves_figure(sweep: SweepRecord, chosen: Sequence[RunRecord]) -> Figure | None:
    """Learning curves of all runs, ``chosen`` ones on top; None if no run has measured an epoch."""
    drawn = [one for one in reversed(sweep.ranked) if one.curve.shape[1] > 1]
    if not drawn:
        return None
    figure = style.new_figure(WIDTH, _HEIGHT)
    legend(figure, handles(drawn, line=True))
    axes = axes_in(figure, _LEFT, 0.5, WIDTH - _LEFT - _RIGHT, _HEIGHT - 0.9)
    for run in drawn:
        epochs, values = run.curve
        if run in chosen:  # thinner if several seeds would become one band
            alone = len(chosen) == 1
            cased(axes, epochs, values, 2.8 if alone else 1.7)
            best = int(values.argmax() if sweep.maximize else values.argmin())
            star = {"color": BEST, "mec": style.PAPER, "clip_on": False, "zorder": 9}
            axes.plot(epochs[best], values[best], "*", ms=14 if alone else 9, **star)
            continue
        line = {"color": color(sweep, run), "linestyle": dash(run)}
        axes.plot(epochs, values, linewidth=1.2, alpha=0.9, zorder=3, **line)
        if run.state in STATE_LOOKS:
            mark = STATE_LOOKS[run.state].mark
            axes.plot(epochs[-1], values[-1], mark, color=GONE, ms=5, mfc="none", zorder=4)
    labels_of(axes, "epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.margins(x=0.01)
    every = np.concatenate([one.curve[1] for one in drawn])
    pad = max(0.06 * np.ptp(every), 1e-3 * abs(every.max()), 1e-9)
    axes.set_ylim(every.min() - pad, every.max() + pad)
    ends = [(one, *one.curve[:, -1].tolist()) for one in chosen if one.curve.size]
    texts = [Label(x, y, f"run {one.number}  {measured(one.value)}", BEST, True) for one, x, y in ends]
    label_right(axes, texts)
    note = "Epoch 0 is the untrained network; the darker a line, the better the run ended."
    return Figure("sweep_figures/curves.png", f"{sweep.metric} by epoch", note, figure)
