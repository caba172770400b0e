import numpy as np
import pytest

from vsr.display.formats import count, difference, duration, signed, significant, small, three
from vsr.display.names import parse


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.500"),
        (1, "1.000"),
        (0.9996, "1.000"),
        (np.float32(0.25), "0.250"),
        (None, "–"),
        (np.nan, "–"),
        ("x", "–"),
    ],
)
def test_figures_have_three_decimals(value, text):
    assert three(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.25, "+0.250"), (-0.25, "−0.250"), (0.0, "±0.000"), (-0.0001, "±0.000"), (None, "–")],
)
def test_differences_carry_their_sign(value, text):
    assert signed(value) == text


def test_a_difference_needs_both_sides():
    assert difference(0.5, 0.25) == 0.25
    assert difference(0.5, None) is None
    assert difference(np.nan, 0.5) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3.14, "3.1 s"),
        (42.4, "42 s"),
        (59.7, "1 min 00 s"),
        (93.1, "1 min 33 s"),
        (7500, "2 h 05 min"),
        (None, "–"),
    ],
)
def test_durations_are_said_in_two_units(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("rate", "text"), [(1e-3, "1e-3"), (2.5e-4, "2.5e-4"), (0.0, "0"), (1.0, "1e0"), (np.nan, "–")]
)
def test_learning_rates_are_short(rate, text):
    assert small(rate) == text


def test_thousands_are_set_apart():
    assert count(1234567) == "1,234,567"
    assert count("–") == "–"


def test_a_metric_name_comes_apart():
    assert parse("val/hnsw/recall@10") == ("val", "hnsw", "recall", "10", "")
    assert parse("map") == ("", "", "map", "", "")
    assert parse("val/map@5:r") == ("val", "", "map", "5", "r")
    assert parse("val/map@r").k == 0
    assert parse("val/hnsw/recall@10").short == "recall@10"


@pytest.mark.parametrize(
    ("name", "short", "family", "k"),
    [
        ("val/map@5:r", "map@5:r", "map:r", 5),
        ("test/hnsw/precision@10:last", "precision@10:last", "precision:last", 10),
        ("map:trapezoid", "map:trapezoid", "map:trapezoid", 0),
        ("map@r", "map@r", "map", 0),
        ("recall@\u00b2", "recall@\u00b2", "recall", 0),
    ],
)
def test_a_variant_is_no_part_of_the_cutoff(name, short, family, k):
    parsed = parse(name)
    assert (parsed.short, parsed.family, parsed.k) == (short, family, k)


def test_a_cutoff_of_exact_searchs_lists_is_a_number_that_exact_search_has():
    named = ["val/exact@100/map", "val/exact@100/map@10", "val/hnsw/map@10", "val/map@10"]
    assert [parse(name).repeated for name in named] == [False, True, False, False]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12_345, "12,300"),
        (999.9, "1,000"),
        (4.0678, "4.07"),
        (0.012345, "0.0123"),
        (-5.0, "-5.00"),
        (0, "0"),
        (float("nan"), "–"),
        (None, "–"),
    ],
)
def test_a_quantity_has_three_significant_digits(value, text):
    assert significant(value) == text
