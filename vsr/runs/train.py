"""One training run, from the untrained network's row to the report."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import rich
import yaml

from vsr.display.console import short_config
from vsr.display.tables import metrics_table
from vsr.errors import Pruned
from vsr.files import write_json, write_text
from vsr.metrics.ranking import meanings
from vsr.provenance import PROVENANCE, command, git_state, provenance, versions
from vsr.reports.evaluation.examples import draw_examples
from vsr.reports.evaluation.stage_table import save_stages, stage_table
from vsr.reports.run.curves import draw_curves
from vsr.reports.run.run_page import write_run_page
from vsr.retrieval.breakdown import complete
from vsr.runs.measured_page import show_measured
from vsr.training.checkpoints import chosen_on, written_by
from vsr.training.evaluation_callback import Measured, RankingEvaluation
from vsr.training.history import Record
from vsr.training.loggers import End, close
from vsr.training.module import VisualSearchModule
from vsr.training.resume import bring_along
from vsr.training.trackers import SEARCHES, Results, send_results

log = logging.getLogger(__name__)


@dataclass
class Run:
    """The parts of one training run, assembled.

    Attributes:
        module: model, loss, optimizer and schedule.
        datamodule: a `vsr.data.loading.VisualSearchData`.
        trainer: its ``default_root_dir`` is ``folder``; ``evaluation`` and ``record`` are callbacks of it.
        evaluation: measures val after each epoch, and test.
        record: the rows of metrics.csv.
        folder: the run folder.
        config: resolved plain configuration, as run.
        resume: the checkpoint from which it goes on, or None for a new run.
        seed: of everything, or None.
    """

    module: VisualSearchModule
    datamodule: L.LightningDataModule
    trainer: L.Trainer
    evaluation: RankingEvaluation
    record: Record
    folder: Path
    config: dict[str, Any]
    resume: Path | None = None
    seed: int | None = None


def train(run: Run) -> float | None:
    """Train while a person watches: the configuration in short, a line an epoch, the result table.

    Returns:
        The monitored metric of the chosen checkpoint, for sweepers; None when it was not measured on val.
    """
    console = rich.get_console()
    how: End = "failed"
    try:
        if run.trainer.is_global_zero:
            console.print(short_config(run.config))
        summary = fit(run)
        how = "finished"
    except Pruned:
        how = "pruned"
        raise
    finally:
        close(run.trainer.loggers, how)
    if run.trainer.is_global_zero:
        rows = [("untrained", summary["untrained"]), ("val", summary["val"]), ("test", summary["test"])]
        intervals = {"test": summary["intervals"]["test"]}
        console.print(metrics_table(rows, intervals=intervals, chosen_on=summary["chosen_on"]))
        if summary["stages"]:
            console.print(stage_table({"exact": summary["test"], **summary["stages"]["test"]}))
        console.print(f"Run folder: {run.folder}", soft_wrap=True)
    return summary["val"].get(run.record.monitor.removeprefix("val/"))


def fit(run: Run) -> dict[str, Any]:
    """Train, measure, and fill the run folder.

    Returns:
        The content of ``summary.json``.

    Raises:
        UserError: anything that the user can mend, a loss that is not finite among it.
    """
    write_text(run.folder / "config.yaml", yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True))
    if run.resume is None:
        untrained = _measured(run, "test")
        run.record.untrained = untrained.evaluation.means
        measured = {"val": _measured(run, "val").values()}
        if run.record.monitor.startswith("test/"):
            measured["test"] = untrained.values()
        row = {f"{split}/{name}": value for split, means in measured.items() for name, value in means.items()}
        run.record.before_training(run.trainer, row)
    else:
        log.info("resuming from %s", run.resume)
        if run.trainer.is_global_zero:
            bring_along(run.resume, run.folder)
    run.trainer.fit(run.module, datamodule=run.datamodule, ckpt_path=run.resume, weights_only=True)
    return finish(run)


def finish(run: Run) -> dict[str, Any]:
    """Measure the chosen checkpoint on val and test, and write summary, pictures and report."""
    checkpoints = written_by(run.trainer)
    chosen = checkpoints[0] if checkpoints else None  # None: the weights as they are
    with run.record.kept():  # Lightning restores the callbacks too, and later epochs would be forgotten
        val = _measured(run, "val", chosen)
        test = _measured(run, "test", chosen)
    catalogue = run.datamodule.catalogue  # pyright: ignore[reportAttributeAccessIssue]
    split = chosen_on(run.config, chosen)
    for one in (val, test):
        for stage in one.stages:
            complete(stage.evaluation, catalogue, one.query_rows, one.gallery_rows, split)
    summary = _summary(run, val, test)
    if not run.trainer.is_global_zero:
        return summary
    write_json(run.folder / "summary.json", summary)
    write_json(run.folder / "test" / PROVENANCE, provenance(run.config, "test", chosen, test.skipped))
    test.evaluation.save(run.folder / "test")
    save_stages(test.stages, run.folder / "test" / "stages")
    draw_curves(run.record.frame(), run.folder / "curves.png", run.record.monitor, run.record.mode)
    searches = draw_examples(
        test.evaluation, catalogue, test.query_rows, test.gallery_rows, run.folder / SEARCHES
    )
    write_run_page(run.folder)
    facts = [("checkpoint", str(chosen), True), ("seed", str(run.seed), False)]
    show_measured(test, catalogue, run.folder / "test", facts)
    named = {f"{one.split}/{name}": value for one in (val, test) for name, value in one.values().items()}
    send_results(
        run.trainer.loggers, Results(run.folder, named, run.trainer.global_step, searches, checkpoints)
    )
    return summary


def _measured(run: Run, split: str, ckpt_path: Path | None = None) -> Measured:
    loop = run.trainer.validate if split == "val" else run.trainer.test
    loop(run.module, datamodule=run.datamodule, ckpt_path=ckpt_path, verbose=False, weights_only=True)
    assert run.evaluation.latest is not None
    return run.evaluation.latest


def _stages(measured: Measured) -> dict[str, dict[str, float]]:
    """Means of each stage after exact search, by its name: its lists alone first, what is served last."""
    return {stage.name: stage.evaluation.means for stage in measured.stages[1:]}


def _summary(run: Run, val: Measured, test: Measured) -> dict[str, Any]:
    catalogue = run.datamodule.catalogue  # pyright: ignore[reportAttributeAccessIssue]
    skipped = sorted({*run.record.skipped, *val.skipped, *test.skipped})
    counts = {split: len(catalogue.rows(split)) for split in ("train", "val", "test")}
    for measured in (val, test):
        counts[f"{measured.split} queries"] = len(measured.query_rows)
        counts[f"{measured.split} gallery"] = len(measured.gallery_rows)
        counts[f"{measured.split} queries left out"] = measured.evaluation.n_left_out
    return {
        "untrained": run.record.untrained,
        "val": val.evaluation.means,
        "test": test.evaluation.means,
        "intervals": {"val": val.evaluation.intervals, "test": test.evaluation.intervals},
        "resampling": test.evaluation.resampling,
        "stages": {one.split: _stages(one) for one in (val, test) if len(one.stages) > 1},
        "meanings": meanings([*val.evaluation.means, *test.evaluation.means]),
        "warnings": {one.split: list(one.warnings.values()) for one in (val, test)},
        "protocol": catalogue.protocol,
        "catalogue": catalogue.fingerprint,
        "best_epoch": run.record.best_epoch,
        "monitor": run.record.monitor,
        "chosen_on": test.evaluation.chosen_on,
        "seconds": round(run.record.seconds, 1),
        "versions": versions(),
        "git": git_state(),
        "seed": run.seed,
        "command": command(),
        "counts": counts,
        "skipped": [{"row": row, "item": str(catalogue.table["item"].iloc[row])} for row in skipped],
        "missing": catalogue.missing_images,
    }
