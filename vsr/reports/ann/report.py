"""``report.md`` and ``report.html`` of a comparison, and their figures, from ``comparison.json``."""

from pathlib import Path

from matplotlib.figure import Figure

from vsr.display.encoding import picture_uri
from vsr.display.page import write_page
from vsr.display.style import save_figure
from vsr.reports.ann.against import against_table
from vsr.reports.ann.bars import build_figure, latency_figure
from vsr.reports.ann.document import document
from vsr.reports.ann.files import Comparison, read_comparison
from vsr.reports.ann.markdown import write_markdown
from vsr.reports.ann.trade_offs import memory_figure, recall_figure, task_figure

REPORT, MARKDOWN = "report.html", "report.md"


def write_ann_report(folder: str | Path, earlier: Comparison | None = None) -> Path:
    """Write both reports into ``folder``, which holds a ``comparison.json``.

    Args:
        folder: the run folder.
        earlier: another comparison to lay beside this one.

    Returns:
        The path of the page.
    """
    folder = Path(folder)
    found = read_comparison(folder)
    content = document(found)
    if earlier is not None:
        content.tables.insert(0, against_table(found, earlier))
    drawn = _draw(folder, found, earlier)
    write_markdown(folder / MARKDOWN, content, drawn)
    pictures = [(picture_uri(folder / name), shows) for name, shows in drawn]
    written = found.about.get("written", "")
    return write_page(folder / REPORT, "ann.html.j2", document=content, figures=pictures, written=written)


def _draw(folder: Path, found: Comparison, earlier: Comparison | None) -> list[tuple[str, str]]:
    """Draw what there is to draw; file names, and what they show."""
    if not found.settings:
        return []
    task = found.task
    figures: list[tuple[str, str, Figure | None]] = [
        ("frontier_recall.png", f"Queries/s at a given {found.recall}", recall_figure(found, earlier)),
        ("frontier_task.png", f"Queries/s at a given {task}", task_figure(found, earlier)),
        ("memory.png", f"Memory at a given {found.recall}", memory_figure(found)),
        ("build.png", "Time to build", build_figure(found)),
        ("latency.png", "How long one query takes", latency_figure(found)),
    ]
    drawn = [(name, shows, figure) for name, shows, figure in figures if figure is not None]
    for name, _, figure in drawn:
        save_figure(figure, folder / name)
    return [(name, shows) for name, shows, _ in drawn]
