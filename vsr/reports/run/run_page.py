"""The report of one training run: ``report.html`` in its folder, for someone with nothing but a browser."""

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vsr.display.encoding import data_uri, encode, picture_uri
from vsr.display.formats import is_number, small, three
from vsr.display.page import write_page
from vsr.display.panels import finite_column
from vsr.display.style import rendered
from vsr.reports.run.curves import curves_figure
from vsr.reports.run.run_summary import facts, headlines, results, split_counts, stages, warnings

log = logging.getLogger(__name__)

REPORT = "report.html"
_MOST_EPOCHS = 500  # rows of the table


@dataclass
class _Files:
    """What a run folder holds, and what it lacks."""

    folder: Path
    summary: dict[str, Any] = field(default_factory=dict)
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    config: str = ""
    missing: list[str] = field(default_factory=list)


def write_run_page(folder: str | Path) -> Path:
    """Write ``report.html`` from the files of a run folder.

    Reads ``summary.json``, ``metrics.csv``, ``config.yaml``, ``curves.png`` and ``searches.png`` or ``.jpg``.
    A file that is missing or broken leaves its section out, and the page says so.

    Returns:
        The path of the page.
    """
    files = _read(Path(folder))
    summary = files.summary
    curves = _picture(files, ("curves.png",))
    searches = _picture(files, ("searches.jpg", "searches.jpeg", "searches.png"))
    return write_page(
        files.folder / REPORT,
        "run.html.j2",
        folder=files.folder.resolve().name,
        written=_written(files.folder),
        summary=summary,
        headlines=headlines(summary),
        results=results(summary),
        stages=stages(summary),
        meanings=summary.get("meanings") or {},
        facts=facts(summary, _last_epoch(files.history)),
        counts=split_counts(summary.get("counts")),
        warnings=warnings(summary),
        missing=files.missing,
        curves=curves,
        narrow_curves=_narrow_curves(files) if curves else None,
        searches=searches,
        epochs=_epochs(files.history, summary.get("best_epoch")),
        config=files.config,
    )


def _read(folder: Path) -> _Files:
    files = _Files(folder)
    files.summary = _one(files, "summary.json", lambda path: json.loads(path.read_text("utf-8")), {})
    if not isinstance(files.summary, dict):
        files.summary = {}
    files.history = _one(files, "metrics.csv", pd.read_csv, pd.DataFrame())
    files.config = _one(files, "config.yaml", lambda path: path.read_text("utf-8"), "")
    return files


def _one(files: _Files, name: str, read: Any, otherwise: Any) -> Any:
    try:
        return read(files.folder / name)
    except FileNotFoundError:
        files.missing.append(f"{name} is missing")
    except (OSError, ValueError) as error:  # both parsers raise ValueErrors
        log.warning("%s cannot be read: %s", files.folder / name, error)
        files.missing.append(f"{name} cannot be read")
    return otherwise


def _picture(files: _Files, names: tuple[str, ...]) -> str | None:
    """The first of the named pictures, newest wins where several are there, as a data URI."""
    there = [files.folder / name for name in names if (files.folder / name).is_file()]
    if not there:
        files.missing.append(f"{' or '.join(names[:1] + names[2:])} is missing")
        return None
    return picture_uri(max(there, key=lambda path: path.stat().st_mtime))


def _narrow_curves(files: _Files) -> str | None:
    """The learning curves once more, one below the other, for phones."""
    if "epoch" not in files.history:
        return None
    monitor = str(files.summary.get("monitor") or "val/map")
    figure = curves_figure(files.history, monitor, columns=1)
    return data_uri(encode(rendered(figure), ".png", 150_000), ".png")


def _written(folder: Path) -> str:
    """When the run ended: the summary's time, which a copy of the page keeps."""
    path = folder / "summary.json"
    return datetime.fromtimestamp(path.stat().st_mtime).strftime("%Y-%m-%d %H:%M") if path.is_file() else ""


def _last_epoch(history: pd.DataFrame) -> int | None:
    epochs = finite_column(history, "epoch") if "epoch" in history else np.zeros(0)
    return int(np.nanmax(epochs)) if np.isfinite(epochs).any() else None


def _epochs(history: pd.DataFrame, best: Any) -> dict[str, Any] | None:
    """The history as cells of text; long ones thinned evenly, the best and the last epoch kept."""
    if "epoch" not in history or history.empty:
        return None
    epochs, places = finite_column(history, "epoch"), np.arange(len(history))
    step = -(-len(history) // _MOST_EPOCHS)
    is_best = (epochs == best) & bool(best)
    kept = (places % step == 0) | is_best | (places == places[-1])
    names = [str(name) for name in history]
    rows = [
        {"best": chosen, "cells": [_cell(name, value) for name, value in zip(names, row, strict=True)]}
        for row, chosen in zip(history[kept].itertuples(index=False), is_best[kept].tolist(), strict=True)
    ]
    shown = [name.removeprefix("val/").removeprefix("train/") for name in names]
    return {"names": list(zip(names, shown, strict=True)), "rows": rows, "n": len(history)}


def _cell(name: str, value: Any) -> str:
    if name in ("epoch", "step") and is_number(value):
        return f"{value:.0f}"
    return small(value) if name == "lr" else three(value)
