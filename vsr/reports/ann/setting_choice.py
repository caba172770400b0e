"""Which setting of which index method to take, at a recall or within a budget."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from vsr.ann.ledger import Row
from vsr.display.formats import is_number, three
from vsr.reports.ann.comparison_json import Measurements

LEVELS = (0.90, 0.95, 0.99)
FAST_RECALL, SMALL_RECALL = 0.95, 0.90  # required of the fastest and of the smallest


class SettingChoice(NamedTuple):
    """A setting and its backend."""

    backend: Row
    setting: Row

    @property
    def name(self) -> str:
        """``hnsw, ef_search=64``."""
        setting = self.setting["setting"]
        return self.backend["name"] + ("" if setting == "–" else f", {setting}")


def best_at(rows: Sequence[Row], recall: str, level: float) -> Row | None:
    """The fastest setting that reaches ``level``; None if none does."""
    enough = [row for row in rows if is_number(row.get(recall)) and row[recall] >= level]
    return max(enough, key=lambda row: row["qps_1"], default=None)


def shown(rows: Sequence[Row], recall: str, level: float = FAST_RECALL) -> Row | None:
    """The fastest setting that reaches ``level``, otherwise the one with the highest recall."""
    reached = best_at(rows, recall, level)
    return reached or max(rows, key=lambda row: (row[recall], row["qps_1"]), default=None)


def fastest(found: Measurements) -> SettingChoice | None:
    """The fastest setting at a recall of `FAST_RECALL`; if none reaches it, the one with the highest."""
    return _choice(found, shown(found.settings, found.recall))


def at_recall(found: Measurements) -> Row:
    """The fastest setting at a recall of `FAST_RECALL`, for sweeps to compare; {} if there is none."""
    row = best_at(found.settings, found.recall, FAST_RECALL)
    return {} if row is None else {key: value for key, value in row.items() if key != "knobs"}


def smallest(found: Measurements) -> SettingChoice | None:
    """The backend with the least memory that reaches `SMALL_RECALL`; `fastest` if none does."""
    reaching = [
        SettingChoice(backend, setting)
        for backend in found.backends
        if (setting := best_at(found.of(backend["name"]), found.recall, SMALL_RECALL))
        and is_number(memory(backend))
    ]
    smaller = min(reaching, key=lambda one: (memory(one.backend), -one.setting["qps_1"]), default=None)
    return smaller or fastest(found)


def exact(found: Measurements) -> SettingChoice | None:
    """The fastest of the exact methods."""
    rows = [row for row in found.settings if _is_exact(found, row)]
    return _choice(found, max(rows, key=lambda row: row["qps_1"], default=None))


def lossless(found: Measurements) -> SettingChoice | None:
    """The fastest setting of the other methods that missed nothing in these queries."""
    rows = [row for row in found.settings if not _is_exact(found, row)]
    return _choice(found, best_at(rows, found.recall, 1.0))


def memory(backend: Row) -> Any:
    """MiB that the index takes by its library's count; if unknown, the growth of the process."""
    own = backend.get("index_mib") or None  # 0: the library does not say
    return own if is_number(own) else backend.get("memory_mib")


def per_million(value: Any, n: int) -> float:
    """A cost of ``n`` pictures scaled to a million; NaN if it is not known."""
    return float(value) * 1e6 / n if is_number(value) else float("nan")


def best_line(backend: Row, settings: Sequence[Row]) -> str:
    """One line for the terminal: the result of a backend."""
    name = f"{backend['name']:<16}"
    if not settings:
        return f"{name} {backend['reason'] or 'not measured'}"
    names = [key for key in ("recall@10", *settings[0]) if key.startswith("recall@") and key in settings[0]]
    setting = shown(settings, names[0])
    assert setting is not None
    at = f"{names[0]} {three(setting[names[0]])} at {setting['qps_1']:>9,.0f} queries/s on one core"
    built = f"built in {backend['build_s']:.1f} s" if is_number(backend.get("build_s")) else ""
    end = f"; {backend['reason']}" if backend.get("reason") else ""
    return f"{name} {at}, {setting['setting']}, {built}{end}"


def _is_exact(found: Measurements, setting: Row) -> bool:
    return found.backend(setting["backend"])["family"] == "exact"


def _choice(found: Measurements, setting: Row | None) -> SettingChoice | None:
    return None if setting is None else SettingChoice(found.backend(setting["backend"]), setting)
