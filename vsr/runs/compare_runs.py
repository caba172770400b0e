"""Compare two saved evaluations: the tables, the files and the page."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rich

from vsr.data.catalogue.catalogue import Catalogue
from vsr.display.searches import Search
from vsr.display.tables import comparison_tables
from vsr.errors import ConfigError, UserError, nearest
from vsr.files import write_json, written_whole
from vsr.metrics.ranking import meanings
from vsr.reports.comparison.comparison_page import Change, write_comparison_page
from vsr.reports.evaluation.examples import search_of
from vsr.retrieval.evaluation import ABOUT, Evaluation
from vsr.retrieval.paired_comparison import Comparison, compare
from vsr.retrieval.statistics import Statistics

OF_A_RUN = "test"  # the folder below that of a training run that holds its evaluation


@dataclass
class ComparisonRun:
    """The parts of one comparison.

    Attributes:
        a: folder of an evaluation, or of a training run.
        b: likewise.
        folder: where the comparison goes.
        catalogue: reads the catalogue that a configuration describes, for the pictures.
        statistics: of intervals and tests.
        metric: by which queries got better or worse; None: map where both have it, else their first.
        pictured: how many queries that got better are shown, and as many that got worse.

    Raises:
        ConfigError: ``pictured`` < 0.
    """

    a: Path
    b: Path
    folder: Path
    catalogue: Callable[[dict[str, Any]], Catalogue]
    statistics: Statistics = field(default_factory=Statistics)
    metric: str | None = None
    pictured: int = 6

    def __post_init__(self) -> None:
        if self.pictured < 0:
            raise ConfigError(f"comparison.pictured must be >= 0, got {self.pictured}")


def compare_evaluations(run: ComparisonRun) -> Comparison:
    """Print the comparison, and write ``comparison.json``, ``.csv``, ``.html`` and ``per_query.parquet``.

    Raises:
        DataError: a folder holds no evaluation, or the two did not measure the same thing.
        ConfigError: ``metric`` is in neither.
    """
    folders = {"a": evaluation_folder(run.a), "b": evaluation_folder(run.b)}
    a, b = (Evaluation.load(folder) for folder in folders.values())
    comparison = compare(a, b, run.statistics)
    metric = chosen_metric(comparison, run.metric)
    about = comparison.about() | {
        side: {"folder": str(given)} | _source(folders[side], one)
        for side, given, one in (("a", run.a, comparison.a), ("b", run.b, comparison.b))
    }
    about["changed_by"] = metric
    with written_whole(run.folder / "comparison.csv") as aside:
        comparison.table.to_csv(aside)
    with written_whole(run.folder / "per_query.parquet") as aside:
        comparison.per_query().to_parquet(aside, index=False)
    catalogue, reason = _catalogue(run, about["a"]["config"], comparison)
    chosen = comparison.changed(metric, run.pictured)
    better, worse = ([_change(comparison, catalogue, metric, int(q)) for q in part] for part in chosen)
    for side in folders:
        del about[side]["config"]
    write_json(run.folder / "comparison.json", about)
    differences = comparison.differences[metric]
    page = run.folder / "comparison.html"
    write_comparison_page(
        page, about, metric, better, worse, differences, reason, meanings(comparison.differences)
    )
    console = rich.get_console()
    for part in comparison_tables(about):
        console.print(part, soft_wrap=False)
    console.print(f"Page: {page}", soft_wrap=True)
    return comparison


def evaluation_folder(folder: Path) -> Path:
    """Where the evaluation lies: ``folder`` itself, or what a training run measured on test."""
    below = folder / OF_A_RUN
    return below if (below / ABOUT).is_file() and not (folder / ABOUT).is_file() else folder


def chosen_metric(comparison: Comparison, metric: str | None) -> str:
    """The metric by which queries got better or worse.

    Raises:
        ConfigError: ``metric`` was not measured in both.
    """
    names = list(comparison.table.index)
    if metric is None:
        return "map" if "map" in names else names[0]
    if metric not in names:
        raise ConfigError(f"comparison.metric: {metric} is not in both{nearest(metric, names)}")
    return metric


def _source(folder: Path, evaluation: Evaluation) -> dict[str, Any]:
    """Where one of the two comes from, as far as its folder tells, or the one that it is a part of."""
    around = (folder, *list(folder.absolute().parents)[:2])
    told_in = next((one for one in around if (one / "provenance.json").is_file()), folder)
    try:
        told = json.loads((told_in / "provenance.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = {}  # the numbers stand without it; only the pictures need the configuration
    return {
        "checkpoint": told.get("checkpoint"),
        "chosen_on": evaluation.chosen_on,
        "command": told.get("command"),
        "git": told.get("git"),
        "config": told.get("config"),
    }


def _catalogue(run: ComparisonRun, config: Any, comparison: Comparison) -> tuple[Catalogue | None, str]:
    """The catalogue with the pictures, or None and the reason."""
    if not config:
        return None, f"{run.a} does not say what it was measured on (provenance.json)"
    try:
        catalogue = run.catalogue(config)
    except (UserError, OSError) as error:
        return None, str(error)
    if catalogue.fingerprint != comparison.a.fingerprint:
        return None, (
            f"the catalogue has changed since ({catalogue.fingerprint} now, {comparison.a.fingerprint} then)"
        )
    return catalogue, ""


def _change(comparison: Comparison, catalogue: Catalogue | None, metric: str, query: int) -> Change:
    sides = comparison.a, comparison.b
    searches = [_search(one, catalogue, query) for one in sides]
    values = [float(one.per_query[metric][query]) for one in sides]
    first = [_first_right(one, query) for one in sides]
    item = str(comparison.items[query])
    return Change(item, searches[0], searches[1], (values[0], values[1]), (first[0], first[1]))


def _search(evaluation: Evaluation, catalogue: Catalogue | None, query: int) -> Search:
    if catalogue is None or evaluation.sides is None:
        return Search(None, "", n_relevant=int(evaluation.n_relevant[query]))
    sides = evaluation.sides
    return search_of(evaluation, catalogue, sides.query_rows, sides.gallery_rows, query)


def _first_right(evaluation: Evaluation, query: int) -> int | None:
    right = np.flatnonzero(evaluation.gains[query] >= evaluation.judging["relevant_from"])
    return int(right[0]) + 1 if len(right) else None
