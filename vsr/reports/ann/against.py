"""Two comparisons side by side: ratios for every setting that both measured."""

from typing import Any

from vsr.ann.ledger import Row
from vsr.display.document import Section, Table
from vsr.display.formats import ABSENT, difference, is_number, signed
from vsr.reports.ann.comparison_json import Measurements
from vsr.reports.ann.setting_choice import memory


def against(found: Measurements, earlier: Measurements) -> Section:
    """Ratios of speed, latency, memory and build time to those of ``earlier``, and the change in recall."""
    metrics = [key for key in (found.recall, found.task) if key]
    heads = ["index", "setting", "queries/s, one core", "all cores", "p99", "memory", "build time", *metrics]
    rows, alone = [], []
    for row in found.settings:
        other = _same(row, earlier)
        if other is None:
            alone.append(f"{row['backend']} {row['setting']}")
            continue
        here, there = found.backend(row["backend"]), earlier.backend(row["backend"])
        cells = [row["backend"], row["setting"]]
        cells += [_ratio(row.get(key), other.get(key)) for key in ("qps_1", "qps_all", "p99_ms")]
        cells += [_ratio(memory(here), memory(there)), _ratio(here.get("build_s"), there.get("build_s"))]
        cells += [signed(difference(row.get(key), other.get(key))) for key in metrics]
        rows.append(cells)
    about = f"{earlier.size} vectors, {earlier.about.get('written', '')}"
    hint = f"This comparison divided by the other ({about}); recall and task metric minus the other's."
    if found.about["vectors"]["fingerprint"] != earlier.about["vectors"]["fingerprint"]:
        hint += " They measured different vectors."
    if found.about["machine"]["processor"] != earlier.about["machine"]["processor"]:
        hint += " They ran on different machines."
    if alone:
        hint += f" Only here: {', '.join(alone)}."
    return Section(f"Against {earlier.folder.name}", [Table(heads, rows, hint)])


def _same(row: Row, earlier: Measurements) -> Row | None:
    return next((one for one in earlier.of(row["backend"]) if one["setting"] == row["setting"]), None)


def _ratio(here: Any, there: Any) -> str:
    return f"× {here / there:.2f}" if is_number(here) and is_number(there) and there else ABSENT
