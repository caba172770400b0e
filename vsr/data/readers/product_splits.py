"""Who is trained on and who is searched: a split of products that growing the store does not change."""

from collections import Counter
from collections.abc import Iterable


def product_splits(categories: Iterable[str], val_fraction: float, test_fraction: float) -> list[str]:
    """The split of every product, in order; product k's depends on the products up to k only.

    The first products of a category go to train, test and val, so that every category is in every split as
    soon as it has three; after that each goes where most are missing, in its category and in the whole store.

    Args:
        categories: of products 0, 1, ...
        val_fraction: share of the products for validation; 0 makes no such split.
        test_fraction: share of the products for testing; 0 makes no such split.
    """
    shares = {"train": 1 - val_fraction - test_fraction, "test": test_fraction, "val": val_fraction}
    names = [name for name, share in shares.items() if share > 0]
    seen: Counter[str] = Counter()
    placed: Counter[tuple[str, str]] = Counter()
    total: Counter[str] = Counter()
    splits = []
    for number, category in enumerate(categories):
        if seen[category] < len(names):
            split = names[seen[category]]
        else:
            missing = {
                name: shares[name] * (seen[category] + number + 2) - placed[category, name] - total[name]
                for name in names
            }
            split = max(names, key=missing.__getitem__)
        splits.append(split)
        seen[category] += 1
        placed[category, split] += 1
        total[split] += 1
    return splits
