"""Vectors turned so that angles order them."""

import numpy as np
import pytest

from vsr.index.sign_hashing import Angles


@pytest.mark.parametrize("metric", ["ip", "l2"])
def test_cosines_of_turned_vectors_give_the_scores_of_the_metric(metric):
    random = np.random.default_rng(0)
    held = (random.normal(size=(80, 6)) * random.uniform(0.2, 3, size=(80, 1)) + 2).astype(np.float32)
    queries = (random.normal(size=(9, 6)) + 2).astype(np.float32)
    angles = Angles.learned(metric, held)
    turned, asked = angles.held(held), angles.asked(queries)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), angles.longest, rtol=1e-5)
    cosines = asked @ turned.T / np.linalg.norm(asked, axis=1, keepdims=True) / angles.longest
    expected = queries.astype(np.float64) @ held.T
    if metric == "l2":
        expected = -((queries[:, None].astype(np.float64) - held) ** 2).sum(axis=2)
    np.testing.assert_allclose(angles.scores(cosines, queries), expected, rtol=1e-3, atol=1e-3)


def test_a_longer_vector_than_any_learned_from_keeps_its_direction():
    angles = Angles.learned("ip", np.ones((3, 2), np.float32))
    assert angles.held(np.full((1, 2), 5, np.float32)).tolist() == [[5, 5, 0]]


def test_state_is_all_there_is():
    angles = Angles.learned("l2", np.arange(12, dtype=np.float32).reshape(4, 3))
    held = np.ones((2, 3), np.float32)
    assert (Angles.of(angles.state).held(held) == angles.held(held)).all()
