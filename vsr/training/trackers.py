"""What a finished run sends to its trackers: final metrics, example searches, reports, checkpoints."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from PIL import Image

from vsr.display.searches import Search
from vsr.training.checkpoints import FOLDER
from vsr.training.loggers import RunMLFlowLogger, RunWandbLogger

SEARCHES = "searches.jpg"
REPORTS = ("report.html", "test/evaluation.html", "summary.json", "metrics.csv", "config.yaml")
_MARKS = {"right": "✓", "partial": "~", "wrong": "✗", "ignored": "–"}


@dataclass(frozen=True)
class Results:
    """What a run ended with.

    Attributes:
        folder: the run folder, complete.
        metrics: of the chosen checkpoint, named ``val/…`` and ``test/…``.
        step: optimizer steps taken.
        searches: examples from test.
        checkpoints: that it wrote, the best before the last.
    """

    folder: Path
    metrics: dict[str, float]
    step: int
    searches: list[Search]
    checkpoints: list[Path]

    def reports(self) -> list[Path]:
        """The reports that there are."""
        return [path for name in REPORTS if (path := self.folder / name).is_file()]


def send_results(loggers: Iterable[Logger], results: Results) -> None:
    """Send ``results`` to every tracker, as far as it can show them.

    Test metrics are logged at the last step. Those of val would make the curve of the epochs jump back to the
    chosen one; W&B, which sorts runs by their summaries, gets them there.
    """
    test = {name: value for name, value in results.metrics.items() if not name.startswith("val/")}
    for logger in loggers:
        logger.log_metrics(test, step=results.step)
        if isinstance(logger, RunWandbLogger):
            _to_wandb(logger, results)
        elif isinstance(logger, RunMLFlowLogger):
            _to_mlflow(logger, results)
        elif isinstance(logger, TensorBoardLogger):
            with Image.open(results.folder / SEARCHES) as image:
                picture = np.asarray(image.convert("RGB"))
            logger.experiment.add_image("test/searches", picture, results.step, dataformats="HWC")


def _to_wandb(logger: RunWandbLogger, results: Results) -> None:
    import wandb

    run = logger.experiment
    logger.log_image("test/searches", [str(results.folder / SEARCHES)], step=results.step)
    columns, rows = search_table(results.searches)
    pictures = [[_as_wandb(cell) for cell in row] for row in rows]
    with _staged_in(results.folder / "wandb"):
        logger.log_table("test/searches_table", columns, pictures, step=results.step)
    run.summary.update(results.metrics)
    report = wandb.Artifact(f"report-{run.id}", type="report")
    _add(report, results.folder, results.reports())
    run.log_artifact(report)
    if logger.log_checkpoints:
        checkpoints = wandb.Artifact(f"checkpoints-{run.id}", type="model")
        _add(checkpoints, results.folder, results.checkpoints)
        run.log_artifact(checkpoints)


def _add(artifact: Any, folder: Path, paths: Iterable[Path]) -> None:
    """Add files where they lie: a copy would be put into the home folder, which ``wandb sync`` then needs."""
    for path in paths:
        name = path.relative_to(folder).as_posix()
        artifact.add_file(str(path.resolve()), name=name, policy="immutable")


@contextmanager
def _staged_in(folder: Path) -> Iterator[None]:
    """Let W&B keep the content of tables in ``folder``: an offline run is then complete in its own."""
    key = "WANDB_DATA_DIR"
    before = os.environ.get(key)
    os.environ[key] = str(folder.resolve())
    try:
        yield
    finally:
        if before is None:
            del os.environ[key]
        else:
            os.environ[key] = before


def search_table(searches: list[Search]) -> tuple[list[str], list[list[Any]]]:
    """Example searches as columns and rows; a picture is a pair of (H, W, 3) uint8 and its caption.

    A row a query: picture, name, its metric, how many are relevant, then the results, nearest first. None
    stands where there are fewer results and for pictures that cannot be shown.
    """
    most = max((len(one.results) for one in searches), default=0)
    columns = ["query", "name", "metric", "relevant", *(str(rank) for rank in range(1, most + 1))]
    rows = []
    for one in searches:
        row: list[Any] = [_cell(one.picture, one.caption), one.caption, one.metric, one.n_relevant]
        for found in one.results:
            caption = f"{_MARKS[found.relevance]} {found.score:.3f} {found.caption}"
            row.append(_cell(found.picture, caption))
        rows.append(row + [None] * (len(columns) - len(row)))
    return columns, rows


def _cell(picture: np.ndarray | None, caption: str) -> tuple[np.ndarray, str] | None:
    return None if picture is None else (picture, caption)


def _as_wandb(cell: Any) -> Any:
    import wandb

    return wandb.Image(cell[0], caption=cell[1]) if isinstance(cell, tuple) else cell


def _to_mlflow(logger: RunMLFlowLogger, results: Results) -> None:
    client, run_id = logger.experiment, logger.run_id
    for path in [results.folder / SEARCHES, *results.reports()]:
        client.log_artifact(run_id, str(path))
    for path in results.checkpoints if logger.log_checkpoints else []:
        client.log_artifact(run_id, str(path), FOLDER)
