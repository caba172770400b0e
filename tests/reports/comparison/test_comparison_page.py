"""The page of two evaluations compared."""

import numpy as np
import pytest
from parsed_page import Page

from vsr.display.searches import Result, Search
from vsr.reports.comparison.comparison_page import Change, verdict, write_comparison_page

WILD = "<script>alert('x')</script>"
ROW = {
    **{"a": 0.25, "a_low": 0.2, "a_high": 0.3, "b": 0.5, "b_low": 0.4, "b_high": 0.6},
    **{"difference": 0.25, "low": 0.2, "high": 0.3, "p": 0.0001, "p_holm": 0.0004},
    **{"better": 40, "worse": 10, "equal": 50},
}
WORSE = ROW | {"difference": -0.25, "low": -0.3, "high": -0.2}
CHANCE = ROW | {"difference": 0.01, "low": -0.1, "high": 0.1, "p": 0.5, "p_holm": 0.5}
SAME = ROW | {"difference": 0.0, "low": 0.0, "high": 0.0, "p": 1.0, "p_holm": 1.0, "better": 0, "worse": 0}


def about(**changes):
    side = {"chosen_on": "val", "command": "evaluate.py checkpoint=x", "checkpoint": "x", "git": None}
    told = {
        "protocol": "made/v1:test",
        "fingerprint": "0123456789abcdef",
        "queries": 100,
        "left_out": 0,
        "intervals": {"method": "BCa bootstrap over queries", "level": 0.95, "resamples": 1000, "seed": 0},
        "test": {"name": "paired randomization test", "flips": 10000, "exact_up_to": 16, "seed": 0},
        "correction": "Holm over 2 metrics",
        "metrics": {"map": ROW, "mrr": CHANCE},
        "left_aside": [],
        "unlike": [],
        "a": side | {"folder": "runs/a"},
        "b": side | {"folder": "runs/b"},
    }
    return told | changes


def search(n=3, caption="mug"):
    picture = np.full((40, 30, 3), 200, np.uint8)
    kinds = ("right", "partial", "wrong")
    results = [Result(picture if n else None, 0.9, kinds[n % 3], f"thing {n}") for n in range(n)]
    return Search(picture, caption, results, n_relevant=7)


CHANGE = Change("item-9", search(), search(4), (0.125, 0.875), (None, 2))
DIFFERENCES = np.array([0.75, 0.2, 0.0, -0.1, np.nan])


def written(tmp_path, told=None, better=(CHANGE,), worse=(), reason="", differences=DIFFERENCES):
    path = write_comparison_page(
        tmp_path / "c.html", told or about(), "map", better, worse, differences, reason
    )
    return Page(path.read_text("utf-8"))


def test_it_is_one_file_that_asks_nothing_of_any_network(tmp_path):
    page = written(tmp_path)
    assert all(link.startswith("data:") for link in page.links)
    assert "script" not in page.tags


def test_numbers_intervals_test_and_correction_are_told(tmp_path):
    text = written(tmp_path).text
    for words in ("0.250 [0.200, 0.300]", "+0.250", "[+0.200, +0.300]", "<0.001", "Holm over 2 metrics"):
        assert words in text
    assert "checkpoint chosen on val" in text


def test_a_query_is_pictured_under_both_with_marks_that_are_not_color_alone(tmp_path):
    page = written(tmp_path)
    assert page.tags.count("img") == 1 + (3 - 1) + (4 - 1)  # the first result of each has no picture
    for words in ("a map 0.125", "b map 0.875", "no right result among those kept", "at rank 2", "+0.750"):
        assert words in page.text
    for sign in "✓~✕":
        assert sign in page.text


def test_without_pictures_the_numbers_stand_and_the_reason_is_told(tmp_path):
    bare = Change(
        "item-9", Search(None, "", n_relevant=7), Search(None, "", n_relevant=7), (0.1, 0.9), (5, 1)
    )
    page = written(tmp_path, better=[bare], reason="photos/ is gone")
    assert "No pictures: photos/ is gone." in page.text
    assert "item-9 7 0.100 0.900 +0.800 5 1" in page.text
    assert "img" not in page.tags


def test_what_comes_from_outside_is_escaped(tmp_path):
    told = about(protocol=WILD, left_aside=[WILD])
    change = Change(WILD, search(caption=WILD), search(), (0.1, 0.9), (1, 1))
    page = written(tmp_path, told, [change], reason="")
    assert "script" not in page.tags
    assert WILD in page.text


def test_a_side_chosen_on_test_and_queries_left_out_are_warned_of(tmp_path):
    told = about(left_out=4, left_aside=["ndcg"], unlike=["map:trapezoid"])
    told["b"] = told["b"] | {"chosen_on": "test"}
    text = written(tmp_path, told).text
    assert "b: The checkpoint was chosen on test" in text
    assert "a: The checkpoint" not in text
    assert "4 of 100 queries have nothing relevant" in text
    assert "hence not compared: ndcg" in text
    assert "exact search's whole ranking, so not compared: map:trapezoid" in text


def test_nothing_changed_makes_a_page_too(tmp_path):
    text = written(tmp_path, about(metrics={"map": SAME}), [], differences=np.zeros(5)).text
    assert "No query differs in any metric." in text
    assert "None in map." in text


def test_ten_thousand_queries_are_drawn_as_a_few_hundred_bars(tmp_path):
    page = written(tmp_path, differences=np.random.default_rng(0).normal(size=10_000))
    assert 200 <= page.tags.count("rect") <= 240


@pytest.mark.parametrize(
    ("metrics", "told"),
    [
        ({"map": ROW, "mrr": CHANCE}, "b is better on 1 of 2 metrics (corrected p < 0.05); on the other 1"),
        ({"map": ROW, "mrr": ROW}, "b is better on 2 of 2 metrics (corrected p < 0.05)."),
        ({"map": ROW, "mrr": WORSE}, "b is better on 1 and worse on 1 of 2 metrics"),
        ({"map": CHANCE}, "No metric differs by more than chance explains (corrected p ≥ 0.05 for all 1)"),
        ({"map": SAME}, "No query differs in any metric."),
    ],
)
def test_the_verdict_says_no_more_than_the_tests(metrics, told):
    assert verdict(about(metrics=metrics)).startswith(told)
