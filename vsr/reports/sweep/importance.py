"""The importance of each hyperparameter for the metric.

Out-of-bag permutation importance of a random forest (Breiman 2001, "Random Forests", Machine Learning 45):
trees take numbers and names alike and capture interactions, and each run is predicted only by trees that were
grown without it, so that a fit to few runs does not count. The importance that chance alone gives is measured
with the metric shuffled over runs (Altmann et al. 2010, "Permutation importance", Bioinformatics 26).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from vsr.display.formats import is_number
from vsr.reports.sweep.overrides import as_text

LEAST_RUNS = 8
_PERMUTATIONS = 8  # of each hyperparameter


class Importance(NamedTuple):
    """The importance of one hyperparameter.

    Attributes:
        key: its name.
        share: share of the metric's variance that depends on it, alone or with others: half the increase of
            the forest's mean squared error when its values are shuffled (Gregorutti et al. 2017,
            "Correlation and variable importance in random forests", proposition 1), over the variance.
        luck: the 95th percentile of ``share`` when the metric depends on no hyperparameter.
    """

    key: str
    share: float
    luck: float

    @property
    def matters(self) -> bool:
        """Whether the share exceeds what chance gives."""
        return self.share > self.luck


class Explained(NamedTuple):
    """The importances, the greatest first, and how well the forest predicts.

    Attributes:
        parts: one per hyperparameter that took more than one value.
        r2: share of the metric's variance that the forest predicts, out of bag.
        runs: how many it was grown on.
    """

    parts: list[Importance]
    r2: float
    runs: int


def explain(
    overrides: Sequence[dict[str, Any]],
    values: Sequence[float],
    keys: Sequence[str],
    trees: int = 100,
    shuffles: int = 40,
    seed: int = 0,
) -> Explained | None:
    """Importances of ``keys`` for ``values``.

    Args:
        overrides: value by key, of each finished run.
        values: the metric, of each run.
        keys: hyperparameters.
        trees: per forest.
        shuffles: of the metric, for what chance gives.
        seed: of all random numbers.

    Returns:
        None for fewer than `LEAST_RUNS` runs, and if all values or all hyperparameters are the same.
    """
    y = np.asarray(values, dtype=np.float64)
    blocks = {key: block for key in keys if (block := _columns([one.get(key) for one in overrides])).shape[1]}
    if len(y) < LEAST_RUNS or not blocks or np.ptp(y) == 0:
        return None
    generator = np.random.default_rng(seed)
    variants = _variants(list(blocks.values()), generator)
    shares, r2 = _forest(variants, y, trees, generator)
    luck = [_forest(variants, generator.permutation(y), trees, generator)[0] for _ in range(shuffles)]
    bounds = np.quantile(luck, 0.95, axis=0) if luck else np.zeros(len(blocks))
    parts = [Importance(*one) for one in zip(blocks, shares.tolist(), bounds.tolist(), strict=True)]
    return Explained(sorted(parts, key=lambda one: -one.share), r2, len(y))


def _columns(values: Sequence[Any]) -> np.ndarray:
    """Features (n, m) float32: numbers, missing ones below all; names one-hot; m = 0 if all are equal."""
    texts = [as_text(value) for value in values]
    levels = sorted(set(texts))
    if len(levels) < 2:
        return np.zeros((len(values), 0), dtype=np.float32)
    numbers = [float(value) for value in values if is_number(value)]
    if numbers and all(value is None or is_number(value) for value in values):
        absent = min(numbers) - (max(numbers) - min(numbers)) - 1
        return np.array([[absent if value is None else value] for value in values], dtype=np.float32)
    return np.array([[text == level for level in levels] for text in texts], dtype=np.float32)


def _variants(blocks: list[np.ndarray], generator: np.random.Generator) -> np.ndarray:
    """Features (1 + P * parameters, n, m): unchanged, then with each parameter's values shuffled P times."""
    n = len(blocks[0])
    stacked = [np.concatenate(blocks, axis=1)]
    for place in range(len(blocks)):
        for _ in range(_PERMUTATIONS):
            order = generator.permutation(n)
            mixed = [block[order] if other == place else block for other, block in enumerate(blocks)]
            stacked.append(np.concatenate(mixed, axis=1))
    return np.stack(stacked)


def _forest(
    variants: np.ndarray, y: np.ndarray, trees: int, generator: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Share of the variance that depends on each parameter, and R²; both out of bag."""
    n_variants, n, width = variants.shape
    totals, seen = np.zeros((n_variants, n)), np.zeros(n)
    for _ in range(trees):
        drawn = generator.integers(0, n, n)
        out = np.bincount(drawn, minlength=n) == 0
        tree = DecisionTreeRegressor(min_samples_leaf=2, random_state=int(generator.integers(2**31)))
        # Unchecked: the features are float32 and finite, and checking takes longer than growing the tree.
        tree.fit(variants[0][drawn], y[drawn], check_input=False)
        asked = variants[:, out].reshape(-1, width)
        predicted = tree.predict(asked, check_input=False).reshape(n_variants, -1)
        totals[:, out] += predicted
        seen += out
    errors = (totals[:, seen > 0] / seen[seen > 0] - y[seen > 0]) ** 2
    losses = errors.mean(axis=1) / y.var()
    shares = losses[1:].reshape(-1, _PERMUTATIONS).mean(axis=1) - losses[0]
    return shares / 2, float(1 - losses[0])
