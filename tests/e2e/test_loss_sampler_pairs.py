"""Every loss with every sampler, by their entries in conf/, on a store so small that a case takes a second.

A new entry is covered by being there. The quick suite takes each loss with one sampler and each sampler with
one loss; all pairs are marked slow.
"""

import functools
import itertools
from pathlib import Path

import lightning as L
import pytest
import torch
import torch.nn.functional as F
from hydra import compose, initialize_config_dir
from torch import nn

from vsr.config import assemble
from vsr.data.loading.datamodule import VisualSearchData
from vsr.data.loading.positives import LabelPositives, PairPositives
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.readers.toystore import Toystore
from vsr.data.samplers.sampler import LearningSampler
from vsr.metrics.ranking import RankingMetrics
from vsr.training.class_means import ClassMeans
from vsr.training.evaluation_callback import RankingEvaluation
from vsr.training.finetune import FineTune
from vsr.training.module import VisualSearchModule

CONF = Path(__file__).parents[2] / "conf"
LOSSES = sorted(path.stem for path in CONF.glob("loss/*.yaml"))
SAMPLERS = sorted(path.stem for path in CONF.glob("sampler/*.yaml"))
IN_PAIRS = {"clip", "infonce_one_way"}  # of a query and its positive, as data/positives=pairs gives them
NO_SENSE = {
    (loss, "category_balanced"): "a pair has the label of its query and no category" for loss in IN_PAIRS
}
PAIRS = [(loss, sampler) for loss in LOSSES for sampler in SAMPLERS if (loss, sampler) not in NO_SENSE]
QUICK = {(loss, "random" if loss in IN_PAIRS else "balanced") for loss in LOSSES} | {
    ("hierarchical", "category_balanced"),
    ("triplet", "hard_class"),
    ("proxy_anchor", "random"),
}
WITH_MARGINS = ("arcface", "cosface", "subcenter_arcface")  # … in a softmax over proxies, which start slowly
EPOCHS = dict.fromkeys(LOSSES, 10) | dict.fromkeys(WITH_MARGINS, 20)
SIDE = 32
LR, LOSS_LR = 0.005, 3
MARGIN = 0.03  # in map; see over three seeds


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


class AsTheyAre(PictureTransforms):
    """Pictures without augmentation, (3, 32, 32) uint8."""

    def __init__(self):
        super().__init__(SIDE)

    def train(self, picture):
        return self.evaluate(picture)


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
        products=160, photos=6, image_size=SIDE, val_fraction=0.3, test_fraction=0.05, cache_dir=folder
    ).read()


@pytest.fixture(scope="session")
def pairs(store, tmp_path_factory):
    """A table in which the first photo of a product is the query and the others are what belongs to it."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.csv"
    photos = store.table[store.table["split"] == "train"].groupby("product")["item"].apply(list)
    rows = [f"{first},{other}" for first, *others in photos for other in others]
    path.write_text("\n".join(["query,positive", *rows]) + "\n")
    return path


def val_map(store, pairs: Path, loss: str, sampler: str | None, seed: int = 0) -> float:
    """Of the network before training (no sampler), or after."""
    dealer = entry("sampler", sampler or "random")
    positives = PairPositives(str(pairs)) if loss in IN_PAIRS else LabelPositives()
    data = VisualSearchData(store, AsTheyAre(), positives, dealer, seed=seed, eval_batch_size=256)
    torch.manual_seed(seed)
    module = VisualSearchModule(
        SmallNet(normalize=loss != "npair"),
        entry("loss", loss),
        functools.partial(torch.optim.AdamW, lr=LR),
        finetune=FineTune(loss_lr_factor=LOSS_LR),
        seed=seed,
    )
    module.set_up(data.examples.labels)
    evaluation = RankingEvaluation(RankingMetrics(["map"]))
    callbacks = [evaluation]
    if isinstance(dealer, LearningSampler):
        callbacks.append(ClassMeans(dealer, data.examples.labels[:, 0]))
    trainer = L.Trainer(
        max_epochs=EPOCHS[loss],
        check_val_every_n_epoch=EPOCHS[loss],
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


@pytest.fixture(scope="session")
def untrained(store, pairs) -> float:
    return val_map(store, pairs, "infonce", None)  # the network is the same for every loss


@pytest.mark.parametrize(
    ("loss", "sampler"),
    [
        pytest.param(*pair, marks=() if pair in QUICK else pytest.mark.slow, id="-".join(pair))
        for pair in PAIRS
    ],
)
def test_training_beats_the_untrained_network(store, pairs, untrained, loss, sampler):
    if loss == "pml":
        pytest.importorskip("pytorch_metric_learning", reason="pml is an optional extra")
    assert val_map(store, pairs, loss, sampler) > untrained + MARGIN


def test_the_quick_suite_has_every_loss_and_every_sampler():
    assert {loss for loss, _ in QUICK} == set(LOSSES)
    assert {sampler for _, sampler in QUICK} == set(SAMPLERS)
    assert set(PAIRS) >= QUICK


def test_pairs_that_make_no_sense_are_of_entries_that_there_are():
    assert all(loss in LOSSES and sampler in SAMPLERS for loss, sampler in NO_SENSE)
