"""Two comparisons side by side: ratios for every setting that both measured."""

from collections.abc import Callable
from typing import Any

from vsr.display.formats import ABSENT, count, difference, is_number, signed
from vsr.display.markdown import Table
from vsr.reports.ann.choice import memory
from vsr.reports.ann.files import Comparison, Row


def against_table(found: Comparison, earlier: Comparison) -> Table:
    """This comparison over the other: ratios of speed, latency, memory, build time; difference of recall."""
    recall, task = found.recall, found.task
    heads = ["index", "setting", "queries/s, one core", "all cores", "p99", "memory", "build time", recall]
    heads += [task] if task else []
    rows, alone = [], []
    for row in found.settings:
        other = _same(row, earlier)
        if other is None:
            alone.append(f"{row['backend']} {row['setting']}")
            continue
        here, there = found.backend(row["backend"]), earlier.backend(row["backend"])
        cells = [row["backend"], row["setting"]]
        cells += [_ratio(row, other, key) for key in ("qps_1", "qps_all", "p99_ms")]
        cells += [_over(memory(here), memory(there)), _ratio(here, there, "build_s")]
        cells += [signed(difference(row.get(key), other.get(key))) for key in (recall, task) if key]
        rows.append(cells)
    hint = f"This comparison over the other ({_about(earlier)}), recall less the other's."
    if _differ(found, earlier, lambda one: one.about["vectors"]["fingerprint"]):
        hint += " They measured different vectors."
    if _differ(found, earlier, lambda one: one.about["machine"]["processor"]):
        hint += " They ran on different machines."
    if alone:
        hint += f" Only here: {', '.join(alone)}."
    return Table(f"Against {earlier.folder.name}", heads, rows, hint)


def _same(row: Row, earlier: Comparison) -> Row | None:
    return next((one for one in earlier.of(row["backend"]) if one["setting"] == row["setting"]), None)


def _ratio(row: Row, other: Row, key: str) -> str:
    return _over(row.get(key), other.get(key))


def _over(here: Any, there: Any) -> str:
    return f"× {here / there:.2f}" if is_number(here) and is_number(there) and there else ABSENT


def _differ(found: Comparison, earlier: Comparison, of: Callable[[Comparison], Any]) -> bool:
    return of(found) != of(earlier)


def _about(other: Comparison) -> str:
    vectors = other.about["vectors"]
    return f"{count(vectors['n'])} × {vectors['width']} vectors, {other.about.get('written', '')}"
