import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsr.reports.sweep.sweep_records import read_sweep
from vsr.reports.sweep.value_scales import Scale, scale_of


def scale(make, folder, values, space=None):
    make.about(folder, {"key": space} if space else {})
    for number, value in enumerate(values):
        make.trial(folder, number, {"key": value}, 0.5)
    return scale_of(read_sweep(folder), "key")


def test_the_space_says_log(make, tmp_path):
    found = scale(make, tmp_path, [0.01, 0.3], {"low": 0.001, "high": 1.0, "log": True})
    assert found.log
    assert found.place(0.1) - found.place(0.01) == pytest.approx(found.place(1.0) - found.place(0.1))
    assert [text for _, text in found.ticks()] == ["1e-3", "0.01", "0.1", "1"]


def test_names_stand_in_the_order_of_the_space_and_numbers_by_size(make, tmp_path):
    found = scale(make, tmp_path, ["b"], {"choices": ["c", "b", "a"]})
    assert found.levels == ("c", "b", "a")
    assert [place for place, _ in found.ticks()] == pytest.approx([1 / 6, 3 / 6, 5 / 6])
    numbers = scale(make, tmp_path / "numbers", [128, 32, 64])
    assert numbers.levels == ("32", "64", "128")


def test_null_is_a_level(make, tmp_path):
    found = scale(make, tmp_path, [None, 0.1, True])
    assert set(found.levels) == {"null", "0.1", "true"}


def test_many_numbers_over_several_powers_of_ten_stand_on_a_log_axis(make, tmp_path):
    assert scale(make, tmp_path, [10.0**-n for n in range(7)]).log
    assert not scale(make, tmp_path / "narrow", [0.1 * n for n in range(1, 9)]).log


def test_what_has_no_place_is_nan():
    assert math.isnan(Scale("key", low=0.1, high=1.0, log=True).place(0.0))
    assert math.isnan(Scale("key", low=0.1, high=1.0).place("text"))
    assert math.isnan(Scale("key", ("a",), ("a",)).place("b"))


@given(
    st.floats(1e-6, 1e3),
    st.floats(1.001, 1e6),
    st.booleans(),
    st.lists(st.floats(0, 1), min_size=2, max_size=5),
)
def test_places_and_ticks_lie_on_the_axis_in_order(low, ratio, log, shares):
    found = Scale("key", low=low, high=low * ratio, log=log)
    values = sorted(low + share * (low * ratio - low) for share in shares)
    places = [found.place(value) for value in values]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)
    ticks = [place for place, _ in found.ticks()]
    assert len(ticks) >= 2
    assert ticks == sorted(ticks)
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in ticks)
