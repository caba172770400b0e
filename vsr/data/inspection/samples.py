"""Which pictures stand for a split."""

import numpy as np

from vsr.data.catalogue.catalogue import Catalogue


def sample_rows(catalogue: Catalogue, rows: np.ndarray, n_labels: int, each: int) -> dict[str, np.ndarray]:
    """A few pictures of a few labels: labels spread evenly over those of ``rows`` from large to small.

    Args:
        catalogue: of the pictures.
        rows: those of a split.
        n_labels: how many labels at most.
        each: pictures of each at most, spread evenly too.

    Returns:
        Rows by label, the largest label first.
    """
    names = catalogue.table.loc[rows, catalogue.levels[0]].astype(str)
    sizes = names.value_counts()
    places = np.unique(np.linspace(0, len(sizes) - 1, min(n_labels, len(sizes))).round().astype(int))
    samples = {}
    for label in sizes.index[places]:
        own = names.index[names == label].to_numpy()
        samples[str(label)] = own[
            np.unique(np.linspace(0, len(own) - 1, min(each, len(own))).round().astype(int))
        ]
    return samples
