"""The page of an inspection and its lines: whole in themselves, safe, and with everything that was found."""

import io
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from vsr.reports.inspection.inspection_figures import class_size_figure
from vsr.reports.inspection.inspection_page import (
    FindingContent,
    InspectionContent,
    verdict,
    write_inspection_page,
)
from vsr.reports.inspection.inspection_tables import inspection_lines

WILD = "<script>alert('x')</script> & \"quoted\""


def content(findings=(), **changes):
    random = np.random.default_rng(0)
    return InspectionContent(
        **{
            "title": "made/v1",
            "facts": [("command", "python -m vsr.data.inspect", True)],
            "findings": list(findings),
            "splits": pd.DataFrame({"split": ["train"], "pictures": [1200], "product": [40]}),
            "class_sizes": pd.DataFrame({"split": ["train"], "labels": [40], "median": [30.5]}),
            "quantities": pd.DataFrame({"quantity": ["width, pixels"], "median": [160.0]}),
            "kinds": pd.DataFrame({"kind": ["JPEG"], "mode": ["RGB"], "pictures": [1200]}),
            "label_sizes": {"train": np.array([60, 30, 1])},
            "picture_sizes": np.array([[160, 160], [160, 213]]),
            "samples": {"train": {WILD: [0, 1]}},
            "pictures": {0: random.integers(0, 256, (40, 60, 3), np.uint8), 1: None},
            "captions": {0: (WILD, "train"), 1: ("gone", "test")},
            **changes,
        }
    )


@pytest.fixture
def undrawn(monkeypatch):
    """Leave out the figures, which take longer than everything else."""
    monkeypatch.setattr("vsr.reports.inspection.inspection_page._figures", lambda content: [])


def page(tmp_path, *args, **changes):
    return write_inspection_page(tmp_path / "page.html", content(*args, **changes)).read_text()


def test_the_page_asks_nothing_of_any_network_and_escapes_names(tmp_path):
    html = page(tmp_path, [FindingContent("error", WILD, WILD, [WILD], [(WILD, (0, 1))])])
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    sources = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert not re.search(r"url\(|@import|https?://", html)


@pytest.mark.usefixtures("undrawn")
def test_a_pair_is_shown_side_by_side_and_what_cannot_be_read_is_said(tmp_path):
    html = page(tmp_path, [FindingContent("error", "x", "", ["a = b"], [("a = b", (0, 1))])])
    pair = html[html.index('class="pair"') :]
    assert pair.index("<img") < pair.index("no picture") < pair.index("<h2>Sizes")


@pytest.mark.usefixtures("undrawn")
def test_all_cases_are_listed_up_to_a_number(tmp_path):
    html = page(tmp_path, [FindingContent("warning", "many", "", [f"case-{n}-" for n in range(1001)])])
    assert "All 1,001" in html
    assert "case-999-" in html
    assert "case-1000-" not in html


def test_a_data_set_without_a_readable_picture_has_a_page(tmp_path):
    empty = {"picture_sizes": np.zeros((0, 2)), "quantities": pd.DataFrame(columns=["quantity"])}
    html = page(tmp_path, kinds=pd.DataFrame(columns=["kind", "mode"]), samples={}, **empty)
    assert "Nothing is wrong." in html


@pytest.mark.parametrize(
    "sizes", [[1], [1, 1, 1], [2, 96], [1, 97], [1, 50_000], list(range(1, 200))], ids=len
)
def test_labels_of_any_size_are_all_counted_in_the_figure(sizes):
    figure = class_size_figure({"train": np.array(sizes), "test": np.array([3])})
    stairs = [patch.get_data().values for patch in figure.axes[0].patches]
    assert [int(values.sum()) for values in stairs] == [len(sizes)] * 2 + [1] * 2  # a fill and a line each


def test_the_verdict_names_errors_before_warnings():
    assert verdict(["error", "warning", "warning", "note"]).endswith("1 error, 2 warnings.")
    assert verdict(["warning"]) == "Nothing is wrong, but there is 1 warning."
    assert verdict(["note"]) == "Nothing is wrong."


def test_the_terminal_shows_some_examples_and_says_how_many_more():
    about = {
        "usable": False,
        "splits": [{"split": "train", "pictures": 1200, "product": 40}],
        "class_sizes": [{"split": "train", "smallest": 1, "largest": 60, "median": 30.5}],
        "findings": [
            {
                "severity": "error",
                "text": "5 pictures cannot be read.",
                "advice": "Mend them.",
                "count": 5,
                "cases": [{"text": f"[b]{n}.jpg: the file is empty"} for n in range(5)],
            },
            {"severity": "note", "text": "A fact.", "advice": "", "count": 0, "cases": []},
        ],
    }
    console = Console(width=80, record=True, file=io.StringIO())
    for part in inspection_lines(about):
        console.print(part)
    text = console.export_text()
    assert "error: 5 pictures cannot be read." in text
    assert "[b]2.jpg: the file is empty" in text
    assert "[b]3.jpg" not in text
    assert "… and 2 more" in text
    assert "1–60, median 30.5" in text
