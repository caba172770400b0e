"""Measure a checkpoint by the path that training measures its epochs by."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning as L
import rich
from torch import nn

from vsr.errors import CheckpointError, ConfigError, nearest
from vsr.files import write_json
from vsr.reports import evaluation_tables
from vsr.retrieval import Evaluation, Statistics, Thresholds
from vsr.retrieval.breakdown import complete
from vsr.retrieval.pictures import draw_examples
from vsr.training.checkpoints import chosen_on, read_checkpoint
from vsr.training.evaluation import RankingEvaluation
from vsr.training.measured_page import show_measured
from vsr.training.module import VisualSearchModule
from vsr.training.provenance import PROVENANCE, provenance
from vsr.training.stage_table import save_stages, timed_table

SPLITS = ("val", "test")


@dataclass
class EvaluationRun:
    """The parts of one measurement, assembled.

    Attributes:
        module: holds the network that the checkpoint's configuration describes.
        datamodule: a `vsr.data.VisualSearchData`.
        trainer: with ``evaluation`` among its callbacks.
        evaluation: measures the split.
        folder: the run folder.
        checkpoint: the checkpoint file.
        split: val or test.
        config: resolved plain configuration: the checkpoint's with what the command line changed.
        statistics: of the confidence intervals.
        thresholds: which metrics of one threshold.
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


def evaluate_checkpoint(run: EvaluationRun) -> Evaluation:
    """Measure, and write the evaluation, its page, provenance and example searches into the run folder.

    Raises:
        ConfigError: the split is neither val nor test.
        CheckpointError: the checkpoint does not fit the network.
    """
    if run.split not in SPLITS:
        raise ConfigError(f"split must be val or test, got {run.split}{nearest(run.split, SPLITS)}")
    load_model(run.module.model, run.checkpoint)
    loop = run.trainer.validate if run.split == "val" else run.trainer.test
    loop(run.module, datamodule=run.datamodule, verbose=False)
    measured = run.evaluation.latest
    assert measured is not None
    result = measured.evaluation
    if run.trainer.is_global_zero:
        catalogue = run.datamodule.catalogue  # pyright: ignore[reportAttributeAccessIssue]
        rows = measured.query_rows, measured.gallery_rows
        chosen = chosen_on(run.config, run.checkpoint)
        for stage in measured.stages:
            complete(stage.evaluation, catalogue, *rows, chosen, run.statistics, run.thresholds)
        write_json(
            run.folder / PROVENANCE, provenance(run.config, run.split, run.checkpoint, measured.skipped)
        )
        result.save(run.folder)
        save_stages(measured.stages, run.folder / "stages")
        draw_examples(result, catalogue, *rows, run.folder / "searches.jpg")
        show_measured(measured, catalogue, run.folder, [("checkpoint", str(run.checkpoint), True)])
        console = rich.get_console()
        for part in evaluation_tables(run.split, result.about()):
            console.print(part)
        if len(measured.stages) > 1:
            console.print(timed_table(measured.stages))
        console.print(f"Run folder: {run.folder}", soft_wrap=True)
    return result


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
