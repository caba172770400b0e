from collections import Counter, defaultdict

import pytest
import torch

from vsr.data.samplers.category_balanced import CategoryBalancedBatches
from vsr.errors import ConfigError


def labels_of(**categories) -> torch.Tensor:
    """(E, 2): for each category the numbers of examples of its labels."""
    rows, label = [], 0
    for category, counts in enumerate(categories.values()):
        for count in counts:
            rows += [(label, category)] * count
            label += 1
    return torch.tensor(rows)[torch.randperm(len(rows), generator=torch.Generator().manual_seed(3))]


def deal(sampler, labels, seed=0):
    return sampler.batches(labels, torch.Generator().manual_seed(seed))


def labels_by_category(batch, labels) -> dict[int, Counter]:
    found = defaultdict(Counter)
    for label, category in labels[batch].tolist():
        found[category][label] += 1
    return dict(found)


EVEN = labels_of(**{name: [4] * 12 for name in "abcdef"})


@pytest.mark.parametrize(("categories", "each"), [(1, 6), (2, 3), (3, 2), (6, 1)])
def test_a_batch_is_so_many_categories_with_equally_many_labels(categories, each):
    batches = deal(CategoryBalancedBatches(24, 4, categories), EVEN)
    assert len(batches) == 12
    for batch in batches:
        found = labels_by_category(batch, EVEN)
        assert len(found) == categories
        assert all(sorted(labels.values()) == [4] * each for labels in found.values())


def test_every_example_of_even_categories_is_used():
    batches = deal(CategoryBalancedBatches(24, 4, 2), EVEN)
    assert sorted(index for batch in batches for index in batch) == list(range(len(EVEN)))


def test_categories_meet_different_companions():
    pairs = {
        frozenset(labels_by_category(batch, EVEN))
        for epoch in range(40)
        for batch in deal(CategoryBalancedBatches(24, 4, 2), EVEN, epoch)
    }
    assert len(pairs) == 15  # of 6 categories


def test_a_small_category_makes_smaller_bundles_and_is_not_lost():
    labels = labels_of(big=[4] * 12, small=[4, 4], tiny=[4])
    seen = Counter()
    for epoch in range(20):
        for batch in deal(CategoryBalancedBatches(32, 4, 2), labels, epoch):
            found = labels_by_category(batch, labels)
            assert len(found) == 2
            seen.update(found.keys())
    assert seen[1] > 10
    assert seen[2] > 10


def test_with_one_category_a_batch_a_single_label_has_nothing_to_be_compared_with():
    labels = labels_of(big=[4] * 8, single=[8])
    batches = deal(CategoryBalancedBatches(16, 4, 1), labels)
    assert len(batches) == 2
    assert all(set(labels_by_category(batch, labels)) == {0} for batch in batches)


def test_the_level_says_which_labels_are_categories():
    labels = torch.cat([EVEN, EVEN[:, 1:] // 3], dim=1)  # two departments of three categories
    for batch in deal(CategoryBalancedBatches(24, 4, 1, level=2), labels):
        assert len(labels[batch, 2].unique()) == 1
        assert len(labels[batch, 0].unique()) == 6


def test_labels_of_one_level_are_refused_with_the_mend():
    with pytest.raises(ConfigError, match=r"sampler\.level=1 needs labels of 2 levels.*sampler=balanced"):
        deal(CategoryBalancedBatches(16, 4, 2), EVEN[:, :1])


def test_a_single_category_is_refused_with_the_mend():
    with pytest.raises(ConfigError, match=r"categories=2 needs .* have 1; use sampler\.categories=1"):
        deal(CategoryBalancedBatches(16, 4, 2), labels_of(only=[4] * 8))


def test_categories_of_single_labels_are_refused_with_the_mend():
    with pytest.raises(ConfigError, match=r"every one has a single label; use sampler\.categories=2"):
        deal(CategoryBalancedBatches(16, 4, 1), labels_of(a=[4], b=[4]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CategoryBalancedBatches(16, 4, 0), "categories must be >= 1, got 0"),
        (lambda: CategoryBalancedBatches(16, 4, 2, level=0), "level must be >= 1"),
        (lambda: CategoryBalancedBatches(20, 4, 2), "per_label × categories = 8, got 20; use 16"),
        (lambda: CategoryBalancedBatches(4, 4, 1), "two labels or more"),
    ],
)
def test_a_batch_that_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
