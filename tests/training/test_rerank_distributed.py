"""Two processes measure what one does, with rerankers that learn from the training split: gloo, CPU."""

import os
import socket

import lightning as L
import numpy as np
import pandas as pd
import pytest
import torch
import torch.multiprocessing as mp
from torch import nn

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.loading.datamodule import VisualSearchData
from vsr.data.loading.positives import LabelPositives
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.samplers.balanced import BalancedBatches
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.rerankers.learned_whitening import LearnedWhitening
from vsr.retrieval.rerankers.pairwise import Pairwise
from vsr.retrieval.rerankers.whitening import Whitening
from vsr.training.evaluation_callback import RankingEvaluation
from vsr.training.module import VisualSearchModule

CHAINS = {
    "whitening": lambda: [Whitening(dims=6)],
    "learned_whitening": lambda: [LearnedWhitening(dims=6)],
    "pairwise": lambda: [Pairwise(n=20, steps=30, near=5)],
    "a chain": lambda: [LearnedWhitening(), Pairwise(n=20, steps=30, near=5)],
}
COUNTS = {"many": (45, 37), "a rank without pictures": (45, 1)}  # pictures of train, and queries of test


class Net(nn.Module):
    """Pictures (B, 3, 8, 8) to embeddings (B, 8), in float64: batches leave no trace."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(192, 8).double()

    def forward(self, images):
        return self.linear(images.double().flatten(1) / 255)


def catalogue_of(n_train, n_queries):
    """Pictures of 9 products that look alike; an odd number of them, and a gallery of 14."""
    n = n_train + n_queries + 14
    labels = np.arange(n) % 9
    random = np.random.default_rng(0)
    colors = random.integers(40, 215, (9, 1, 1, 3))
    pixels = (colors[labels] + random.normal(0, 40, (n, 8, 8, 3))).clip(0, 255).astype(np.uint8)
    splits = ["train"] * n_train + ["test"] * (n - n_train)
    roles = ["both"] * n_train + ["query"] * n_queries + ["gallery"] * 14
    columns = {"product": labels, "split": splits, "role": roles, "image": np.arange(n)}
    table = pd.DataFrame({"item": [f"p{row}" for row in range(n)], **columns})
    return Catalogue(table, ("product",), "alike/v1", pixels=pixels)


def measured(chain, counts, devices):
    """Means of each stage by name, what was logged, and the neighbors of the last stage."""
    torch.manual_seed(0)
    module = VisualSearchModule(Net(), nn.Identity())
    evaluation = RankingEvaluation(RankingMetrics(["map", "hit_rate@1"]), None, CHAINS[chain]())
    data = VisualSearchData(
        catalogue_of(*COUNTS[counts]),
        PictureTransforms(size=8),
        LabelPositives(),
        BalancedBatches(4, 2),
        eval_batch_size=4,
    )
    trainer = L.Trainer(
        accelerator="cpu",
        devices=devices,
        strategy="ddp" if devices > 1 else "auto",
        precision="64-true",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        callbacks=[evaluation],
    )
    (logged,) = trainer.test(module, datamodule=data, verbose=False)
    stages = {stage.name: stage.evaluation.means for stage in evaluation.latest.stages}
    return stages, logged, evaluation.latest.served.evaluation.neighbors.ids.tolist()


CASES = [*((chain, "many") for chain in CHAINS), ("whitening", "a rank without pictures")]


def in_process(rank, port, folder):
    """One of two processes, as a launcher starts them."""
    os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(port), LOCAL_RANK=str(rank), WORLD_SIZE="2")
    torch.set_num_threads(1)
    torch.save({case: measured(*case, devices=2) for case in CASES}, folder / f"{rank}.pt")


@pytest.fixture(scope="module")
def of_two_processes(tmp_path_factory):
    """What each of two processes measured, by case."""
    folder = tmp_path_factory.mktemp("two")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    mp.spawn(in_process, (port, folder), nprocs=2)
    return [torch.load(folder / f"{rank}.pt") for rank in (0, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=", ".join)
def test_every_rank_measures_what_one_process_does(of_two_processes, case):
    stages, logged, ids = measured(*case, devices=1)
    assert len(stages) == 1 + len(CHAINS[case[0]]())
    for there in of_two_processes:
        their_stages, their_logged, their_ids = there[case]
        assert their_stages == {name: pytest.approx(means, abs=1e-9) for name, means in stages.items()}
        assert their_logged == pytest.approx(logged, abs=1e-6)
        assert their_ids == ids
