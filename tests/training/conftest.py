"""A network of milliseconds, and a training run of it in a real Trainer."""

import functools
from pathlib import Path

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn

from vsr.data.loading.datamodule import VisualSearchData
from vsr.data.loading.positives import LabelPositives
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.samplers.balanced import BalancedBatches
from vsr.losses.infonce import InfoNCE
from vsr.training.module import VisualSearchModule


class TinyModel(nn.Module):
    """Pictures (B, 3, 8, 8) to embeddings (B, 4), with a BatchNorm if wanted, and dropout."""

    def __init__(self, norm: bool = True, dropout: float = 0.0):
        super().__init__()
        layers = [nn.Conv2d(3, 6, 3, stride=2), nn.BatchNorm2d(6) if norm else nn.Identity(), nn.ReLU()]
        self.backbone = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout))
        self.head = nn.Linear(54, 4)
        self.width = 4

    def forward(self, images):
        weight = self.head.weight
        return self.head(self.backbone(images.to(weight.dtype) / 255))


@pytest.fixture
def tiny_model():
    """``tiny_model(norm=True, dropout=0.0, seed=0)``."""

    def make(norm: bool = True, dropout: float = 0.0, seed: int = 0) -> TinyModel:
        torch.manual_seed(seed)
        return TinyModel(norm, dropout)

    return make


@pytest.fixture
def tiny_fit(tiny_model, make_catalogue, tmp_path):
    """``tiny_fit(epochs=2, resume=None, sampler=None, memory=None, …)``: (module, folder of checkpoints).

    An epoch is 6 steps. Checkpoints: ``step=<n>.ckpt`` after every third, ``epoch=<n>.ckpt`` at its end.
    """
    catalogue = make_catalogue(train=dict.fromkeys("abcdefghijkl", 4), val={"x": 2}, test={"u": 2})
    numbers = iter(range(100))

    def fit(
        epochs=2,
        resume: Path | None = None,
        sampler=None,
        memory=None,
        callbacks=(),
        loss=None,
        **options,
    ):
        sampler = sampler or BalancedBatches(8, 2)
        data = VisualSearchData(catalogue, PictureTransforms(8), LabelPositives(), sampler)
        module = VisualSearchModule(
            tiny_model(seed=0 if resume is None else 1),  # a resumed run has all from its checkpoint
            loss or InfoNCE(0.1),
            functools.partial(torch.optim.AdamW, lr=0.01),
            memory=memory,
            **options,
        )
        module.set_up(data.examples.labels)
        folder = tmp_path / str(next(numbers))
        keep = [
            ModelCheckpoint(folder, "{step}", save_top_k=-1, every_n_train_steps=3),
            ModelCheckpoint(folder, "{epoch}", save_top_k=-1, save_on_train_epoch_end=True),
        ]
        trainer = L.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
            limit_val_batches=0,
            callbacks=[*(make(data) for make in callbacks), *keep],
        )
        trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
        return module, folder

    return fit
