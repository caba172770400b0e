import math
import time

import pytest
import torch

from vsr.data.samplers.balanced import BalancedBatches
from vsr.data.samplers.hard_class import HardClassBatches
from vsr.data.samplers.sampler import LearningSampler

N_LABELS = 24


def circle(n: int) -> torch.Tensor:
    """(n, 2): means spread evenly over a circle, in the order of their labels."""
    angle = torch.arange(n) * (2 * math.pi / n)
    return torch.stack([angle.cos(), angle.sin()], dim=1)


def labels_of(*counts) -> torch.Tensor:
    return torch.tensor([[label] for label, count in enumerate(counts) for _ in range(count)])


def deal(sampler, labels, seed=0):
    return sampler.batches(labels, torch.Generator().manual_seed(seed))


def learned(batch_size=12, per_label=2, neighborhoods=1, n_labels=N_LABELS) -> HardClassBatches:
    sampler = HardClassBatches(batch_size, per_label, neighborhoods)
    shuffled = torch.randperm(n_labels, generator=torch.Generator().manual_seed(1))
    sampler.learn(shuffled, 3 * circle(n_labels)[shuffled])
    return sampler


def cosine(batch, labels) -> float:
    """Mean cosine between the means of a batch's labels."""
    present = labels[batch, 0].unique()
    means = circle(N_LABELS)[present]
    return float((means @ means.T).fill_diagonal_(0).sum() / (len(present) * (len(present) - 1)))


LABELS = labels_of(*[8] * N_LABELS)


def test_the_first_epoch_is_balanced():
    assert deal(HardClassBatches(12, 2), LABELS) == deal(BalancedBatches(12, 2), LABELS)


def test_labels_of_a_batch_are_near_each_other():
    hard = [cosine(batch, LABELS) for batch in deal(learned(), LABELS)]
    plain = [cosine(batch, LABELS) for batch in deal(BalancedBatches(12, 2), LABELS)]
    assert sum(hard) / len(hard) > 0.6
    assert sum(plain) / len(plain) < 0.1


def test_the_first_batch_filled_holds_a_label_and_its_nearest():
    labels = labels_of(*[2] * N_LABELS)
    best = max(deal(learned(), labels), key=lambda batch: cosine(batch, labels))
    found = labels[best, 0].unique()
    gaps = (found.roll(-1) - found) % N_LABELS
    assert sorted(gaps.tolist()) == [1, 1, 1, 1, 1, N_LABELS - 5]  # neighbors on the circle


def test_all_groups_of_even_labels_are_used():
    used = sorted(index for batch in deal(learned(), LABELS) for index in batch)
    assert used == list(range(len(LABELS)))


@pytest.mark.parametrize("counts", [[30, *[4] * 11], [2, 3, 40, 40, 2, 2, 2], [7] * 13])
def test_uneven_labels_make_as_many_and_as_large_batches_as_balanced(counts):
    labels = labels_of(*counts)
    hard, plain = deal(learned(12, 2), labels), deal(BalancedBatches(12, 2), labels)
    assert sorted(map(len, hard)) == sorted(map(len, plain))


def test_two_neighborhoods_lie_apart():
    apart = [cosine(batch, LABELS) for batch in deal(learned(neighborhoods=2), LABELS)]
    together = [cosine(batch, LABELS) for batch in deal(learned(), LABELS)]
    assert sum(apart) < 0.7 * sum(together)


def test_labels_never_told_of_still_take_part():
    sampler = HardClassBatches(12, 2)
    sampler.learn(torch.tensor([3, 5]), torch.eye(2))
    used = {index for batch in deal(sampler, LABELS) for index in batch}
    assert len(used) == len(LABELS)


def test_epochs_differ():
    assert deal(learned(), LABELS, 0) != deal(learned(), LABELS, 1)


def test_a_thousand_labels_take_no_time():
    labels = labels_of(*[8] * 1000)
    sampler = HardClassBatches(32, 4)
    sampler.learn(torch.arange(1000), torch.randn(1000, 128))
    began = time.process_time()
    deal(sampler, labels)
    assert time.process_time() - began < 5


def test_it_is_told_apart_from_samplers_that_learn_nothing():
    assert isinstance(HardClassBatches(8, 2), LearningSampler)
    assert not isinstance(BalancedBatches(8, 2), LearningSampler)


def test_more_neighborhoods_than_labels_are_refused():
    with pytest.raises(ValueError, match=r"neighborhoods must be in 1\.\.4 .* got 5"):
        HardClassBatches(8, 2, 5)
