"""Which setting to take: at a recall, or within a budget."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from vsr.display.formats import is_number, three
from vsr.reports.ann.files import Comparison, Row

LEVELS = (0.90, 0.95, 0.99)
FAST_RECALL, SMALL_RECALL = 0.95, 0.90  # that the fastest and the smallest have to reach


class Choice(NamedTuple):
    """A setting and its backend."""

    backend: Row
    setting: Row


def column(rows: Sequence[Row], name: str) -> np.ndarray:
    """Values (n,) float64 of a column, NaN where there is none."""
    return np.array([row[name] if is_number(row.get(name)) else np.nan for row in rows], dtype=np.float64)


def best_at(rows: Sequence[Row], recall: str, level: float) -> Row | None:
    """The fastest setting that reaches ``level``; None where none does."""
    enough = [row for row in rows if is_number(row.get(recall)) and row[recall] >= level]
    return max(enough, key=lambda row: row["qps_1"], default=None)


def shown(rows: Sequence[Row], recall: str, level: float = FAST_RECALL) -> Row | None:
    """The setting by which a backend is shown where there is room for one: at ``level``, or its best."""
    reached = best_at(rows, recall, level)
    return reached or max(rows, key=lambda row: (row[recall], row["qps_1"]), default=None)


def fastest(found: Comparison) -> Choice | None:
    """The fastest setting at a recall of `FAST_RECALL`, or that of the highest where none reaches it."""
    return _choice(found, shown(found.settings, found.recall))


def at_recall(found: Comparison) -> Row:
    """Numbers of the fastest setting at a recall of `FAST_RECALL`, by which sweeps compare; {} for none."""
    row = best_at(found.settings, found.recall, FAST_RECALL)
    return {} if row is None else {key: value for key, value in row.items() if key != "knobs"}


def smallest(found: Comparison) -> Choice | None:
    """The backend of least memory that reaches `SMALL_RECALL`, or comes nearest to it."""
    recall = found.recall
    reaching = [
        Choice(backend, setting)
        for backend in found.backends
        if (setting := best_at(found.of(backend["name"]), recall, SMALL_RECALL))
        and is_number(memory(backend))
    ]
    if not reaching:
        return fastest(found)
    return min(reaching, key=lambda one: (memory(one.backend), -one.setting["qps_1"]))


def exact(found: Comparison) -> Choice | None:
    """The fastest of the exact methods."""
    names = {row["name"] for row in found.backends if row["family"] == "exact"}
    rows = [row for row in found.settings if row["backend"] in names]
    return _choice(found, max(rows, key=lambda row: row["qps_1"], default=None))


def lossless(found: Comparison) -> Choice | None:
    """The fastest setting of the others that missed nothing at all in these queries."""
    names = {row["name"] for row in found.backends if row["family"] != "exact"}
    rows = [row for row in found.settings if row["backend"] in names and row[found.recall] == 1]
    return _choice(found, max(rows, key=lambda row: row["qps_1"], default=None))


def memory(backend: Row) -> Any:
    """MiB that an index holds, as its library counts; what the process grew by where that is not known."""
    own = backend.get("index_mib") or None  # 0: the library does not say
    return own if is_number(own) else backend.get("memory_mib")


def per_million(value: Any, n: int) -> float:
    """A quantity of ``n`` pictures for a million of them, in proportion; NaN where it is not known."""
    return float(value) * 1e6 / n if value is not None and is_number(value) else float("nan")


def best_line(backend: Row, settings: Sequence[Row]) -> str:
    """One line for the terminal: how a backend did."""
    name = f"{backend['name']:<16}"
    if not settings:
        return f"{name} {backend['reason'] or 'not measured'}"
    recall = next(
        key for key in ("recall@10", *settings[0]) if key.startswith("recall@") and key in settings[0]
    )
    setting = shown(settings, recall)
    assert setting is not None
    at = f"{recall} {three(setting[recall])} at {setting['qps_1']:>9,.0f} queries/s on one core"
    built = f"built in {backend['build_s']:.1f} s" if is_number(backend.get("build_s")) else ""
    end = f"; {backend['reason']}" if backend.get("reason") else ""
    return f"{name} {at}, {setting['setting']}, {built}{end}"


def _choice(found: Comparison, setting: Row | None) -> Choice | None:
    return None if setting is None else Choice(found.backend(setting["backend"]), setting)
