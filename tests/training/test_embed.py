"""The training split, embedded within an evaluation for rerankers that learn from it."""

import lightning as L
import numpy as np
import pytest
import torch
from torch import nn

from vsr.data.loading.datamodule import VisualSearchData
from vsr.data.loading.positives import LabelPositives
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.samplers.balanced import BalancedBatches
from vsr.errors import DataError
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.rerankers.pairwise import Pairwise
from vsr.retrieval.rerankers.whitening import Whitening
from vsr.training.embed import train_split
from vsr.training.evaluation_callback import RankingEvaluation
from vsr.training.module import VisualSearchModule

SPLITS = {
    "train": {"a": 5, "b": 4, "c": 6},
    "val": {"d": 3, "e": 4},
    "test": {"f": 2, "g": 3},
}


class Network(nn.Module):
    """A linear map of the pixels, with dropout that would show if the mode were that of training."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3 * 8 * 8, 6)
        self.dropout = nn.Dropout(0.5)

    def forward(self, images):
        return self.dropout(self.linear(images.float().flatten(1) / 255))


class Asks(L.Callback):
    """Embeds the training split where the evaluation does."""

    def on_validation_epoch_end(self, trainer, pl_module):
        self.embeddings, self.rows = train_split(pl_module, trainer.datamodule)


def data_of(catalogue):
    return VisualSearchData(
        catalogue, PictureTransforms(size=8), LabelPositives(), BalancedBatches(4, 2), eval_batch_size=4
    )


def validate(module, data, *callbacks):
    trainer = L.Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        callbacks=list(callbacks),
    )
    return trainer.validate(module, datamodule=data, verbose=False)[0]


@pytest.fixture
def module():
    torch.manual_seed(0)
    return VisualSearchModule(Network(), nn.Identity())


def test_every_training_picture_is_embedded_once_as_the_evaluation_would(make_catalogue, module):
    catalogue, asks = make_catalogue(**SPLITS), Asks()
    data = data_of(catalogue)
    validate(module, data, asks)
    assert asks.rows.tolist() == catalogue.rows("train").tolist()
    by_hand = torch.cat([module.model.eval()(b.images[:, 0]) for b in data.loader(asks.rows)])
    torch.testing.assert_close(asks.embeddings.clone(), by_hand.detach())


def test_nothing_is_drawn_from_the_global_generator(make_catalogue, module):
    state = torch.get_rng_state()
    validate(module, data_of(make_catalogue(**SPLITS)), Asks())
    assert torch.equal(torch.get_rng_state(), state)


def test_rerankers_learn_within_an_evaluation(make_catalogue, module):
    whitening, pairwise = Whitening(dims=4), Pairwise(steps=3, near=3)
    evaluation = RankingEvaluation(RankingMetrics(["map"]), None, [whitening, pairwise])
    logged = validate(module, data_of(make_catalogue(**SPLITS)), evaluation)
    assert np.isfinite(logged["val/whitening+pairwise/map"])
    assert whitening.projection_.shape == (6, 4)
    assert pairwise.network_.first.in_features == 2 * 4 + 1


def test_a_catalogue_without_training_pictures_says_so(make_catalogue, module):
    data = data_of(make_catalogue(val=SPLITS["val"]))
    with pytest.raises(DataError, match="learns from split train, which has no picture"):
        validate(module, data, Asks())
