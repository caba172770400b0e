"""Measure a checkpoint by the path that training measures its epochs by."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import rich
from torch import nn

from vsr.errors import CheckpointError, ConfigError, nearest
from vsr.files import write_json
from vsr.reports import metrics_table
from vsr.retrieval import Evaluation
from vsr.retrieval.pictures import draw_examples
from vsr.training.checkpoints import read_checkpoint
from vsr.training.evaluation import RankingEvaluation
from vsr.training.module import VisualSearchModule
from vsr.training.provenance import command, git_state, versions
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
    """

    module: VisualSearchModule
    datamodule: L.LightningDataModule
    trainer: L.Trainer
    evaluation: RankingEvaluation
    folder: Path
    checkpoint: Path
    split: str
    config: dict[str, Any]


def evaluate_checkpoint(run: EvaluationRun) -> Evaluation:
    """Measure, and write ``evaluation.json`` and the example searches into the run folder.

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
        result.save(run.folder)
        save_stages(measured.stages, run.folder / "stages")
        draw_examples(
            result, catalogue, measured.query_rows, measured.gallery_rows, run.folder / "searches.jpg"
        )
        write_json(
            run.folder / "provenance.json",
            {
                "checkpoint": str(run.checkpoint),
                "split": run.split,
                "command": command(),
                "versions": versions(),
                "git": git_state(),
                "skipped": measured.skipped,
                "config": run.config,
            },
        )
        console = rich.get_console()
        console.print(metrics_table([(run.split, result.means)]))
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
