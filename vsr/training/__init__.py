"""Training: Lightning module, evaluation callback, checkpoints, and whole runs."""

from vsr.training.checkpoints import BestCheckpoint, LastCheckpoint, read_checkpoint
from vsr.training.class_means import ClassMeans
from vsr.training.evaluation import Measured, RankingEvaluation
from vsr.training.every_epoch_test import EveryEpochTest
from vsr.training.finetune import FineTune
from vsr.training.fit import Run, train
from vsr.training.health import EmbeddingHealth
from vsr.training.large_batch import LargeBatch
from vsr.training.loggers import mlflow_logger, tensorboard_logger, wandb_logger
from vsr.training.lora import LoRA
from vsr.training.measure import EvaluationRun, evaluate_checkpoint
from vsr.training.memory import XBM, MoCo
from vsr.training.module import VisualSearchModule
from vsr.training.optimizers import Lars, constant_with_warmup, cosine_with_warmup, parameter_groups
from vsr.training.pruning import Pruning
from vsr.training.record import Record

__all__ = [
    "XBM",
    "BestCheckpoint",
    "ClassMeans",
    "EmbeddingHealth",
    "EvaluationRun",
    "EveryEpochTest",
    "FineTune",
    "LargeBatch",
    "Lars",
    "LastCheckpoint",
    "LoRA",
    "Measured",
    "MoCo",
    "Pruning",
    "RankingEvaluation",
    "Record",
    "Run",
    "VisualSearchModule",
    "constant_with_warmup",
    "cosine_with_warmup",
    "evaluate_checkpoint",
    "mlflow_logger",
    "parameter_groups",
    "read_checkpoint",
    "tensorboard_logger",
    "train",
    "wandb_logger",
]
