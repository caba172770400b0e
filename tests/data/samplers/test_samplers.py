"""What every sampler promises."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vsr.data.loading.epochs import EpochBatches
from vsr.data.loading.positives import Examples
from vsr.data.samplers.balanced import BalancedBatches
from vsr.data.samplers.category_balanced import CategoryBalancedBatches
from vsr.data.samplers.hard_class import HardClassBatches
from vsr.data.samplers.random import RandomBatches
from vsr.data.samplers.sampler import share_with_positive


def labels_of(*counts, categories=3) -> torch.Tensor:
    """(E, 2): counts[l] examples of label l and category l % categories, shuffled."""
    labels = torch.tensor([label for label, count in enumerate(counts) for _ in range(count)])
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(9))
    return torch.stack([labels[order], labels[order] % categories], dim=1)


def deal(sampler, labels, seed=0):
    return sampler.batches(labels, torch.Generator().manual_seed(seed))


def learned(batch_size, per_label, neighborhoods, seed=0) -> HardClassBatches:
    """A sampler that was told of half the labels."""
    sampler = HardClassBatches(batch_size, per_label, neighborhoods)
    sampler.learn(torch.arange(0, 40, 2), torch.randn(20, 3, generator=torch.Generator().manual_seed(seed)))
    return sampler


counts = st.lists(st.integers(1, 30), min_size=4, max_size=40)
pk = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4))
samplers = st.one_of(
    st.integers(2, 20).map(RandomBatches),
    st.tuples(st.integers(2, 8), st.integers(1, 5)).map(lambda n: BalancedBatches(n[0] * n[1], n[1])),
    pk.map(lambda n: CategoryBalancedBatches(n[0] * n[1] * max(2, n[2]), n[1], n[0])),
    pk.map(lambda n: learned(n[0] * n[1] * max(2, n[2]), n[1], n[0])),
    st.just(HardClassBatches(12, 3)),
)


@settings(deadline=None)  # the machine may be busy
@given(counts, samplers, st.integers(0, 3))
def test_no_example_comes_twice_and_no_batch_is_empty_or_too_large(counts, sampler, seed):
    batches = deal(sampler, labels_of(*counts), seed)
    dealt = [index for batch in batches for index in batch]
    assert batches
    assert len(set(dealt)) == len(dealt)
    assert all(0 < len(batch) <= sampler.batch_size for batch in batches)


@settings(deadline=None)  # the machine may be busy
@given(counts, samplers)
def test_the_number_of_batches_does_not_depend_on_the_draw(counts, sampler):
    labels = labels_of(*counts)
    assert len({len(deal(sampler, labels, seed)) for seed in range(5)}) == 1


@settings(deadline=None)  # the machine may be busy
@given(counts, samplers)
def test_a_label_gives_a_batch_k_examples_or_all_it_has(counts, sampler):
    if isinstance(sampler, RandomBatches):
        return
    labels = labels_of(*counts)
    for batch in deal(sampler, labels):
        found = Counter(labels[batch, 0].tolist())
        assert len(found) >= 2
        for label, count in found.items():
            assert count == min(sampler.per_label, counts[label])


EVERY = [
    RandomBatches(8),
    BalancedBatches(8, 2),
    CategoryBalancedBatches(8, 2, 2),
    HardClassBatches(8, 2),
    learned(8, 2, 1),
]


@pytest.mark.parametrize("sampler", EVERY)
def test_the_generator_alone_decides(sampler):
    labels = labels_of(*[6] * 8)
    first = deal(sampler, labels, 1)
    torch.rand(5)
    assert deal(sampler, labels, 1) == first
    assert deal(sampler, labels, 2) != first
    state = torch.get_rng_state()
    deal(sampler, labels, 1)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("sampler", EVERY)
def test_ranks_get_different_batches_and_equally_many(sampler):
    labels = labels_of(*[5, 6, 7] * 6)
    examples = Examples(torch.arange(len(labels))[:, None], labels)
    for epoch in range(2):
        parts = []
        for rank in range(2):
            batches = EpochBatches(sampler, examples, 0, rank, 2)
            batches.set_epoch(epoch)
            parts.append([index for batch in batches for index, _ in batch])
            assert len(batches) == len(list(batches))
        assert len(set(parts[0]) | set(parts[1])) == len(parts[0]) + len(parts[1])


def test_the_share_with_a_positive_counts_examples():
    labels = torch.tensor([[0], [0], [1], [2], [2], [2]])
    assert share_with_positive([[0, 1, 2], [3, 4, 5]], labels) == pytest.approx(5 / 6)
    assert share_with_positive([], labels) == 0
