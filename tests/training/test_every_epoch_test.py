"""The test split measured after every epoch, for callbacks that monitor it."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from vsr.data import Batch
from vsr.data.catalogue import Catalogue
from vsr.metrics import RankingMetrics
from vsr.training import EveryEpochTest, RankingEvaluation
from vsr.training.checkpoints import chosen_on, looks_at_test

VECTORS = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])


def stage(fn="fit", sanity_checking=False):
    """A trainer whose test split is four pictures of two products, and a module that embeds them."""
    table = pd.DataFrame(
        {"item": list("abcd"), "image": range(4), "product": list("xxyy"), "split": "test", "role": "both"}
    )
    catalogue = Catalogue(table, ("product",), "four/v1", pixels=np.zeros((4, 2, 2, 3), dtype=np.uint8))
    none = torch.zeros(0, dtype=torch.long)
    batches = [
        Batch(torch.zeros(2, 1, 3, 2, 2), none, torch.tensor(rows)[:, None], none)
        for rows in ([0, 1], [2, 3])
    ]
    trainer = SimpleNamespace(
        is_global_zero=True,
        datamodule=SimpleNamespace(catalogue=catalogue, test_dataloader=lambda: batches),
        sanity_checking=sanity_checking,
        world_size=1,
        callbacks=[],
        state=SimpleNamespace(fn=fn),
        precision_plugin=SimpleNamespace(test_step_context=nullcontext),
    )
    logged = {}
    module = SimpleNamespace(
        trainer=trainer,
        device="cpu",
        log_dict=lambda values, logger: logged.update(values),
        transfer_batch_to_device=lambda batch, device, number: batch,
        test_step=lambda batch, number: VECTORS[batch.rows[:, 0]],
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
