import json
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from parsed_page import Page
from PIL import Image

from vsr.reports.run.run_page import write_run_page
from vsr.reports.run.run_summary import warnings

WILD = "<script>alert('x')</script> & \"quoted\""
SUMMARY = {
    "untrained": {"map": 0.2, "hit_rate@1": 0.4, "mrr": 0.5},
    "val": {"map": 0.52, "hit_rate@1": 0.75, "mrr": 0.8},
    "test": {"map": 0.5, "hit_rate@1": 0.725, "mrr": 0.775},
    "protocol": "toystore/v1",
    "catalogue": "6f1f0fdc",
    "best_epoch": 2,
    "monitor": "val/map",
    "chosen_on": "val",
    "seconds": 93.1,
    "versions": {"vsr": "0.1.0", "torch": "2.14.0"},
    "git": {"commit": "0123456789abcdef", "dirty": True},
    "seed": 0,
    "command": "train.py model=resnet50 loss=infonce",
    "counts": {
        "train": 768,
        "test": 320,
        "test queries": 80,
        "test gallery": 240,
        "test queries left out": 0,
    },
    "skipped": [],
    "meanings": {"map": "what map is", "hit_rate@1": "what a hit is"},
}
STAGES = {
    "exact@100": {"map": 0.4, "hit_rate@1": 0.725},
    "hnsw": {"map": 0.375, "hit_rate@1": 0.725},
    "hnsw+mmr": {"map": 0.425, "hit_rate@1": 0.7},
}


def write_run(folder, n=4, **changes):
    folder.mkdir(exist_ok=True)
    frame = pd.DataFrame({"epoch": range(n), "step": range(0, 10 * n, 10)})
    frame["train/loss"] = [np.nan, *np.linspace(3, 1, n - 1)]
    frame["lr"] = [np.nan] + [1e-3] * (n - 1)
    for name in ("val/map", "val/mrr", "val/hit_rate@1"):
        frame[name] = np.linspace(0.2, 0.6, n)
    frame.to_csv(folder / "metrics.csv", index=False)
    Image.new("RGB", (300, 200), "white").save(folder / "curves.png")
    Image.new("RGB", (300, 200), "green").save(folder / "searches.jpg")
    (folder / "config.yaml").write_text(f"model:\n  backbone: resnet50\n  note: {WILD}\n", "utf-8")
    (folder / "summary.json").write_text(json.dumps(SUMMARY | changes), "utf-8")
    return folder


@pytest.fixture(autouse=True)
def quick(request, monkeypatch):
    """Leave out the drawing, which takes longer than all else, but in the tests that are about it."""
    if "phone" not in request.node.name:
        monkeypatch.setattr("vsr.reports.run.run_page._narrow_curves", lambda files: None)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run"))


def page(folder):
    return Page(write_run_page(folder).read_text("utf-8"))


def test_the_page_asks_nothing_of_any_network(run):
    found = page(run)
    assert found.links
    assert all(link.startswith("data:") for link in found.links)
    html = (run / "report.html").read_text("utf-8")
    assert "script" not in found.tags
    assert "@import" not in html
    assert "url(" not in html


def test_a_phone_gets_curves_one_below_the_other(run):
    found = page(run)
    assert "source" in found.tags
    assert all(link.startswith("data:") for link in found.links)


def test_the_page_is_small(run):
    assert write_run_page(run).stat().st_size < 1_500_000


def test_large_pictures_are_made_smaller_to_fit(tmp_path):
    write_run(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (1400, 1300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "searches.png")
    assert (tmp_path / "searches.png").stat().st_size > 1_500_000
    assert write_run_page(tmp_path).stat().st_size < 1_500_000


def test_the_gain_over_the_untrained_network_is_shown(run):
    text = page(run).text
    assert "0.725 +0.325" in text  # hit_rate@1
    assert "untrained 0.400" in text
    assert "0.500 +0.300" in text  # map


def test_what_serving_costs_is_told_from_exact_searchs_lists(tmp_path):
    text = page(write_run(tmp_path, stages={"val": {}, "test": STAGES})).text
    assert "metric exact@100 hnsw hnsw+mmr" in text
    assert "map 0.400 0.375 −0.025 0.425 +0.025" in text
    assert "the change from exact@100" in text


@pytest.mark.parametrize("stages", [{}, {"test": {"hnsw": {"map": 0.1}, "hnsw+mmr": {"map": 0.2}}}])
def test_without_exact_searchs_lists_nothing_is_said_of_what_serving_costs(tmp_path, stages):
    assert "What serving costs" not in page(write_run(tmp_path, stages=stages)).text


def test_metrics_mean_what_the_summary_says(run):
    page(run)
    html = (run / "report.html").read_text("utf-8")
    assert "<dt>map</dt><dd>what map is</dd>" in html
    assert '<abbr title="what a hit is">hit_rate@1</abbr>' in html
    assert "<dt>mrr</dt>" not in html


def test_warnings_of_the_measurement_are_told_with_their_split(tmp_path):
    told = {"val": [], "test": ["All 49 neighbors of a query have the same score."]}
    assert "On test: All 49 neighbors of a query" in page(write_run(tmp_path, warnings=told)).text


def test_the_run_is_described(run):
    text = page(run).text
    for said in (
        "train.py model=resnet50 loss=infonce",
        "toystore/v1",
        "epoch 2 of 3, the best val/map",
        "1 min 33 s",
        "torch 2.14.0",
        "0123456789ab, with changes that are in no commit",
        "test 320 80 240 0",
    ):
        assert said in text


def test_names_and_configuration_are_escaped(tmp_path):
    write_run(tmp_path, protocol=WILD, command=WILD, skipped=[{"item": WILD, "error": WILD}])
    found = page(tmp_path)
    assert "script" not in found.tags
    assert found.text.count(WILD) >= 4


def test_a_checkpoint_chosen_on_test_is_flagged(tmp_path, run):
    assert "chosen on test" not in page(run).text
    write_run(tmp_path, chosen_on="test")
    assert "The checkpoint was chosen on test." in page(tmp_path).text


def test_left_out_queries_and_skipped_pictures_are_told(tmp_path):
    counts = SUMMARY["counts"] | {"test queries left out": 3}
    write_run(tmp_path, counts=counts, skipped=[{"row": 7, "item": "mug/7.jpg", "error": "truncated"}])
    text = page(tmp_path).text
    assert "3 of 80 test queries have nothing relevant" in text
    assert "1 picture could not be read" in text
    assert "mug/7.jpg: truncated" in text


@pytest.mark.parametrize("name", ["summary.json", "metrics.csv", "config.yaml", "curves.png", "searches.jpg"])
def test_a_missing_file_is_said_and_the_rest_is_shown(tmp_path, name):
    write_run(tmp_path)
    (tmp_path / name).unlink()
    text = page(tmp_path).text
    assert name in text
    assert "is missing" in text
    assert ("backbone: resnet50" in text) == (name != "config.yaml")


def test_an_empty_folder_still_makes_a_page(tmp_path):
    assert "summary.json is missing" in page(tmp_path).text


@pytest.mark.parametrize("name", ["summary.json", "metrics.csv"])
@pytest.mark.parametrize("content", [b"", b'{"half": ', b'a,"b\n\xff\xfe'])
def test_a_broken_file_is_said(tmp_path, name, content):
    write_run(tmp_path)
    (tmp_path / name).write_bytes(content)
    text = page(tmp_path).text
    if not (name == "metrics.csv" and b"half" in content):  # to pandas that is a table
        assert f"{name} cannot be read" in text


def test_nulls_in_the_summary_are_shown_as_absent(tmp_path):
    write_run(
        tmp_path, git=None, untrained={}, test={"map": None, "mrr": 0.5}, counts={}, best_epoch=0, seed=None
    )
    text = page(tmp_path).text
    assert "no commit known" in text
    assert "mrr – 0.800 0.500 –" in text


def test_a_long_history_is_thinned_and_keeps_its_best_and_last_epoch(tmp_path):
    write_run(tmp_path, n=3000, best_epoch=1234)
    found = page(tmp_path)
    assert found.tags.count("tr") < 600
    assert " 1234 12340 " in found.text
    assert " 2999 29990 " in found.text


def test_templates_travel_with_the_package():
    names = {entry.name for entry in (files("vsr.display") / "templates").iterdir()}
    assert {"base.html.j2", "macros.html.j2", "run.html.j2", "style.css"} <= names


def test_missing_pictures_are_a_warning_like_skipped_ones():
    (told,) = warnings({"missing": ["a.jpg", "b.jpg"], "skipped": []})
    assert told["text"] == "2 pictures named in a list could not be found; left out."
    assert told["names"] == ["a.jpg", "b.jpg"]
