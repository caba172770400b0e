import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from vsr.retrieval.projection import on_a_plane


def groups(n=90, d=24, seed=0):
    random = np.random.default_rng(seed)
    which = np.arange(n) % 3
    return 6 * np.eye(3, d)[which] + 0.3 * random.normal(size=(n, d)), which


def test_the_same_seed_gives_the_same_map():
    vectors, _ = groups()
    assert (on_a_plane(vectors, seed=1) == on_a_plane(vectors, seed=1)).all()


def test_neighbors_stay_neighbors():
    vectors, which = groups()
    places = on_a_plane(vectors)
    assert trustworthiness(vectors, places, n_neighbors=10) > 0.9
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + 9 * np.eye(len(places))
    assert (which[distances.argmin(axis=1)] == which).all()


@pytest.mark.parametrize("n", [1, 2, 3, 9, 10, 12])
@pytest.mark.parametrize("d", [1, 2, 7])
def test_few_or_narrow_embeddings_lie_within_the_unit_square(n, d):
    places = on_a_plane(np.random.default_rng(n).normal(size=(n, d)))
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()
    assert places.min() >= 0
    assert places.max() <= 1


def test_collapsed_embeddings_share_one_place():
    assert np.allclose(on_a_plane(np.ones((20, 4))), 0.5)
