import json
import statistics

import pandas as pd
import pytest
from parsed_page import Page
from PIL import Image

from vsr.reports.sweep.__main__ import main
from vsr.reports.sweep.sweep_choice import find
from vsr.reports.sweep.sweep_records import read_sweep
from vsr.reports.sweep.sweep_report import write_sweep
from vsr.reports.sweep.sweep_sections import means, runs, space
from vsr.reports.sweep.sweep_words import best_line, cautions, edges, heading, judge

WILD = "<script>alert('x')</script> | `a` *b*"


def page(folder):
    return Page((folder / "sweep.html").read_text("utf-8"))


@pytest.fixture
def undrawn(monkeypatch):
    """Leave out the drawing and the forests, which take longer than everything else."""
    monkeypatch.setattr("vsr.reports.sweep.sweep_report.sweep_figures", lambda *given: {})
    monkeypatch.setattr("vsr.reports.sweep.sweep_choice.explain", lambda *given: None)


def test_the_page_asks_nothing_of_any_network(search):
    found = page(search)
    assert found.links
    assert all(link.startswith("data:") for link in found.links)
    assert "script" not in found.tags


def test_every_run_is_a_row_the_best_on_top_and_failures_with_their_error(search):
    table = pd.read_csv(search / "sweep.csv")
    assert sorted(table["run"]) == list(range(24))
    assert table["val/map"].iloc[0] == table["val/map"].max()
    assert table.loc[table["run"] == 7, "error"].str.startswith("DivergedError").all()
    text = page(search).text
    assert "failed: DivergedError: the loss of step 41 is not finite" in text
    assert text.count("pruned") >= (table["state"] == "pruned").sum() > 0


def test_test_figures_are_those_of_the_chosen_run_alone(make, tmp_path, undrawn):
    make.about(tmp_path, {})
    make.trial(tmp_path, 0, {"a": 1}, 0.611, curve=[0.1, 0.611], test=0.5671)
    make.trial(tmp_path, 1, {"a": 2}, 0.622, curve=[0.1, 0.622], test=0.5432)
    write_sweep(tmp_path)
    for name in ("sweep.html", "sweep.md", "sweep.csv", "sweep_table.json"):
        assert "0.567" not in (tmp_path / name).read_text()
    assert "0.543" in page(tmp_path).text
    assert json.loads((tmp_path / "sweep_table.json").read_text())["chosen"]["test"]["map"] == [0.5432]


def test_with_seeds_the_best_mean_is_chosen_and_its_test_is_a_mean(seeds):
    numbers = json.loads((seeds / "sweep_table.json").read_text())
    best = numbers["groups"][0]
    assert numbers["chosen"]["value"] == pytest.approx(sum(best["values"]) / 3)
    assert len(numbers["chosen"]["test"]["map"]) == 3
    text = page(seeds).text
    assert "mean of 3 seeds" in text
    assert f"p = {numbers['best_against_second']['p']:.3f}" in text


def test_luck_and_a_real_lead_are_told_apart(make, tmp_path, undrawn):
    near, *_ = judge(find(read_sweep(make.seeds(tmp_path / "near"))))
    far, *_ = judge(find(read_sweep(make.seeds(tmp_path / "far", gap=0.2))))
    assert near == "The best may not be better than the second"
    assert far == "The best beats the second"


def test_one_seed_is_told_with_the_command_that_runs_more(search, undrawn):
    lead, _, command = judge(find(read_sweep(search)))
    assert "no test is possible" in lead
    assert command.startswith("python train.py -m loss.temperature=0.")
    assert command.endswith(" seed=0,1,2,3,4")


def test_commands_say_what_was_the_same_in_all_runs(make, tmp_path):
    make.about(tmp_path, {}, fixed=["data.image_size=32", "seed=7"])
    for number in (0, 1):
        make.trial(tmp_path, number, {"a": number}, 0.5 + number)
    found = find(read_sweep(tmp_path))
    assert found.choice.command == "python train.py data.image_size=32 seed=7 a=1"
    assert judge(found)[2] == "python train.py -m data.image_size=32 a=1 seed=0,1,2,3,4"


def test_metrics_that_are_no_shares_are_shown_with_four_digits(make, tmp_path, undrawn):
    make.about(tmp_path, {}, metric="ann/qps_1", command="compare.py -m sweeps=ann")
    make.trial(tmp_path, 0, {"m": 8}, 12345.678)
    make.trial(tmp_path, 1, {"m": 16}, 9876.5)
    text = Page(write_sweep(tmp_path).read_text()).text
    assert "best ann/qps_1 12,350" in text
    assert "python compare.py m=8" in text


def test_a_sweep_that_only_began_has_a_page_too(make, tmp_path):
    make.about(tmp_path, {})
    assert "0 runs, none finished yet" in Page(write_sweep(tmp_path).read_text()).text
    make.trial(tmp_path, 0, {"a": 1}, None, "running", curve=[0.1, 0.2])
    make.trial(tmp_path, 1, {"a": 2}, None, "running")
    text = Page(write_sweep(tmp_path).read_text()).text
    assert "2 runs, none finished yet" in text
    assert "Nothing to choose from yet" in text
    assert "(0.200)" in text


def test_the_drivers_file_stays_as_it_is_and_a_second_report_replaces_the_first(make, tmp_path, undrawn):
    make.about(tmp_path, {})
    make.trial(tmp_path, 0, {"a": 1}, 0.5)
    before = (tmp_path / "sweep.json").read_bytes()
    write_sweep(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    make.trial(tmp_path, 1, {"a": 2}, 0.6)
    write_sweep(tmp_path)
    assert (tmp_path / "sweep.json").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "1") == names
    assert len(pd.read_csv(tmp_path / "sweep.csv")) == 2


def test_figures_are_small_and_there_for_what_can_be_drawn(search, seeds):
    drawn = {path.stem for path in (search / "sweep_figures").iterdir()}
    assert drawn == {"importance", "parallel", "slices", "curves"}
    assert {path.stem for path in (seeds / "sweep_figures").iterdir()} == {"groups", "importance", "curves"}
    for path in [*search.glob("sweep_figures/*"), *seeds.glob("sweep_figures/*")]:
        assert path.stat().st_size < 300_000
        with Image.open(path) as image:
            assert image.width > 1000


def test_names_and_errors_are_escaped(make, tmp_path, undrawn):
    make.about(tmp_path, {}, command=WILD)
    make.trial(tmp_path, 0, {"a": WILD}, 0.5)
    make.trial(tmp_path, 1, {"a": "b"}, None, "failed", WILD)
    write_sweep(tmp_path)
    found = page(tmp_path)
    assert "script" not in found.tags
    assert found.text.count(WILD) >= 4
    row = next(line for line in (tmp_path / "sweep.md").read_text().splitlines() if line.startswith("| 1 |"))
    assert row.replace("\\|", "").count("|") == 7


def test_runs_link_to_their_own_pages(make, tmp_path, undrawn):
    make.about(tmp_path, {})
    (make.trial(tmp_path, 0, {"a": 1}, 0.5) / "report.html").write_text("")
    make.trial(tmp_path, 1, {"a": 2}, 0.4)
    write_sweep(tmp_path)
    assert [link for link in page(tmp_path).links if not link.startswith("data:")] == ["0/report.html"]


def test_runs_chosen_on_test_are_flagged(make, tmp_path, undrawn):
    make.about(tmp_path, {})
    make.trial(tmp_path, 0, {"a": 1}, 0.5)
    assert "chosen on test" not in Page(write_sweep(tmp_path).read_text()).text
    make.about(tmp_path, {}, metric="test/map")
    assert "chosen on test" in Page(write_sweep(tmp_path).read_text()).text


def test_a_best_value_at_the_end_of_its_range_is_pointed_out(make, tmp_path):
    make.about(tmp_path, {})
    for number, margin in enumerate((0.1, 0.2, 0.3)):
        make.trial(tmp_path, number, {"loss.margin": margin}, 0.5 + margin)
    assert edges(find(read_sweep(tmp_path))) == [
        "The best loss.margin is the highest that was tried (0.3): try beyond it."
    ]


def test_the_command_says_the_best_and_where_the_page_is(make, tmp_path, capsys, undrawn):
    make.multirun(tmp_path / "sweep")
    assert main([str(tmp_path / "sweep")]) == 0
    out = capsys.readouterr().out
    assert "3 runs, best val/mrr 0.600" in out
    assert str(tmp_path / "sweep/sweep.html") in out


def test_a_mistake_is_one_line_and_exit_code_1(tmp_path, capsys):
    assert main([str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith("error: there is no folder")


# The best run is a's, the best mean b's.
FOLDS = {"a": (0.50, 0.60, 0.72, 0.90), "b": (0.55, 0.66, 0.78, 0.81)}


@pytest.fixture
def folds(make, tmp_path, undrawn):
    """A sweep of two losses over four folds."""
    space = {"data.fold": {"choices": [0, 1, 2, 3]}, "loss": {"choices": ["a", "b"]}}
    make.about(tmp_path, space, fixed=["experiment=reality_check"])
    for number, (fold, loss) in enumerate((fold, loss) for fold in range(4) for loss in FOLDS):
        value = FOLDS[loss][fold]
        make.trial(tmp_path, number, {"data.fold": fold, "loss": loss}, value, curve=[0.1, value])
    return tmp_path


def test_over_folds_the_best_mean_is_named_not_the_best_run(folds):
    found = find(read_sweep(folds))
    assert heading(found).startswith("8 runs, best mean val/map 0.700 ± ")
    assert heading(found).endswith(" over 4 folds")
    assert found.choice.name == "loss=b"
    assert [one.number for one in found.choice.runs] == [1, 3, 5, 7]
    command = "python train.py -m experiment=reality_check loss=b data.fold=0,1,2,3"
    assert found.choice.command == command
    _, why, _ = judge(found)
    assert "loss=b is 0.020 ahead of loss=a" in why
    assert "paired t-test over folds (n = 4 and 4)" in why
    text = Page(write_sweep(folds).read_text()).text
    assert "mean of 4 folds" in text


def test_means_over_folds_stand_with_their_standard_deviation(folds):
    title, (table,) = means(find(read_sweep(folds)), [])
    assert title == "Means over folds"
    assert table.heads[:4] == ["configuration", "folds", "val/map", "sd"]
    assert table.rows[0][:4] == ["loss=b", "4: 0, 1, 2, 3", "0.700", f"{statistics.stdev(FOLDS['b']):.3f}"]
    assert "Folds share training pictures" in table.hint
    write_sweep(folds)
    numbers = json.loads((folds / "sweep_table.json").read_text())
    assert numbers["repeated"] == ["data.fold"]
    assert numbers["groups"][0]["sd"] == pytest.approx(statistics.stdev(FOLDS["b"]))


def test_a_fold_is_no_option(folds, monkeypatch):
    asked = []
    kept = lambda runs, values, keys: asked.append(keys)  # noqa: E731
    monkeypatch.setattr("vsr.reports.sweep.sweep_choice.explain", kept)
    found = find(read_sweep(folds))
    assert asked == [["loss"]]  # what has an importance, and is an axis of the figures
    assert [row[0] for row in space(found, []).blocks[0].rows] == ["loss"]
    assert runs(found).blocks[0].heads == ["run", "val/map", "loss", "data.fold", "epochs", "time", "state"]


def test_the_end_of_a_sweep_says_that_the_best_is_a_mean(folds, make, tmp_path):
    sd = statistics.stdev(FOLDS["b"])
    told = best_line(read_sweep(folds))
    assert told == f"Best mean of val/map over 4 folds: 0.7000 (sd {sd:.4f}), jobs 1, 3, 5, 7  loss=b"
    make.about(tmp_path / "one", {})
    assert best_line(read_sweep(tmp_path / "one")) == ""
    make.trial(tmp_path / "one", 0, {"a": 1}, 0.5)
    assert best_line(read_sweep(tmp_path / "one")) == "Best val/map: 0.5000, job 0  a=1"


def test_a_fold_that_all_runs_share_stays_an_override(make, tmp_path):
    make.about(tmp_path, {})
    for number in range(2):
        make.trial(tmp_path, number, {"loss": "a", "data.fold": 1, "seed": number}, 0.5 + number / 10)
    found = find(read_sweep(tmp_path)).choice
    assert (found.over, found.command) == ("2 seeds", "python train.py loss=a data.fold=1")


def test_runs_that_training_did_not_help_are_flagged(folds, make, tmp_path):
    assert cautions(find(read_sweep(folds))) == []
    make.about(tmp_path / "bad", {})
    for fold, (before, value) in enumerate(((0.074, 0.062), (0.05, 0.06))):
        make.trial(tmp_path / "bad", fold, {"data.fold": fold}, value, curve=[before, value])
    (caution,) = cautions(find(read_sweep(tmp_path / "bad")))
    assert "no better than the untrained network: val/map 0.061 against 0.062." in caution.text
