import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vsr.reports.ann.frontier import frontier

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30)


def beats(one, other):
    return one[0] >= other[0] and one[1] >= other[1] and one != other


@given(POINTS)
def test_it_is_what_comparing_every_pair_gives(points):
    values = np.array(points, float).reshape(-1, 2)
    kept = {points[at] for at in frontier(values[:, 0], values[:, 1])}
    assert kept == {one for one in points if not any(beats(other, one) for other in points)}


@given(POINTS)
def test_quality_rises_and_speed_falls_along_it(points):
    values = np.array(points, float).reshape(-1, 2)
    at = frontier(values[:, 0], values[:, 1])
    assert (np.diff(values[at, 0]) > 0).all()
    assert (np.diff(values[at, 1]) < 0).all()


@given(POINTS, st.permutations(range(30)))
def test_the_order_of_the_points_does_not_matter(points, order):
    values = np.array(points, float).reshape(-1, 2)
    mixed = values[[one for one in order if one < len(points)]]
    first, second = (some[frontier(some[:, 0], some[:, 1])] for some in (values, mixed))
    assert np.array_equal(first, second)


def test_points_without_a_number_are_left_out():
    assert frontier(np.array([np.nan, 0.5, 0.9]), np.array([9.0, 5.0, np.nan])).tolist() == [1]


def test_of_equal_points_the_first_is_kept():
    assert frontier(np.array([0.5, 0.5]), np.array([1.0, 1.0])).tolist() == [0]
