"""``sweep.html``, ``sweep.md``, ``sweep.csv`` and ``sweep_table.json`` of a sweep, and its figures."""

from datetime import datetime
from pathlib import Path

from vsr.display.document import Code, Document, Facts, Figure, Headline, Section, Text
from vsr.display.document_page import write_document
from vsr.display.formats import is_number, measured
from vsr.display.names import parse
from vsr.reports.sweep.parallel import parallel_figure
from vsr.reports.sweep.slices import slices_figure
from vsr.reports.sweep.sweep_bars import groups_figure, importance_figure
from vsr.reports.sweep.sweep_choice import Findings, chosen_metrics, find
from vsr.reports.sweep.sweep_curves import curves_figure
from vsr.reports.sweep.sweep_records import read_sweep
from vsr.reports.sweep.sweep_sections import means, runs, space
from vsr.reports.sweep.sweep_table import write_table
from vsr.reports.sweep.sweep_words import cautions, edges, facts, heading, importance_text, judge

PAGE, MARKDOWN = "sweep.html", "sweep.md"
Figures = dict[str, Figure]


def write_sweep(folder: str | Path) -> Path:
    """Write the report of the sweep in ``folder``, finished or not, into it.

    Returns:
        The path of the page.

    Raises:
        DataError: the folder does not exist or has no runs.
    """
    return write_findings(find(read_sweep(folder)))


def write_findings(found: Findings) -> Path:
    """Write the report of ``found`` into the sweep's folder; the path of the page."""
    folder = found.sweep.folder
    for path in folder.glob("sweep_figures/*.png"):  # of an earlier report
        path.unlink()
    write_table(found)
    return write_document(sweep_document(found), folder / PAGE, folder / MARKDOWN)


def sweep_document(found: Findings) -> Document:
    """The content of the report."""
    figures = sweep_figures(found)
    first = [_result(found)]
    if found.choice and found.choice.tested():
        first.append(chosen_metrics(found.choice, found.sweep.metric))
    rows = [first]
    if found.groups:
        rows.append([means(found, _of(figures, "groups"))])
    rows.append([space(found, [*_of(figures, "importance"), Text(importance_text(found), hint=True)])])
    rows += [
        [Section(figures[kind].title, [figures[kind]])]
        for kind in ("parallel", "slices", "curves")
        if kind in figures
    ]
    rows += [[runs(found)], [Section("The sweep", [Facts(facts(found.sweep))])]]
    written = datetime.now().strftime("%Y-%m-%d %H:%M")
    return Document(
        "vsr sweep", heading(found), found.sweep.command, written, cautions(found), rows, _meanings(found)
    )


def sweep_figures(found: Findings) -> Figures:
    """What can be drawn, by kind."""
    sweep, keys, chosen = found.sweep, found.keys, found.chosen
    alone = bool(found.groups) and len(keys) == 1  # the groups then show the same as the slices
    figures = {
        "groups": groups_figure(sweep, found.groups) if found.groups else None,
        "importance": importance_figure(found.explained) if found.explained else None,
        "parallel": parallel_figure(sweep, keys[::-1], chosen),
        "slices": None if alone else slices_figure(sweep, keys, chosen),
        "curves": curves_figure(sweep, chosen),
    }
    return {kind: figure for kind, figure in figures.items() if figure is not None}


def _meanings(found: Findings) -> dict[str, str]:
    """What the metric that decides is, as the chosen run tells it; empty where none does."""
    told = found.choice.summaries[0].get("meanings") if found.choice and found.choice.summaries else None
    said = (told or {}).get(parse(found.sweep.metric).short)
    return {found.sweep.metric: said} if said else {}


def _of(figures: Figures, kind: str) -> list[Figure]:
    return [figures[kind]] if kind in figures else []


def _result(found: Findings) -> Section:
    """The best value, how to train it again, and whether it beats the second."""
    choice, (lead, why, command) = found.choice, judge(found)
    blocks = []
    if choice is not None:
        around = measured(choice.half) if is_number(choice.half) else ""
        source = f"mean of {choice.over}" if choice.over else f"run {choice.runs[0].number}"
        blocks = [Headline(found.sweep.metric, measured(choice.value), around, source)]
        blocks += [Text(choice.name, hint=True), Code(choice.command)]
    blocks += [Text(why, lead), *([Code(command)] if command else [])]
    return Section("", [*blocks, *(Text(edge, hint=True) for edge in edges(found))])
