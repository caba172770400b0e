import json

import pytest
from parsed_page import Page
from PIL import Image

from vsr.errors import DataError
from vsr.reports.ann.advice import advice, cautions
from vsr.reports.ann.ann_report import write_ann_report
from vsr.reports.ann.comparison_json import read_comparison

WILD = "<script>alert('x')</script> | `a` *b*"
FIGURES = ("frontier_recall.png", "frontier_task.png", "memory.png", "build.png", "latency.png")


def page(folder, earlier=None):
    return Page(write_ann_report(folder, earlier).read_text("utf-8"))


@pytest.fixture
def undrawn(monkeypatch):
    """Leave out the drawing, which takes longer than everything else."""
    monkeypatch.setattr("vsr.reports.ann.ann_report.ann_figures", lambda *given: [])


def test_the_page_asks_nothing_of_any_network_and_figures_are_small(write):
    folder = write()
    found = page(folder)
    assert len([link for link in found.links if link.startswith("data:image/png")]) == len(FIGURES)
    assert all(link.startswith("data:") for link in found.links)
    assert "script" not in found.tags
    assert (folder / "report.html").stat().st_size < 2_000_000
    for name in FIGURES:
        assert (folder / name).stat().st_size < 300_000
        assert Image.open(folder / name).size[0] > 1000
        assert f"({name})" in (folder / "report.md").read_text("utf-8")


@pytest.mark.usefixtures("undrawn")
def test_both_reports_say_the_same(write):
    folder = write()
    text, markdown = page(folder).text, (folder / "report.md").read_text("utf-8").replace("\\", "")
    for said in (
        "1,000 × 128 vectors, 4 index methods",
        "hnsw, ef_search=64",
        "ivf_pq, nprobe=64",
        "2,000 queries/s on one core, 20 times flat",
        "ndcg@10 lower than with exact search by 0.004 ± 0.002",
        "hnsw, ef_search=256 missed nothing in these 500 queries at 600 queries/s",
        "Below 0.99 at every setting measured: ivf_pq 0.920.",
        "nsg: build: took 9 GiB",
        "compare.py comparison=quick",
        "A CPU, 2 cores, 24 GiB",
        "faiss-cpu 1.15.1",
        "1 min 33 s",
    ):
        assert " ".join(said.split()) in text
        assert said in markdown


def test_costs_are_for_a_million(found):
    fastest = advice(found)[0]
    assert fastest.label == "Fastest"
    assert "a million pictures: 19.5 GiB, 4,000 CPU-seconds to build" in fastest.points
    assert "a million queries against 1,000 pictures: 500 CPU-seconds" in fastest.points


@pytest.mark.usefixtures("undrawn")
def test_what_people_wrote_is_escaped(write):
    folder = write()
    told = json.loads((folder / "comparison.json").read_text())
    told["about"]["command"] = told["backends"][1]["reason"] = WILD
    told["backends"][0]["name"] = told["settings"][0]["backend"] = WILD
    (folder / "comparison.json").write_text(json.dumps(told))
    found = page(folder)
    assert "script" not in found.tags
    assert found.text.count(WILD) >= 3
    table = [line for line in (folder / "report.md").read_text("utf-8").splitlines() if line.startswith("|")]
    assert all("<script" not in line for line in table)


@pytest.mark.usefixtures("undrawn")
def test_without_labels_there_is_no_task_metric_and_it_is_said(write):
    folder = write()
    told = json.loads((folder / "comparison.json").read_text())
    told["about"]["exact"], told["about"]["vectors"]["labeled"] = {}, False
    told["settings"] = [
        {key: value for key, value in row.items() if not key.startswith(("ndcg", "map", "hit"))}
        for row in told["settings"]
    ]
    (folder / "comparison.json").write_text(json.dumps(told))
    text = page(folder).text
    assert "no labels: task metrics were not measured" in text
    assert "ndcg@10 lost" not in text


def test_a_busy_machine_scattered_repeats_and_failures_are_told(write):
    folder = write()
    told = json.loads((folder / "comparison.json").read_text())
    assert [one.names for one in cautions(read_comparison(folder))] == [["nsg: build: took 9 GiB"]]
    told["about"]["machine"]["load"] = 5.0
    told["about"]["vectors"] |= {"queries": 50, "copies": 400}
    told["about"]["exact_recall"] = {"recall@10": 0.5}
    told["settings"][1] |= {"qps_1_max": 9000.0, "busy_1": 0.4}
    (folder / "comparison.json").write_text(json.dumps(told))
    texts = [one.text for one in cautions(read_comparison(folder))]
    for said in (
        "load 5.0 on 2 cores",
        "Only 50 queries",
        "1 of 6 settings the repeats",
        "had to wait",
        "400 of 1,000 vectors in the gallery (40%) are copies of others",
        "Exact search in float32 has a recall@10 of 0.500 on these vectors",
    ):
        assert any(said in text for text in texts), said


def test_every_method_that_failed_still_makes_a_report(write):
    folder = write(settings=[])
    assert "nsg: build: took 9 GiB" in page(folder).text


@pytest.mark.usefixtures("undrawn")
def test_two_comparisons_lie_side_by_side(write):
    earlier = write("earlier")
    told = json.loads((earlier / "comparison.json").read_text())
    for row in told["settings"]:
        row["qps_1"] /= 2
        row["recall@10"] -= 0.1
    told["backends"][1]["index_mib"] *= 4
    told["settings"] = told["settings"][:-1]
    (earlier / "comparison.json").write_text(json.dumps(told))
    text = page(write(), read_comparison(earlier)).text
    assert "Against earlier" in text
    assert "hnsw ef_search=16 × 2.00 × 1.00 × 1.00 × 0.25 × 1.00 +0.100" in text
    assert "Only here: ivf_pq nprobe=64." in text


def test_the_other_comparison_is_drawn_under_this_one(write):
    from vsr.reports.ann.trade_offs import recall_figure

    found = read_comparison(write())
    alone, both = (len(recall_figure(found, other).drawing.axes[0].lines) for other in (None, found))
    assert both == alone + 3  # the three that were measured


@pytest.mark.parametrize("content", [None, "{", "[]", '{"format": 99}', '{"format": 1}'])
def test_what_is_no_comparison_is_said_in_one_line(tmp_path, content):
    if content is not None:
        (tmp_path / "comparison.json").write_text(content)
    with pytest.raises(DataError, match="against: "):
        read_comparison(tmp_path)
