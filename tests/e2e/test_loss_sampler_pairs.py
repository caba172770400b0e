"""Every loss with every sampler, by their entries in conf/, on a store so small that a case takes a second.

A new entry is covered by being there. The quick suite takes each loss with one sampler and each sampler with
one loss; all pairs are marked slow.
"""

import functools
import itertools
from pathlib import Path
from typing import NamedTuple

import lightning as L
import pytest
import torch
import torch.nn.functional as F
from hydra import compose, initialize_config_dir
from torch import nn

from vsr import assemble
from vsr.data import AugmentPositives, LabelPositives, LearningSampler, PictureTransforms, VisualSearchData
from vsr.data.toystore import Toystore
from vsr.metrics import RankingMetrics
from vsr.training import ClassMeans, FineTune, RankingEvaluation, VisualSearchModule

CONF = Path(__file__).parents[2] / "conf"
LOSSES = sorted(path.stem for path in CONF.glob("loss/*.yaml"))
SAMPLERS = sorted(path.stem for path in CONF.glob("sampler/*.yaml"))
TWO_VIEWS = {"clip", "infonce_one_way"}  # compare the first view of each picture with the second
NO_SENSE = {
    (loss, sampler): "its labels are the pictures themselves: none has a second example to bring together"
    for loss in TWO_VIEWS
    for sampler in ("balanced", "category_balanced", "hard_class")
}
PAIRS = [(loss, sampler) for loss in LOSSES for sampler in SAMPLERS if (loss, sampler) not in NO_SENSE]
QUICK = {(loss, "random" if loss in TWO_VIEWS else "balanced") for loss in LOSSES} | {
    ("hierarchical", "category_balanced"),
    ("triplet", "hard_class"),
    ("proxy_anchor", "random"),
}
EPOCHS = 4
SIDE = 32


class SmallNet(nn.Module):
    """Pictures (B, 3, 32, 32) to embeddings (B, 16)."""

    def __init__(self, normalize: bool):
        super().__init__()
        widths = (3, 16, 32)
        self.backbone = nn.Sequential(
            *(self.block(*pair) for pair in itertools.pairwise(widths)),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
        )
        self.head = nn.Linear(128, 16)
        self.width = 16
        self.normalize = normalize

    @staticmethod
    def block(before: int, after: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU())

    def forward(self, images):
        embeddings = self.head(self.backbone(images / 127.5 - 1))
        return F.normalize(embeddings, dim=1) if self.normalize else embeddings


class Entry(NamedTuple):
    loss: nn.Module
    sampler: object


def entry(group: str, name: str) -> object:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        node = assemble.plain(compose(f"{group}/{name}"))[group]
    if group == "sampler":
        node |= {"batch_size": 32}
    return assemble.instantiate(node, group)


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("pairs"))
    return Toystore(
        products=72, photos=6, image_size=SIDE, val_fraction=0.4, test_fraction=0.05, cache_dir=folder
    ).read()


def val_map(store, loss: str, sampler: str | None, seed: int = 0) -> float:
    """Of the network before training (no sampler), or after."""
    dealer = entry("sampler", sampler or "random")
    positives = AugmentPositives() if loss in TWO_VIEWS else LabelPositives()
    transforms = PictureTransforms(SIDE, scale=(0.6, 1.0))
    data = VisualSearchData(store, transforms, positives, dealer, seed=seed, eval_batch_size=256)
    torch.manual_seed(seed)
    module = VisualSearchModule(
        SmallNet(normalize=loss != "npair"),
        entry("loss", loss),
        functools.partial(torch.optim.AdamW, lr=0.005),
        finetune=FineTune(loss_lr_factor=10),
        seed=seed,
    )
    module.set_up(data.examples.labels)
    evaluation = RankingEvaluation(RankingMetrics(["map"]))
    callbacks = [evaluation]
    if isinstance(dealer, LearningSampler):
        callbacks.append(ClassMeans(dealer, data.examples.labels[:, 0]))
    trainer = L.Trainer(
        max_epochs=EPOCHS,
        check_val_every_n_epoch=EPOCHS,
        accelerator="cpu",
        logger=False,
        callbacks=callbacks,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
    )
    if sampler is None:
        trainer.validate(module, datamodule=data, verbose=False)
    else:
        trainer.fit(module, datamodule=data)
    return evaluation.latest.evaluation.means["map"]
