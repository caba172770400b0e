"""Splits that are disjoint by label: search is measured on labels that training never saw.

This is the protocol of deep metric learning since Oh Song et al. 2016 (arXiv 1511.06452): whole classes are
held out, not pictures of classes that are trained on.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from vsr.data.catalogue.catalogue import SPLITS
from vsr.errors import ConfigError, DataError

LEAST = 2  # labels a split: with one, every picture is right for every query


def split_by_label(labels: Sequence[str], fractions: Sequence[float], seed: int = 0) -> np.ndarray:
    """Split (N,) of each picture, as text, such that no label stands in two splits.

    Labels are put in an order that depends on their names and on ``seed`` alone, so neither the order of the
    pictures nor the machine matters. Labels of several pictures and labels of one are dealt out separately:
    only the first can be found again, and every split gets its share of them.

    Args:
        labels: finest label (N,) of each picture.
        fractions: shares of the labels for train, val and test, together 1. A share of 0 leaves a split
            empty.
        seed: another seed gives another split.

    Raises:
        ConfigError: ``fractions`` are not three shares of a whole with something for train.
        DataError: fewer labels of at least two pictures than two for each split.
    """
    check_fractions(fractions)
    names, codes, counts = np.unique(np.asarray(labels, dtype=str), return_inverse=True, return_counts=True)
    order = np.array(sorted(range(len(names)), key=lambda one: _digest(seed, names[one])), dtype=np.int64)
    repeated, single = order[counts[order] > 1], order[counts[order] == 1]
    of_label = np.empty(len(names), dtype=f"U{max(map(len, SPLITS))}")
    for group, least in ((repeated, LEAST), (single, 0)):
        sizes = _sizes(len(group), fractions, least)
        of_label[group] = np.repeat(SPLITS, sizes)
    return of_label[codes]


def carve(labels: Sequence[str], split: np.ndarray, fractions: Sequence[float], seed: int = 0) -> np.ndarray:
    """Give a split that is missing from ``split`` (N,) labels taken out of train; the others stay.

    Args:
        labels: finest label (N,) of each picture.
        split: train, val or test (N,), with some train; val or test or both are absent.
        fractions: shares for train, val and test; those of the missing splits decide how much train gives.
        seed: another seed takes other labels.

    Raises:
        ConfigError: as `split_by_label`.
        DataError: as `split_by_label`.
    """
    check_fractions(fractions)
    shares = [
        share if name == "train" or name not in split else 0.0
        for name, share in zip(SPLITS, fractions, strict=True)
    ]
    train = np.flatnonzero(split == "train")
    carved = np.array(split, dtype=f"U{max(map(len, SPLITS))}")
    whole = sum(shares)
    carved[train] = split_by_label([labels[int(row)] for row in train], [one / whole for one in shares], seed)
    return carved


def hold_out_fold(
    labels: ArrayLike, split: ArrayLike, folds: int, fold: int, seed: int | None = None
) -> np.ndarray:
    """Split (N,) in which val is one of ``folds`` parts of the labels of train and val; test stays.

    This is the cross-validation of "A Metric Learning Reality Check" (arXiv 2003.08505, section 4.2): by
    whole labels, in consecutive parts of their order, so that nothing is chosen on the test set.

    Args:
        labels: finest label (N,) of each picture.
        split: train, val or test (N,).
        folds: parts, >= 2; sizes differ by at most one label.
        fold: the part that is val, 0..folds - 1.
        seed: of an order of the labels that depends on it and on their names alone; None: their first
            appearance, which is a benchmark's own order.

    Raises:
        ConfigError: ``folds`` < 2 or ``fold`` outside 0..folds - 1.
        DataError: fewer labels than two a part.
    """
    if not isinstance(folds, int) or folds < 2:
        raise ConfigError(f"data.folds must be a whole number >= 2, got {folds}")
    if not isinstance(fold, int) or not 0 <= fold < folds:
        raise ConfigError(f"data.fold must be in 0..{folds - 1} as data.folds is {folds}, got {fold}")
    names, split = np.asarray(labels, dtype=str), np.asarray(split, dtype=str)
    known = split != "test"
    order = list(dict.fromkeys(names[known].tolist()))
    if seed is not None:
        order.sort(key=lambda name: _digest(seed, name))
    if len(order) < LEAST * folds:
        raise DataError(
            f"{len(order)} labels outside test cannot be cut into {folds} folds of at least {LEAST}; lower "
            "data.folds"
        )
    held_out = np.array_split(np.array(order), folds)[fold]
    made = split.astype(f"U{max(map(len, SPLITS))}")
    made[known] = np.where(np.isin(names[known], held_out), "val", "train")
    return made


def is_disjoint(labels: Sequence[str], split: np.ndarray) -> bool:
    """Whether no label (N,) that train has stands in val or test."""
    names, split = np.asarray(labels, dtype=str), np.asarray(split, dtype=str)
    return not np.isin(names[split != "train"], names[split == "train"]).any()


def check_fractions(fractions: Sequence[float]) -> None:
    """Raise ConfigError unless ``fractions`` are three shares of a whole, the first above 0."""
    right = len(fractions) == len(SPLITS) and all(one >= 0 for one in fractions) and fractions[0] > 0
    if not right or abs(sum(fractions) - 1) > 1e-6:
        raise ConfigError(
            f"data.splits must be shares of train, val and test that sum to 1, the first > 0, got "
            f"{list(fractions)}"
        )


def _sizes(n_labels: int, fractions: Sequence[float], least: int) -> list[int]:
    """How many of ``n_labels`` go to each split: shares, rounded, at least ``least`` where wanted."""
    wanted = [share > 0 for share in fractions]
    if n_labels < least * sum(wanted):
        raise DataError(
            f"{n_labels} labels with two pictures or more cannot be split into {sum(wanted)} disjoint sets "
            f"of at least {least}; add labels, give a split column or train, val and test folders, or lower "
            f"data.splits"
        )
    sizes = np.diff(np.rint(np.cumsum([0.0, *fractions]) * n_labels).astype(int))
    for index in np.flatnonzero(wanted):
        while sizes[index] < least:  # the largest split can spare one
            sizes[int(np.argmax(sizes))] -= 1
            sizes[index] += 1
    return sizes.tolist()


def _digest(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=16).digest()
