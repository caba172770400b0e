from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vsr.data.samplers.balanced import BalancedBatches
from vsr.data.samplers.random import RandomBatches


def labels_of(*counts) -> torch.Tensor:
    """(E, 1): counts[l] examples of label l, shuffled."""
    labels = torch.tensor([label for label, count in enumerate(counts) for _ in range(count)])
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(9))
    return labels[order][:, None]


def deal(sampler, labels, seed=0):
    return sampler.batches(labels, torch.Generator().manual_seed(seed))


def composition(batch, labels) -> Counter:
    return Counter(labels[batch, 0].tolist())


counts = st.lists(st.integers(1, 30), min_size=2, max_size=40)
shapes = st.tuples(st.integers(2, 8), st.integers(1, 5)).map(lambda pk: BalancedBatches(pk[0] * pk[1], pk[1]))


@given(counts, shapes)
def test_a_label_gives_a_batch_k_examples_or_all_it_has(counts, sampler):
    labels = labels_of(*counts)
    most = min(sampler.batch_size // sampler.per_label, len(counts))
    for batch in deal(sampler, labels):
        found = composition(batch, labels)
        assert max(2, most / 2) <= len(found) <= most
        for label, count in found.items():
            assert count == min(sampler.per_label, counts[label])


def test_even_labels_make_whole_p_times_k_batches():
    labels = labels_of(*[12] * 10)
    batches = deal(BalancedBatches(20, per_label=4), labels)
    assert len(batches) == 6
    assert all(sorted(composition(batch, labels).values()) == [4] * 5 for batch in batches)


def test_every_example_of_a_large_label_is_used_over_epochs():
    labels = labels_of(200, *[10] * 9)
    seen = {
        index
        for epoch in range(200)
        for batch in deal(BalancedBatches(20, 4), labels, epoch)
        for index in batch
    }
    assert len(seen) == len(labels)


def test_labels_meet_different_companions_each_epoch():
    labels = labels_of(*[4] * 40)
    sampler = BalancedBatches(16, 4)
    companions = {
        frozenset(composition(batch, labels)) for epoch in range(10) for batch in deal(sampler, labels, epoch)
    }
    assert len(companions) > 90  # 100 batches, hardly one set of four labels twice


def test_fewer_labels_than_asked_make_smaller_batches():
    labels = labels_of(8, 8, 8)
    batches = deal(BalancedBatches(64, 4), labels)
    assert [sorted(composition(batch, labels).values()) for batch in batches] == [[4, 4, 4]] * 2


def test_one_label_makes_no_batch():
    assert deal(BalancedBatches(8, 4), labels_of(20)) == []


def test_a_rare_label_does_not_shorten_the_epoch():
    batches = deal(BalancedBatches(20, 4), labels_of(100, 100, 100, 100, 4))
    assert sum(map(len, batches)) > 300


def test_a_giant_label_never_fills_batches_alone():
    labels = labels_of(4000, *[4] * 9)
    batches = deal(BalancedBatches(40, 4), labels)
    assert all(len(composition(batch, labels)) >= 5 for batch in batches)


def test_random_batches_leave_out_the_rest_and_another_one_each_time():
    labels = labels_of(*[5] * 5)
    assert [len(batch) for batch in deal(RandomBatches(10), labels)] == [10, 10]
    epochs = [deal(RandomBatches(10), labels, epoch) for epoch in range(10)]
    seen = {index for batches in epochs for batch in batches for index in batch}
    assert len(seen) == 25


def test_fewer_examples_than_a_batch_make_one():
    assert sorted(deal(RandomBatches(100), labels_of(3, 2))[0]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomBatches(1), "batch_size must be >= 2, got 1"),
        (lambda: BalancedBatches(1, 1), "batch_size must be >= 2, got 1"),
        (lambda: BalancedBatches(8, 0), "per_label must be >= 1, got 0"),
        (lambda: BalancedBatches(30, 4), "multiple of per_label=4 .* got 30; use 32"),
        (lambda: BalancedBatches(4, 4), "two labels or more, got 4; use 8"),
    ],
)
def test_a_batch_that_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
