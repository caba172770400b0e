"""The test split measured after every epoch, for callbacks that monitor it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.loading.dataset import Batch
from vsr.metrics.ranking import RankingMetrics
from vsr.training.checkpoints import chosen_on, looks_at_test
from vsr.training.evaluate_test_every_epoch import EveryEpochTest
from vsr.training.evaluation_callback import RankingEvaluation

VECTORS = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])


class Vectors(nn.Module):
    """Pictures whose pixels all say the row, to its vector."""

    def forward(self, images):
        return VECTORS[images[:, 0, 0, 0]]


def stage(fn="fit", sanity_checking=False):
    """A trainer whose test split is four pictures of two products, and a module that embeds them."""
    table = pd.DataFrame(
        {"item": list("abcd"), "image": range(4), "product": list("xxyy"), "split": "test", "role": "both"}
    )
    catalogue = Catalogue(table, ("product",), "four/v1", pixels=np.zeros((4, 2, 2, 3), dtype=np.uint8))
    none = torch.zeros(0, dtype=torch.long)
    rows = torch.arange(4)[:, None]
    images = rows[:, :, None, None, None].expand(4, 1, 3, 2, 2)
    batches = [Batch(images[at], none, rows[at], none) for at in (slice(2), slice(2, 4))]
    trainer = SimpleNamespace(
        is_global_zero=True,
        datamodule=SimpleNamespace(catalogue=catalogue, test_dataloader=lambda: batches),
        sanity_checking=sanity_checking,
        world_size=1,
        callbacks=[],
        state=SimpleNamespace(fn=fn),
    )
    logged = {}
    module = SimpleNamespace(
        trainer=trainer,
        device="cpu",
        log_dict=lambda values, logger: logged.update(values),
        model=Vectors(),
        precision="32-true",
    )
    return trainer, module, logged


def test_it_logs_test_beside_val_and_leaves_the_validation_as_it_was():
    evaluation = RankingEvaluation(RankingMetrics(["map"]))
    seen = evaluation._seen
    trainer, module, logged = stage()
    EveryEpochTest(evaluation).on_validation_epoch_end(trainer, module)
    assert logged == {"test/map": 1.0}
    assert evaluation.latest is None
    assert evaluation._seen is seen


@pytest.mark.parametrize("options", [{"fn": "validate"}, {"sanity_checking": True}])
def test_it_does_nothing_outside_the_epochs_of_a_fit(options):
    trainer, module, logged = stage(**options)
    EveryEpochTest(RankingEvaluation(RankingMetrics(["map"]))).on_validation_epoch_end(trainer, module)
    assert logged == {}


BEST = {"_target_": "vsr.training.BestCheckpoint", "monitor": "val/map"}


@pytest.mark.parametrize(
    ("callbacks", "file", "split"),
    [
        ({"best": BEST}, "best.ckpt", "val"),
        ({"best": BEST | {"monitor": "test/map"}}, "best.ckpt", "test"),
        ({"best": BEST | {"monitor": "test/map"}}, "renamed.ckpt", "test"),
        ({"best": BEST | {"monitor": "test/map"}}, "last.ckpt", None),
        ({"best": BEST, "early_stopping": {"monitor": "test/map"}}, "last.ckpt", "test"),
        ({"best": BEST, "early_stopping": {"monitor": "test/map"}}, "best.ckpt", "test"),
        ({"last": {"_target_": "vsr.training.LastCheckpoint"}, "best": None}, "last.ckpt", None),
        ({}, None, None),
    ],
)
def test_the_split_on_which_a_checkpoint_was_chosen(tmp_path, callbacks, file, split):
    assert chosen_on({"callbacks": callbacks}, tmp_path / file if file else None) == split


def test_a_run_looks_at_test_when_any_callback_monitors_it():
    assert not looks_at_test({"callbacks": {"best": BEST}})
    assert looks_at_test({"callbacks": {"best": BEST, "early_stopping": {"monitor": "test/ndcg@10"}}})
    assert not looks_at_test({})
