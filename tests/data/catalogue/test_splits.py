import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold

from vsr.data.catalogue.splits import carve, hold_out_fold, is_disjoint, split_by_label
from vsr.errors import ConfigError, DataError

SPLITS = (0.6, 0.15, 0.25)
# Pictures of each label; at least two a split can be found again.
catalogues = st.lists(st.integers(2, 6), min_size=6, max_size=60).flatmap(
    lambda repeated: st.tuples(st.just(repeated), st.integers(0, 20))
)


def labels_of(counts) -> list[str]:
    repeated, n_single = counts
    sizes = [*repeated, *[1] * n_single]
    return [f"label {number}" for number, size in enumerate(sizes) for _ in range(size)]


@given(catalogues, st.integers(0, 5))
def test_no_label_stands_in_two_splits(counts, seed):
    labels = labels_of(counts)
    split = split_by_label(labels, SPLITS, seed)
    parts = [{label for label, one in zip(labels, split, strict=True) if one == name} for name in set(split)]
    assert sum(map(len, parts)) == len(set(labels))
    assert is_disjoint(labels, split)


@given(catalogues, st.integers(0, 5), st.randoms())
def test_the_split_of_a_label_depends_on_names_and_seed_alone(counts, seed, random):
    labels = labels_of(counts)
    split = dict(zip(labels, split_by_label(labels, SPLITS, seed), strict=True))
    shuffled = random.sample(labels, len(labels))
    assert dict(zip(shuffled, split_by_label(shuffled, SPLITS, seed), strict=True)) == split


@given(catalogues)
def test_every_split_has_two_labels_that_can_be_found_again(counts):
    labels = labels_of(counts)
    split = split_by_label(labels, SPLITS)
    for name in ("train", "val", "test"):
        _, sizes = np.unique(np.array(labels)[split == name], return_counts=True)
        assert (sizes >= 2).sum() >= 2


def test_labels_are_shared_out_as_asked():
    labels = labels_of(([3] * 200, 100))
    split = split_by_label(labels, SPLITS)
    of_label = dict(zip(labels, split, strict=True))
    sizes = [list(of_label.values()).count(name) for name in ("train", "val", "test")]
    assert sizes == [180, 45, 75]


def test_another_seed_gives_another_split():
    labels = labels_of(([2] * 30, 0))
    assert (split_by_label(labels, SPLITS, 0) != split_by_label(labels, SPLITS, 1)).any()


def test_the_split_is_the_same_on_every_machine_and_in_every_version():
    split = split_by_label(list("abcdefgh") * 2, SPLITS)[:8].tolist()
    assert split == ["val", "val", "train", "test", "train", "train", "test", "train"]


def test_a_share_of_zero_leaves_a_split_empty():
    split = split_by_label(labels_of(([2] * 10, 5)), (0.7, 0.0, 0.3))
    assert set(split) == {"train", "test"}


def test_too_few_labels_are_counted():
    with pytest.raises(DataError, match="5 labels with two pictures or more cannot be split into 3"):
        split_by_label(labels_of(([4] * 5, 100)), SPLITS)


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0.0, 0.5, 0.5), (0.5, 0.5, 0.5), (1.2, -0.2, 0.0)])
def test_shares_that_are_not_of_a_whole_are_refused(fractions):
    with pytest.raises(ConfigError, match=r"data\.splits must be shares"):
        split_by_label(["a", "b"], fractions)


@given(catalogues, st.integers(0, 5))
def test_a_missing_val_is_made_of_whole_labels_of_train(counts, seed):
    labels = np.array(labels_of(counts))
    given_split = np.where(np.arange(len(labels)) % 3 == 0, "test", "train")
    enough = np.unique(labels[given_split == "train"], return_counts=True)[1]
    if (enough > 1).sum() < 4:
        return
    carved = carve(labels.tolist(), given_split, SPLITS, seed)
    np.testing.assert_array_equal(carved == "test", given_split == "test")
    assert (carved == "val").any()
    assert not set(labels[carved == "val"]) & set(labels[carved == "train"])


def test_shared_labels_are_noticed():
    assert not is_disjoint(["a", "b", "a"], np.array(["train", "train", "test"]))
    assert is_disjoint(["a", "b", "b"], np.array(["train", "val", "test"]))


def folded(labels, split, folds, seed=None):
    return [hold_out_fold(labels, split, folds, fold, seed) for fold in range(folds)]


@given(catalogues, st.integers(2, 3), st.sampled_from([None, 0, 5]))
def test_every_label_outside_test_is_validated_on_in_one_fold(counts, folds, seed):
    labels = np.array(labels_of(counts))
    given_split = np.where(np.arange(len(labels)) % 5 == 0, "val", "train")
    given_split[labels == labels[-1]] = "test"
    if len(set(labels[given_split != "test"])) < 2 * folds:
        return
    made = folded(labels.tolist(), given_split, folds, seed)
    held_out = [set(labels[split == "val"]) for split in made]
    assert sum(map(len, held_out)) == len(set.union(*held_out)) == len(set(labels[given_split != "test"]))
    assert max(map(len, held_out)) - min(map(len, held_out)) <= 1
    for split in made:
        np.testing.assert_array_equal(split == "test", given_split == "test")
        assert not set(labels[split == "val"]) & set(labels[split == "train"])


def test_folds_are_those_of_scikit_learn_over_the_labels_in_their_order():
    labels = np.array([f"label {number}" for number in range(11) for _ in range(3)])
    train = np.full(len(labels), "train")
    order = np.array(list(dict.fromkeys(labels.tolist())))
    for split, (_, held_out) in zip(folded(labels.tolist(), train, 4), KFold(4).split(order), strict=True):
        assert set(labels[split == "val"]) == set(order[held_out])


def test_with_a_seed_folds_depend_on_names_and_not_on_their_order():
    labels = labels_of(([2] * 9, 0))
    backwards = labels[::-1]
    train = np.full(len(labels), "train")
    one, other = (folded(names, train, 3, seed=1)[0] for names in (labels, backwards))
    assert one.tolist() == other[::-1].tolist()
    assert one.tolist() != folded(labels, train, 3, seed=2)[0].tolist()


@pytest.mark.parametrize(
    ("folds", "fold", "told"),
    [
        (1, 0, "data.folds must be a whole number >= 2, got 1"),
        (2.5, 0, "data.folds must be a whole number >= 2, got 2.5"),
        (4, 4, "data.fold must be in 0..3 as data.folds is 4, got 4"),
        (4, -1, "got -1"),
        (4, None, "got None"),
    ],
)
def test_a_fold_that_cannot_be_is_refused(folds, fold, told):
    with pytest.raises(ConfigError, match=told):
        hold_out_fold(["a", "b"] * 9, np.full(18, "train"), folds, fold)


def test_too_few_labels_for_the_folds_are_counted():
    with pytest.raises(DataError, match="7 labels outside test cannot be cut into 4 folds of at least 2"):
        hold_out_fold(list("abcdefg"), np.full(7, "train"), 4, 0)
