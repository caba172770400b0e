"""Embeddings on a plane, for people to look at: PCA, then t-SNE.

Source: van der Maaten and Hinton 2008, "Visualizing Data using t-SNE" (JMLR 9, 2579-2605). Neighborhoods
mean something there; distances between far groups and the sizes of groups do not.
"""

import numpy as np

_COMPONENTS = 50  # of the PCA before it, as in the paper (30 there)
_PERPLEXITY = 30.0
_ITERATIONS = 500  # half the library's: the cost is within a few percent of its end, in half the time
_FEW = 10  # points; t-SNE of fewer says nothing


def on_a_plane(embeddings: np.ndarray, seed: int = 0) -> np.ndarray:
    """Positions (n, 2) float64 in 0..1 of ``embeddings`` (n, d); the same seed gives the same positions."""
    centered = np.asarray(embeddings, np.float64) - np.mean(embeddings, axis=0)
    reduced = _principal(centered)
    if len(embeddings) >= _FEW and not np.allclose(reduced, 0):
        from sklearn.manifold import TSNE  # a second of importing, for who asks for a map

        perplexity = min(_PERPLEXITY, (len(embeddings) - 1) / 3)
        start = reduced[:, :2] / max(float(reduced[:, 0].std()), 1e-12) * 1e-4
        # One thread: on a busy machine several spend most of the time waiting for each other.
        tsne = TSNE(
            perplexity=perplexity,
            init=start.astype(np.float32),  # pyright: ignore[reportArgumentType]
            max_iter=_ITERATIONS,
            random_state=seed,
            n_jobs=1,
        )
        reduced = tsne.fit_transform(reduced.astype(np.float32))
    return _within_unit(np.asarray(reduced[:, :2], np.float64))


def _principal(centered: np.ndarray) -> np.ndarray:
    """Scores (n, c >= 2) on the first principal components, signs fixed."""
    left, strength, right = np.linalg.svd(centered, full_matrices=False)
    scores = left * strength * np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    scores = scores[:, :_COMPONENTS]
    return np.pad(scores, ((0, 0), (0, max(0, 2 - scores.shape[1]))))


def _within_unit(places: np.ndarray) -> np.ndarray:
    low, high = places.min(axis=0), places.max(axis=0)
    return np.where(high > low, (places - low) / np.where(high > low, high - low, 1), 0.5)
