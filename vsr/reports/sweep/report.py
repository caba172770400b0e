"""``sweep.html``, ``sweep.md``, ``sweep.csv`` and ``sweep_table.json`` of a sweep, and its figures."""

from datetime import datetime
from pathlib import Path

from matplotlib.figure import Figure

from vsr.display.encoding import picture_uri
from vsr.display.names import parse
from vsr.display.page import write_page
from vsr.display.style import save_figure
from vsr.reports.sweep.bars import groups_figure, importance_figure
from vsr.reports.sweep.curves import curves_figure
from vsr.reports.sweep.document import Document, document
from vsr.reports.sweep.files import Sweep, Trial, read_sweep
from vsr.reports.sweep.markdown import write_markdown
from vsr.reports.sweep.parallel import parallel_figure
from vsr.reports.sweep.slices import slices_figure
from vsr.reports.sweep.table import write_table

PAGE, MARKDOWN = "sweep.html", "sweep.md"
_FIGURES = "sweep_figures"
Drawn = dict[str, tuple[str, str]]  # by kind: file name and what it shows


def write_sweep(folder: str | Path) -> Path:
    """Write the report of the sweep in ``folder``, finished or not, into it.

    Returns:
        The path of the page.

    Raises:
        DataError: the folder is not there or holds no runs.
    """
    sweep = read_sweep(folder)
    return report(sweep, document(sweep))


def report(sweep: Sweep, content: Document) -> Path:
    """Write ``content``, the report of ``sweep``, into its folder; the path of the page."""
    drawn = _draw(sweep, content)
    write_table(sweep, content)
    write_markdown(sweep.folder / MARKDOWN, content, list(drawn.values()))
    return write_page(
        sweep.folder / PAGE,
        "sweep.html.j2",
        document=content,
        meanings=_meanings(content),
        figures={kind: (picture_uri(sweep.folder / name), shows) for kind, (name, shows) in drawn.items()},
        trials=[(one, _page_of(one)) for one in sweep.ranked],
        chosen={one.number for one in content.choice.trials} if content.choice else set(),
        written=datetime.now().strftime("%Y-%m-%d %H:%M"),
    )


def _meanings(content: Document) -> dict[str, str]:
    """What the metric that decides is, by its name, as the chosen run tells it; empty where none does."""
    told = [one.get("meanings") or {} for one in (content.choice.summaries if content.choice else ())]
    said = told[0].get(parse(content.metric).short) if told else None
    return {content.metric: said} if said else {}


def _page_of(trial: Trial) -> str:
    """The run's own page, as seen from the sweep's; empty where there is none."""
    return f"{trial.folder.name}/report.html" if (trial.folder / "report.html").is_file() else ""


def _draw(sweep: Sweep, content: Document) -> Drawn:
    """Draw what there is to draw."""
    found = content.found
    keys = found.ordered(sweep.keys)
    chosen = content.choice.trials if content.choice else []
    alone = bool(found.groups) and len(keys) == 1  # groups then show the same
    pictures: dict[str, tuple[str, Figure | None]] = {
        "groups": (
            f"Means and intervals over {sweep.repeats}",
            groups_figure(sweep, found.groups) if found.groups else None,
        ),
        "importance": (
            "Importance of each hyper-parameter",
            importance_figure(found.explained) if found.explained else None,
        ),
        "parallel": ("Parallel coordinates", parallel_figure(sweep, keys[::-1], chosen)),
        "slices": (
            f"{sweep.metric} against each hyper-parameter",
            None if alone else slices_figure(sweep, keys, chosen),
        ),
        "curves": ("Learning curves of all runs", curves_figure(sweep, chosen)),
    }
    drawn: Drawn = {}
    for kind, (shows, figure) in pictures.items():
        name = f"{_FIGURES}/{kind}.png"
        if figure is None:
            (sweep.folder / name).unlink(missing_ok=True)  # of an earlier report
            continue
        save_figure(figure, sweep.folder / name)
        drawn[kind] = (name, shows)
    return drawn
