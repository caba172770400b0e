"""Batches of P labels out of C categories: negatives of one category are harder."""

import numpy as np
import torch
from torch import Tensor

from vsr.data.samplers.label_groups import check_groups, draw_groups, members, spread
from vsr.errors import ConfigError


class CategoryBalancedBatches:
    """C categories, P / C labels of each, K examples of each label.

    As in `BalancedBatches` every label's examples are cut into groups of K and each group goes to one batch.
    Within a category the groups of P / C different labels make a bundle, and C bundles of different
    categories make a batch. A category with fewer than P / C labels makes smaller bundles; one with so many
    bundles that other categories run out gives batches of fewer categories, at least half of C, or leaves
    bundles out of the epoch, other ones each time. With C = 1 a category of a single label has nothing to
    compare it with and is left out.

    Args:
        batch_size: P × K, examples a batch.
        per_label: K.
        categories: C. The fewer, the harder the negatives.
        level: column of the labels that says the category; 0 is the finest.

    Raises:
        ValueError: ``per_label``, ``categories`` or ``level`` is < 1, or ``batch_size`` is not a multiple of
            ``per_label`` × ``categories`` with two labels or more.
    """

    def __init__(self, batch_size: int, per_label: int = 4, categories: int = 2, level: int = 1) -> None:
        check_groups(batch_size, per_label)
        if categories < 1:
            raise ValueError(f"categories must be >= 1, got {categories}")
        if level < 1:
            raise ValueError(f"level must be >= 1 (0 is the finest label), got {level}")
        each = per_label * categories
        if batch_size % each:
            raise ValueError(
                f"batch_size must be a multiple of per_label × categories = {each}, got {batch_size}; "
                f"use {max(1, round(batch_size / each)) * each}"
            )
        self.batch_size = batch_size
        self.per_label = per_label
        self.categories = categories
        self.level = level

    def batches(self, labels: Tensor, generator: torch.Generator) -> list[list[int]]:
        """Batches for ``labels`` (E, L).

        Raises:
            ConfigError: there is no such level of labels, no two categories where a batch needs them, or no
                two labels in any category where a batch is of one.
        """
        fine, category = labels[:, 0].numpy(), self._category(labels)
        groups = draw_groups(fine, self.per_label, generator)
        bundles = self._bundles(fine[groups[:, 0]], category[groups[:, 0]], generator)
        if not bundles:
            raise ConfigError(
                "sampler.categories=1 needs a category with two labels, but every one has a single label; "
                "use sampler.categories=2 or sampler=balanced"
            )
        shuffled = [bundles[n] for n in torch.randperm(len(bundles), generator=generator).tolist()]
        of_bundle = np.array([category[groups[bundle[0], 0]] for bundle in shuffled], dtype=np.int64)
        dealt = spread(of_bundle, self.categories, generator, fewest=min(2, self.categories))
        return [members(groups[np.concatenate([shuffled[n] for n in batch])]) for batch in dealt]

    def _category(self, labels: Tensor) -> np.ndarray:
        if labels.shape[1] <= self.level:
            raise ConfigError(
                f"sampler.level={self.level} needs labels of {self.level + 1} levels, fine to coarse, but "
                f"there are {labels.shape[1]}; add a category column or use data/positives=label, or "
                "sampler=balanced"
            )
        category = labels[:, self.level].numpy()
        n_categories = len(np.unique(category))
        if n_categories < 2 <= self.categories:
            raise ConfigError(
                f"sampler.categories={self.categories} needs examples of two categories, but they have "
                f"{n_categories}; use sampler.categories=1 or sampler=balanced"
            )
        return category

    def _bundles(
        self, label: np.ndarray, category: np.ndarray, generator: torch.Generator
    ) -> list[np.ndarray]:
        """Positions of the groups of each bundle, for groups of ``label`` (G,) and ``category`` (G,)."""
        per_bundle = self.batch_size // self.per_label // self.categories
        fewest = 2 if self.categories == 1 else 1
        bundles: list[np.ndarray] = []
        for one in np.unique(category):
            here = np.flatnonzero(category == one)
            bundles += [here[bundle] for bundle in spread(label[here], per_bundle, generator, fewest)]
        return bundles
