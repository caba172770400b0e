"""The page of an evaluation: whole in itself, safe, small, and right about what it shows."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from vsr.reports.evaluation.evaluation_content import (
    EvaluationContent,
    Hit,
    Hub,
    Hubs,
    Plane,
    QuerySearch,
    SearchGroup,
    Similarities,
)
from vsr.reports.evaluation.evaluation_page import write_evaluation_page

WILD = "<script>alert('x')</script> & \"quoted\" </svg>"
VOID = {"meta", "link", "img", "br", "wbr", "input", "hr"}


class Page(HTMLParser):
    """Tags that close in order, links, scripts and words of a page."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.links, self.ids, self.words, self.scripts = [], [], [], [], [], []
        self.html = html
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [
            value
            for name, value in attrs
            if name in ("src", "href", "xlink:href", "srcset", "data", "action")
        ]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open[-1:] in (["script"], ["style"]) else self.words).append(data)


def table(**columns):
    return pd.DataFrame(columns)


def photo(seed, height=90, width=120):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def content(n=6, caption="mug-0001", **changes):
    hits = [
        Hit(row, 0.9 - row / 100, kind, caption)
        for row, kind in enumerate(["right", "partial", "wrong", "ignored", "wrong"])
    ]
    search = QuerySearch(5, caption, hits, 4, "AP 0.500")
    plane = Plane(
        np.random.default_rng(0).random((n, 2)),
        "category",
        ["cup"] * (n - 1) + ["mug"],
        list(range(n)),
        [caption] * n,
        "All.",
    )
    found = table(occurrence=[0, 1, 2], items=[1, 2, 1], by_chance=[1.4, 1.5, 0.7])
    bins = table(low=[0, 0.5], high=[0.5, 1], right=[1, 3], partial=[0, 0], wrong=[4, 0])
    return EvaluationContent(**{
        "title": "made/v1:test",
        "means": {"map": 0.25, "hit_rate@1": 0.5, "ndcg": float("nan")},
        "facts": [("protocol", "made/v1", False), ("catalogue", "0123abcd", True)],
        "pictures": {row: photo(row) for row in range(n)},
        "searches": [SearchGroup("worst", "Worst", "The lowest.", [search])],
        "rank_curves": table(k=[1, 2], recall=[0.1, 0.2], hit_rate=[0.5, 0.6], precision=[0.5, 0.4]),
        "precision_recall": table(recall=[0, 1.0], precision=[0.6, 0.2], at_most=[0.6, 0.3]),
        "labels": {"category": table(label=["cup", caption], queries=[3, 1], map=[0.1, np.nan])},
        "hubs": Hubs(10, found, 0.5, 0.25, 0.3, [Hub(0, caption, 2, 1)]),
        "similarities": Similarities(bins, {"right": 0.7, "wrong": 0.2}, 0.9, "All pairs."),
        "plane": plane,
    } | changes)  # fmt: skip


def written(folder, **changes):
    page = Page(write_evaluation_page(folder, content(**changes)).read_text("utf-8"))
    assert page.open == []  # every element is closed, in order
    return page


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return written(tmp_path_factory.mktemp("page"))


def test_the_page_asks_nothing_of_any_network(page):
    assert page.links
    assert all(link.startswith(("data:", "#")) for link in page.links)
    code = "".join(page.scripts)
    assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttpRequest|import\(", code)


def test_links_within_the_page_lead_somewhere(page):
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_every_picture_is_stored_once(tmp_path):
    first = content().searches[0]
    twice = written(tmp_path, searches=[first, first._replace(name="best")])
    stored = re.findall(r"data:image/jpeg;base64,([^\"]+)", twice.html)
    data = json.loads(re.search(r'id="plane-data">(.*?)</script>', twice.html, re.S)[1])
    stored += list(data["pictures"].values())
    assert len(stored) == len(set(stored)) == 6


def test_names_are_escaped_everywhere(tmp_path):
    page = written(tmp_path, caption=WILD, title=WILD, facts=[(WILD, WILD, True)], warnings=[WILD],
                   means={WILD: 0.5}, intervals={WILD: (0.1, 0.2)})  # fmt: skip
    assert page.tags.count("script") == 2  # the data and ours
    assert "alert('x')</script>" not in page.html
    assert WILD in page.text


def test_right_partial_wrong_and_ignored_are_told_in_words_and_classes(page):
    for kind, words in (
        ("right", "right"),
        ("partial", "partly right"),
        ("wrong", "wrong"),
        ("ignored", "ignored"),
    ):
        assert f'class="hit {kind}"' in page.html
        assert f'<span class="unseen">{words}' in page.html


def test_ignored_results_take_no_rank(page):
    ranks = re.findall(r'<p class="line"><span>(.)</span><span>0\.', page.html)
    assert ranks == ["1", "2", "3", "–", "4"]


def test_intervals_are_shown_where_they_are_given(tmp_path, page):
    assert "interval" not in page.text
    told = written(tmp_path, intervals={"map": (0.2, 0.3)}, confidence=0.9).text
    assert "90 % interval" in told
    assert "map 0.250 0.200 to 0.300" in told


def test_missing_parts_leave_a_page(tmp_path):
    text = written(tmp_path, similarities=None, plane=None, hubs=None, labels={}, searches=[],
                   rank_curves=pd.DataFrame(), precision_recall=pd.DataFrame(), pictures={}).text  # fmt: skip
    assert text.count("The embeddings are not at hand") == 2


def test_empty_tables_groups_and_lists_leave_a_page(tmp_path):
    empty = SearchGroup("best", "Best", "None.", [])
    alone = SearchGroup("worst", "Worst", "One.", [QuerySearch(99, "gone", [], 0)])
    none = table(label=[], queries=[], map=[])
    text = written(tmp_path, searches=[empty, alone], labels={"category": none}, n=1).text
    assert "There is none." in text
    assert "nothing found" in text
    assert "no picture" in text


def test_ids_of_the_map_point_at_pictures_there_are(page):
    data = json.loads(re.search(r'id="plane-data">(.*?)</script>', page.html, re.S)[1])
    assert len(data["x"]) == len(data["caption"]) == 6
    assert all(f"t{row}" in page.ids or str(row) in data["pictures"] for row in data["row"])


def test_a_page_of_hundreds_of_photographs_stays_below_5_mb(tmp_path):
    noise = {row: photo(row, 112, 112) for row in range(1600)}  # noise takes more than any photograph

    def search(row):
        return QuerySearch(row, "q", [Hit(row + place, 0.5, "right", "c") for place in range(1, 11)], 1)

    starts = {"worst": 0, "best": 100, "random": 200, "changed": 300}
    groups = [
        SearchGroup(name, name, "Many.", [search(start + 11 * place) for place in range(8)])
        for name, start in starts.items()
    ]
    plane = Plane(
        np.random.default_rng(0).random((1500, 2)),
        "category",
        ["a"] * 1500,
        list(range(100, 1600)),
        ["c"] * 1500,
        "All.",
    )
    path = write_evaluation_page(tmp_path, content(pictures=noise, searches=groups, plane=plane))
    assert path.stat().st_size < 5_000_000


def test_a_long_table_is_cut_and_says_so(tmp_path):
    many = table(label=[f"l{i}" for i in range(400)], queries=[1] * 400, map=np.linspace(0, 1, 400))
    text = written(tmp_path, labels={"product": many}).text
    assert "The worst 300 of 400 are shown." in text
    assert " l299 " in text
    assert " l300 " not in text
