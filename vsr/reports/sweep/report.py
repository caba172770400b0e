"""``sweep.html``, ``sweep.md``, ``sweep.csv`` and ``sweep_table.json`` of a sweep, and its figures."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from vsr.files import write_json, write_text, written_whole
from vsr.reports.encoding import picture_uri
from vsr.reports.markdown import escaped, facts_text, table_text, warning_text
from vsr.reports.page import write_page
from vsr.reports.style import save_figure
from vsr.reports.sweep.bars import groups_figure, importance_figure
from vsr.reports.sweep.curves import curves_figure
from vsr.reports.sweep.document import Document, document
from vsr.reports.sweep.files import SEED, Sweep, Trial, read_sweep
from vsr.reports.sweep.overrides import as_text
from vsr.reports.sweep.parallel import parallel_figure
from vsr.reports.sweep.slices import slices_figure

PAGE, MARKDOWN, CSV, TABLE = "sweep.html", "sweep.md", "sweep.csv", "sweep_table.json"
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
    _write_table(sweep, content)
    _write_markdown(sweep, content, drawn)
    return write_page(
        sweep.folder / PAGE,
        "sweep.html.j2",
        document=content,
        figures={kind: (picture_uri(sweep.folder / name), shows) for kind, (name, shows) in drawn.items()},
        trials=[(one, _page_of(one)) for one in sweep.ranked],
        chosen={one.number for one in content.choice.trials} if content.choice else set(),
        written=datetime.now().strftime("%Y-%m-%d %H:%M"),
    )


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
            "Mean and interval over seeds",
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


def _write_table(sweep: Sweep, content: Document) -> None:
    """The runs as CSV, and all numbers of the report as JSON. Test figures of the chosen one only."""
    keys = list(dict.fromkeys([*sweep.keys, SEED, *(key for one in sweep.trials for key in one.overrides)]))
    rows = [_record(sweep, one, keys) for one in sweep.ranked]
    with written_whole(sweep.folder / CSV) as aside:
        pd.DataFrame(rows).to_csv(aside, index=False)
    found, choice = content.found, content.choice
    table: dict[str, Any] = {
        "metric": sweep.metric,
        "direction": "maximize" if sweep.maximize else "minimize",
        "runs": rows,
        "chosen": None,
        "groups": [
            {
                "name": one.name,
                "seeds": one.seeds,
                "values": one.values.tolist(),
                "mean": one.mean,
                "half": one.half,
            }
            for one in found.groups
        ],
        "best_against_second": None,
        "importance": None,
    }
    if choice:
        names = dict.fromkeys(name for one in choice.summaries for name in (one.get("test") or {}))
        table["chosen"] = {
            "runs": [one.number for one in choice.trials],
            "value": choice.value,
            "half": choice.half,
            "test": {name: choice.test(name) for name in names},
        }
    if found.verdict:
        one = found.verdict
        table["best_against_second"] = {"best": one.best.name, "second": one.second.name, "test": one.test}
        table["best_against_second"] |= {"p": one.p, "gain": one.gain, "interval": list(one.interval)}
    if found.explained:
        shares = {part.key: {"share": part.share, "luck": part.luck} for part in found.explained.parts}
        table["importance"] = {"r2": found.explained.r2, "shares": shares}
    write_json(sweep.folder / TABLE, table)


def _record(sweep: Sweep, trial: Trial, keys: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"run": trial.number, "state": trial.state, sweep.metric: trial.value}
    row |= {"reached": trial.reached, "epochs": trial.epochs, "seconds": trial.seconds}
    row |= {
        key: _plain(trial.overrides.get(key))
        for key in keys
        if any(key in one.overrides for one in sweep.trials)
    }
    return row | {"error": trial.error}


def _plain(value: Any) -> Any:
    return as_text(value) if isinstance(value, list | dict) else value


def _write_markdown(sweep: Sweep, content: Document, drawn: Drawn) -> None:
    parts = [f"# {escaped(content.title)}"]
    if content.command:
        parts.append(f"```\n{content.command}\n```")
    parts += [warning_text(one["text"], one["names"]) for one in content.warnings]
    parts.append(f"**{escaped(content.judgement.lead)}.** {escaped(content.judgement.why)}")
    if content.judgement.command:
        parts.append(f"```\n{content.judgement.command}\n```")
    parts += [escaped(note) for note in content.notes]
    if content.choice:
        parts.append(f"```\n{content.choice.command}\n```")
    if content.chosen and content.chosen.rows:
        parts.append(table_text(content.chosen))
    if content.over_seeds:
        parts.append(table_text(content.over_seeds))
    parts += [f"![{escaped(shows)}]({name})" for name, shows in drawn.values()]
    parts += [
        escaped(content.importance),
        table_text(content.runs),
        "## The sweep",
        facts_text(content.facts),
    ]
    write_text(sweep.folder / MARKDOWN, "\n\n".join(parts) + "\n")
