import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vsr.display.spread import spread

positions = st.lists(st.floats(0, 100), min_size=1, max_size=12)


@given(positions, st.floats(0.5, 8))
def test_labels_keep_their_distance_order_and_bounds(wanted, gap):
    placed = spread(np.array(wanted), gap, 0.0, 100.0)
    assert placed.min() >= -1e-9
    assert placed.max() <= 100 + 1e-9
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(placed[order]) >= gap - 1e-9).all()


def test_labels_with_room_stay_where_they_belong():
    np.testing.assert_allclose(spread(np.array([70.0, 10.0, 40.0]), 10, 0, 100), [70, 10, 40])


def test_two_labels_in_one_place_part_evenly():
    np.testing.assert_allclose(spread(np.array([50.0, 50.0]), 10, 0, 100), [45, 55])


def test_more_labels_than_room_share_it_evenly():
    np.testing.assert_allclose(spread(np.full(5, 3.0), 10, 0, 20), [0, 5, 10, 15, 20])


def test_no_labels_need_no_place():
    assert spread(np.zeros(0), 10, 0, 20).shape == (0,)
