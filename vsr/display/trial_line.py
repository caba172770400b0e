"""The terminal line of a sweep's job that ended."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from vsr.display.formats import three

_STYLES = {"complete": "", "pruned": "dim", "failed": "red"}


def trial_line(
    number: int,
    done: tuple[int, int],
    overrides: Mapping[str, Any],
    state: str,
    metric: str,
    value: float | None,
    best: tuple[int, float] | None,
    error: str | None = None,
    seconds_left: float | None = None,
) -> Text:
    """``3/20  job 2  loss.temperature=0.05  val/map 0.231  best 0.240 (job 1)  4 min left``.

    Args:
        number: of the job.
        done: jobs that ended, and jobs in all.
        overrides: value by key.
        state: complete, pruned or failed.
        metric: name of the value.
        value: of the metric; None if it was not measured.
        best: number and value of the best job so far.
        error: of a failed job, shown instead of its value.
        seconds_left: estimated time until the end.
    """
    width = len(str(done[1]))
    line = Text(no_wrap=True, overflow="ignore")
    line.append(f"{done[0]:>{width}}/{done[1]}  ", style="dim")
    line.append(f"job {number:<{width}}  ", style="bold")
    words = " ".join(
        f"{key}={f'{one:.4g}' if isinstance(one, float) else one}" for key, one in overrides.items()
    )
    line.append(words)
    told = f"{metric} {three(value)}"
    told = f"failed: {error}" if state == "failed" else f"{told} pruned" if state == "pruned" else told
    new = best is not None and best[0] == number and state == "complete"
    line.append(f"  {told}", style="bold green" if new else _STYLES.get(state, ""))
    if best is not None:
        line.append(f"  best {three(best[1])} (job {best[0]})", style="green" if new else "dim")
    if seconds_left:
        line.append(f"  {_duration(seconds_left)} left", style="dim")
    return line


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
