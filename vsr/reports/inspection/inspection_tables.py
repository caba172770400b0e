"""An inspection in the terminal: counts, then findings, errors first."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vsr.display.formats import ABSENT, count
from vsr.reports.inspection.inspection_page import verdict

_COLORS = {"error": "red", "warning": "yellow", "note": "dim"}
_EXAMPLES = 3


def inspection_lines(about: Mapping[str, Any]) -> Iterator[RenderableType]:
    """The lines of an inspection, from the content of ``inspection.json``."""
    yield _splits(about)
    for finding in about["findings"]:
        yield from _finding(finding)
    severities = [finding["severity"] for finding in about["findings"]]
    yield Text(verdict(severities), style=f"bold {'green' if about['usable'] else 'red'}")


def _splits(about: Mapping[str, Any]) -> Table:
    sizes = {row["split"]: row for row in about["class_sizes"]}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    names = [name for name in about["splits"][0] if name != "split"]
    table.add_column("split", style="bold", no_wrap=True)
    for name in (*names, "pictures a label"):
        table.add_column(Text(name), justify="right", no_wrap=True)
    for row in about["splits"]:
        own = sizes[row["split"]]
        spread = f"{own['smallest']}–{own['largest']}, median {own['median']:g}"
        table.add_row(
            row["split"], *(ABSENT if row[name] is None else count(row[name]) for name in names), spread
        )
    return table


def _finding(finding: Mapping[str, Any]) -> Iterator[RenderableType]:
    severity = finding["severity"]
    yield Text.assemble((f"{severity}: ", f"bold {_COLORS[severity]}"), finding["text"])
    if severity == "note":
        return
    if finding["advice"]:
        yield Padding(Text(finding["advice"], "dim"), (0, 0, 0, 2))
    for case in finding["cases"][:_EXAMPLES]:
        yield Text(f"    {case['text']}")
    if finding["count"] > _EXAMPLES:
        yield Padding(Text(f"… and {count(finding['count'] - _EXAMPLES)} more", "dim"), (0, 0, 0, 4))
