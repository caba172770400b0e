"""``report.html`` and ``report.md`` of a comparison of index methods, from ``comparison.json``."""

from pathlib import Path

from vsr.display.document import Cards, Document, Facts, Figure, Section, Table
from vsr.display.document_page import write_document
from vsr.reports.ann.advice import advice, cautions
from vsr.reports.ann.against import against
from vsr.reports.ann.ann_tables import best_settings, building, every_setting, facts
from vsr.reports.ann.comparison_json import Measurements, read_comparison
from vsr.reports.ann.cost_bars import build_figure, latency_figure
from vsr.reports.ann.setting_choice import LEVELS
from vsr.reports.ann.trade_offs import memory_figure, recall_figure, task_figure

REPORT, MARKDOWN = "report.html", "report.md"


def write_ann_report(folder: str | Path, earlier: Measurements | None = None) -> Path:
    """Write page, Markdown and figures into ``folder``, which holds a ``comparison.json``.

    Args:
        folder: the run folder.
        earlier: another comparison to show beside this one.

    Returns:
        The path of the page.

    Raises:
        DataError: the folder has no finished comparison.
    """
    folder = Path(folder)
    return write_document(ann_document(read_comparison(folder), earlier), folder / REPORT, folder / MARKDOWN)


def ann_document(found: Measurements, earlier: Measurements | None = None) -> Document:
    """The content of the report."""
    title = f"{found.size} vectors, {len(found.backends)} index methods"
    sections = [Section("Recommendation", [Cards(cards)])] if (cards := advice(found)) else []
    sections += [Section(figure.title, [figure]) for figure in ann_figures(found, earlier)]
    tables = [] if earlier is None else [against(found, earlier)]
    tables += [*(best_settings(found, level) for level in LEVELS), building(found), every_setting(found)]
    sections += [
        one for one in tables if any(isinstance(table, Table) and table.rows for table in one.blocks)
    ]
    sections.append(Section("Measured on", [Facts(facts(found.about))]))
    command, written = found.about.get("command", ""), found.about.get("written", "")
    kind = "vsr comparison of index methods"
    return Document(kind, title, command, written, cautions(found), [[one] for one in sections])


def ann_figures(found: Measurements, earlier: Measurements | None) -> list[Figure]:
    """What can be drawn of the measurements."""
    if not found.settings:
        return []
    speed = [recall_figure(found, earlier), task_figure(found, earlier)]
    figures = [*speed, memory_figure(found), build_figure(found), latency_figure(found)]
    return [one for one in figures if one is not None]
