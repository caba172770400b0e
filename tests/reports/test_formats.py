import numpy as np
import pytest

from vsr.reports.formats import count, difference, duration, signed, significant, small, three
from vsr.reports.names import definition, parse


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
    assert count(1234567) == "1\u2009234\u2009567"
    assert count("–") == "–"


def test_a_metric_name_comes_apart():
    assert parse("val/hnsw/recall@10") == ("val", "hnsw", "recall", "10")
    assert parse("map") == ("", "", "map", "")
    assert parse("val/map@r").k == 0
    assert parse("val/hnsw/recall@10").short == "recall@10"


@pytest.mark.parametrize(
    "name",
    [
        "mrr",
        "recall@5",
        "hit_rate@1",
        "precision@10",
        "map",
        "map@10",
        "map@r",
        "r_precision",
        "ndcg",
        "ndcg@10",
    ],
)
def test_every_metric_is_defined(name):
    assert definition(f"val/{name}")
    assert "{" not in definition(name)


def test_the_definition_of_a_cutoff_names_it():
    assert "top 5 /" in definition("recall@5")
    assert "over the top 10, divided by min(10, relevant)" in definition("map@10")
    assert "top R" in definition("map@r")


def test_an_unknown_metric_has_no_definition():
    assert definition("my_metric@3") == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12_345, "12\u202f300"),
        (999.9, "1\u202f000"),
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
