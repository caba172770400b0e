"""Results in the terminal, within 80 columns."""

import io

import pandas as pd
import pytest
from rich.console import Console

from vsr.display.formats import interval, p_value, signed_interval
from vsr.display.tables import comparison_tables, evaluation_tables, groups_tables, metrics_table

ALL = dict.fromkeys(
    ["mrr", "map", "map@r", "r_precision", "ndcg", "ndcg@10"]
    + [f"{base}@{k}" for base in ("hit_rate", "recall", "precision") for k in (1, 5, 10)],
    0.5,
)
NAN = float("nan")


def shown(*things, width=80):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    for thing in things:
        console.print(thing)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_few_metrics_stand_in_columns():
    lines = shown(metrics_table([("val", {"map": 0.25, "mrr": 0.5}), ("test", {"map": 0.125})]))
    assert any(line.split() == ["map", "mrr"] for line in lines)
    assert any(line.split() == ["val", "0.250", "0.500"] for line in lines)
    assert any(line.split() == ["test", "0.125", "–"] for line in lines)


def test_many_metrics_stand_in_rows_within_80_columns():
    rows = [("untrained", ALL), ("val", ALL), ("test", dict.fromkeys(ALL, 0.75))]
    lines = shown(metrics_table(rows))
    assert max(map(len, lines)) <= 80
    assert any(line.split() == ["precision@10", "0.500", "0.500", "0.750", "+0.250"] for line in lines)
    assert not any("…" in line for line in lines)


def test_columns_choose_and_order_the_metrics():
    lines = shown(metrics_table([("test", ALL)], ["mrr", "map"]))
    assert any(line.split() == ["mrr", "map"] for line in lines)


def test_no_metrics_make_an_empty_table():
    shown(metrics_table([("val", {})]))
    shown(metrics_table([]))


def test_names_are_not_taken_for_markup():
    assert any("[red]map" in line for line in shown(metrics_table([("[red]map", {"map": 0.1})])))


def test_intervals_stand_beside_their_means_within_80_columns():
    rows = [("untrained", ALL), ("val", ALL), ("test", dict.fromkeys(ALL, 0.75))]
    lines = shown(metrics_table(rows, intervals={"test": dict.fromkeys(ALL, (0.7, 0.8))}, level=0.9))
    assert max(map(len, lines)) <= 80
    assert "90 % interval" in lines[1]
    assert any(
        line.split() == ["map", "0.500", "0.500", "0.750", "[0.700,", "0.800]", "+0.250"] for line in lines
    )


@pytest.mark.parametrize(("chosen_on", "marked"), [("test", True), ("val", False), (None, False)])
def test_figures_of_a_checkpoint_chosen_on_test_are_marked(chosen_on, marked):
    lines = shown(metrics_table([("test", ALL)], chosen_on=chosen_on))
    assert ("chosen on test" in " ".join(lines)) == marked


ABOUT = {
    "warnings": {},
    "protocol": "made/v1:test",
    "chosen_on": "test",
    "queries": 1200,
    "left_out": 3,
    "means": ALL,
    "intervals": dict.fromkeys(ALL, (0.4, 0.6)),
    "resampling": {"method": "BCa bootstrap over queries", "level": 0.95, "resamples": 1000, "seed": 0},
    "levels": {"product": {"map@100": 0.25, "queries": 1197}, "category": {"map@100": 0.5, "queries": 1200}},
    "groups": {"level": "category", "groups": 20, "macro": {}},
    "thresholds": {
        "micro_ap": 0.2,
        "recall@precision=0.9": 0.1,
        "threshold@precision=0.9": float("inf"),
        "fnmr@fmr=0.001": 0.5,
        "fnmr_is": "at most",
        "pairs": {"per_query": 100, "returned": 120000, "relevant": 4000, "background": [11, 100]},
    },
}


def test_an_evaluation_says_means_levels_thresholds_and_where_groups_are():
    lines = shown(*evaluation_tables("test", ABOUT | {"warnings": {"ties": "All scores are the same."}}))
    text = " ".join(lines)
    assert "All scores are the same." in text
    assert max(map(len, lines)) <= 80
    assert "chosen on test" in text
    assert any(line.split() == ["product", "0.250", "1,197"] for line in lines)
    assert any(line.split() == ["recall@precision=0.9", "0.100"] for line in lines)
    assert "20 groups of category: groups.csv" in text
    assert "top 100 of each" in text
    assert "scores normalized" in text
    assert "Deeper lists would lower fnmr" in text


def test_an_evaluation_without_any_of_it_is_its_means():
    bare = ABOUT | {"intervals": {}, "resampling": {}, "levels": {}, "groups": {}, "thresholds": {}}
    assert not any("interval" in line for line in shown(*evaluation_tables("test", bare)))


def compared(**changes):
    row = {"a": 0.25, "b": 0.5, "difference": 0.25, "low": 0.2, "high": 0.3, "p": 0.0001, "p_holm": 0.0004}
    row |= {"better": 4123, "worse": 3921, "equal": 1956}
    no = {"difference": -0.01, "p": 0.5, "p_holm": 1.0}
    about = {
        "protocol": "made/v1:test",
        "queries": 10000,
        "left_out": 0,
        "intervals": {"method": "BCa bootstrap over queries", "level": 0.95, "resamples": 1000, "seed": 0},
        "test": {
            "name": "paired randomization test, two-sided",
            "flips": 10000,
            "exact_up_to": 16,
            "seed": 0,
        },
        "correction": "Holm over 2 metrics",
        "metrics": {"precision@10": row, "map": row | no},
        "left_aside": [],
        "unlike": [],
        "a": {"folder": "runs/a", "chosen_on": "val"},
        "b": {"folder": "runs/b", "chosen_on": "test"},
    }
    return about | changes


def test_a_comparison_says_differences_test_and_correction_within_80_columns():
    lines = shown(*comparison_tables(compared()))
    text = " ".join(lines)
    assert max(map(len, lines)) <= 80
    row = ["precision@10", "0.250", "0.500", "+0.250", "[+0.200,", "+0.300]", "<0.001", "4123/3921/1956"]
    assert any(line.split() == row for line in lines)
    assert not any("…" in line for line in lines)
    assert "corrected by Holm over 2 metrics" in text
    assert "a: runs/a, chosen on val" in text
    assert "b: The checkpoint was chosen on test" in text


def test_intervals_and_p_values_as_text():
    assert interval((0.1, 0.25)) == "[0.100, 0.250]"
    assert interval((NAN, 0.25)) == interval(None) == "–"
    assert signed_interval((-0.1, 0.25)) == "[−0.100, +0.250]"
    assert signed_interval(None) == "–"
    assert [p_value(p) for p in (0.0004, 0.0006, 1.0, NAN, None)] == ["<0.001", "0.001", "1.000", "–", "–"]


def groups(n, **columns):
    names = pd.Index([f"c{one}" for one in range(n)], name="category")
    return pd.DataFrame({"queries": [4] * n, "map": [one / n for one in range(n)], **columns}, names)


def test_the_groups_that_fare_worst_stand_first_and_the_rest_are_counted():
    lines = shown(*groups_tables(groups(25).sample(frac=1, random_state=0)))
    rows = [line.split() for line in lines if line.startswith(" c") and "category" not in line]
    assert rows == [[f"c{one}", "4", f"{one / 25:.3f}"] for one in range(10)]
    said = " ".join(" ".join(lines).split())
    assert "The lowest 10 of 25 by map; 15 more with map 0.400 to 0.960: groups.csv." in said


def test_few_groups_are_all_shown_with_nothing_said():
    lines = shown(*groups_tables(groups(3)))
    assert sum(line.startswith(" c") for line in lines) == 1 + 3
    assert not any("more" in line for line in lines)


def test_groups_of_many_metrics_and_long_names_fit_80_columns():
    table = groups(12, **{name: [0.5] * 12 for name in ("hit_rate@1", "recall@10", "ndcg@10", "mrr")})
    table.index = pd.Index(["x" * 90 + str(one) for one in range(12)], name="category")
    assert max(map(len, shown(*groups_tables(table)))) <= 80


def test_groups_without_map_go_by_their_first_metric():
    table = groups(3).rename(columns={"map": "mrr"})
    names = [line.split()[0] for line in shown(*groups_tables(table)) if line.startswith(" c")]
    assert names == ["category", "c0", "c1", "c2"]
