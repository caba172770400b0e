"""The torchmetrics collection: batches, repeats, synchronization, pickling."""

import pickle

import pytest
import torch
from torch import multiprocessing

from vsr.metrics.collection import RankingCollection
from vsr.metrics.judged import Judged
from vsr.metrics.ranking import RankingMetrics

NAMES = ["mrr", "map@3", "ndcg"]
GAINS = torch.tensor([[1.0, 0, 2], [0, 0, 1], [0, 0, 0], [0, 2, 0], [1, 1, 0]])
IDEAL = GAINS.sort(dim=1, descending=True).values
N_RELEVANT = (GAINS >= 1).sum(dim=1)


def expected():
    values = RankingMetrics(NAMES)(Judged.from_gains(GAINS, N_RELEVANT, IDEAL))
    return {name: value.nanmean().item() for name, value in values.items()}


def fed(*batches):
    collection = RankingCollection(NAMES)
    for rows in batches:
        rows = torch.tensor(rows)
        collection.update(rows + 2**33, GAINS[rows], N_RELEVANT[rows], IDEAL[rows])
    return collection


def numbers(collection):
    return {name: value.item() for name, value in collection.compute().items()}


def test_batches_give_the_mean_over_answerable_queries():
    assert numbers(fed([0, 1], [2, 3, 4])) == pytest.approx(expected())


def test_a_query_that_a_sampler_repeats_counts_once():
    assert numbers(fed([0, 1, 2], [3, 4, 0])) == pytest.approx(expected())


@pytest.mark.filterwarnings("ignore:The ``compute`` method")  # a loaded state was fed elsewhere
def test_it_survives_pickling_and_a_state_dict_in_the_middle():
    half = pickle.loads(pickle.dumps(fed([0, 1])))
    half.update(torch.tensor([2, 3, 4]), GAINS[2:], N_RELEVANT[2:], IDEAL[2:])
    assert numbers(half) == pytest.approx(expected())
    again = RankingCollection(NAMES)
    again.load_state_dict(fed([0, 1, 2, 3, 4]).state_dict())
    assert numbers(again) == pytest.approx(expected())


def test_reset_forgets():
    collection = fed([1])
    collection.reset()
    collection.update(torch.arange(5), GAINS, N_RELEVANT, IDEAL)
    assert numbers(collection) == pytest.approx(expected())


def _rank(rank, folder):
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    numbers_ = numbers(fed([0, 2, 4]) if rank == 0 else fed([1, 3, 0]))  # uneven, padded with a repeat
    torch.save(numbers_, f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_with_a_padded_sampler_give_the_numbers_of_one(tmp_path):
    multiprocessing.spawn(_rank, args=(str(tmp_path),), nprocs=2)
    for rank in range(2):
        assert torch.load(tmp_path / f"{rank}.pt") == pytest.approx(expected())
