"""Measure a checkpoint by the path that training measures its epochs by."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning as L
import rich
from torch import nn

from vsr.data.catalogue.catalogue import Catalogue
from vsr.display.tables import evaluation_tables, groups_tables
from vsr.errors import CheckpointError, ConfigError, nearest
from vsr.files import write_json
from vsr.provenance import PROVENANCE, provenance
from vsr.reports.evaluation.examples import draw_examples
from vsr.reports.evaluation.stage_table import save_stages, timed_table
from vsr.retrieval.breakdown import complete
from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.paired_comparison import check_same_data
from vsr.retrieval.statistics import Statistics
from vsr.retrieval.thresholds import Thresholds
from vsr.runs.compare_runs import evaluation_folder
from vsr.runs.measured_page import STAGES, show_measured
from vsr.training.checkpoints import chosen_on, read_checkpoint
from vsr.training.evaluation_callback import Measured, MeasuredOn, RankingEvaluation
from vsr.training.module import VisualSearchModule

SPLITS = ("val", "test")


@dataclass
class EvaluationRun:
    """The parts of one measurement, assembled.

    Attributes:
        module: holds the network that the checkpoint's configuration describes.
        datamodule: a `vsr.data.loading.VisualSearchData`.
        trainer: with ``evaluation`` among its callbacks.
        evaluation: measures the split.
        folder: the run folder.
        checkpoint: the checkpoint file.
        split: val or test.
        config: resolved plain configuration: the checkpoint's with what the command line changed.
        statistics: of the confidence intervals.
        thresholds: which metrics of one threshold.
        against: folder of another evaluation of the same split, or of a training run: the page shows the
            searches that changed most.
    """

    module: VisualSearchModule
    datamodule: L.LightningDataModule
    trainer: L.Trainer
    evaluation: RankingEvaluation
    folder: Path
    checkpoint: Path
    split: str
    config: dict[str, Any]
    statistics: Statistics = field(default_factory=Statistics)
    thresholds: Thresholds = field(default_factory=Thresholds)
    against: Path | None = None


def evaluate_checkpoint(run: EvaluationRun) -> Evaluation:
    """Measure, and write the evaluation, its page, provenance and example searches into the run folder.

    Raises:
        ConfigError: the split is neither val nor test.
        CheckpointError: the checkpoint does not fit the network.
        DataError: ``against`` holds no evaluation, or one that measured something else.
    """
    if run.split not in SPLITS:
        raise ConfigError(f"split must be val or test, got {run.split}{nearest(run.split, SPLITS)}")
    catalogue = run.datamodule.catalogue  # pyright: ignore[reportAttributeAccessIssue]
    other = None if run.against is None else _other(run.against, MeasuredOn.of(catalogue, run.split))
    load_model(run.module.model, run.checkpoint)
    loop = run.trainer.validate if run.split == "val" else run.trainer.test
    loop(run.module, datamodule=run.datamodule, verbose=False)
    measured = run.evaluation.latest
    assert measured is not None
    if run.trainer.is_global_zero:
        chosen = chosen_on(run.config, run.checkpoint)
        rows = measured.query_rows, measured.gallery_rows
        for stage in measured.stages:
            complete(stage.evaluation, catalogue, *rows, chosen, run.statistics, run.thresholds)
        _say(run, measured, catalogue, _write(run, measured, catalogue, other))
    return measured.evaluation


def _write(
    run: EvaluationRun, measured: Measured, catalogue: Catalogue, other: Evaluation | None
) -> list[Path]:
    """Fill the run folder; the paths of its pages."""
    result, rows = measured.evaluation, (measured.query_rows, measured.gallery_rows)
    write_json(run.folder / PROVENANCE, provenance(run.config, run.split, run.checkpoint, measured.skipped))
    result.save(run.folder)
    save_stages(measured.stages, run.folder / STAGES)
    draw_examples(result, catalogue, *rows, run.folder / "searches.jpg")
    facts = [("checkpoint", str(run.checkpoint), True)]
    return show_measured(measured, catalogue, run.folder, facts, other, str(run.against))


def _say(run: EvaluationRun, measured: Measured, catalogue: Catalogue, pages: list[Path]) -> None:
    """Print what a person wants to know at once, and where the rest is."""
    result, console = measured.evaluation, rich.get_console()
    parts = evaluation_tables(run.split, result.about())
    if len(catalogue.levels) > 1 and result.groups is not None and len(result.groups):
        parts += groups_tables(result.groups)
    if len(measured.stages) > 1:
        parts.append(timed_table(measured.stages))
    for part in parts:
        console.print(part)
    console.print(f"Run folder: {run.folder}", soft_wrap=True)
    for page in pages:
        console.print(f"Page: {page}", soft_wrap=True)


def _other(folder: Path, ours: MeasuredOn) -> Evaluation:
    """The evaluation in ``folder``; what cannot be compared is told before anything is embedded."""
    other = Evaluation.load(evaluation_folder(folder))
    check_same_data(ours, other, ("this evaluation", str(folder)))
    return other


def load_model(model: nn.Module, path: Path) -> None:
    """Load the network's weights from one of our checkpoints.

    Raises:
        CheckpointError: a weight is missing, left over, or of another shape.
    """
    state = read_checkpoint(path)["state_dict"]
    weights = {
        name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")
    }
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise CheckpointError(f"checkpoint {path} does not fit its own configuration: {first}") from error
