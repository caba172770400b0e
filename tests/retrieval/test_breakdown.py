"""What an evaluation says besides its means, on a catalogue small enough to count by hand."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import average_precision_score

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.errors import ConfigError, DataError
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.breakdown import by_level, complete
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.statistics import Statistics
from vsr.retrieval.thresholds import Thresholds

NAMES = ["map", "mrr", "hit_rate@1"]


@pytest.fixture(scope="module")
def catalogue():
    """48 pictures: 12 products of 4, in 3 categories; each picture is query and gallery."""
    rows = np.arange(48)
    table = pd.DataFrame(
        {
            "item": [f"p{row}" for row in rows],
            "image": rows,
            "product": [f"product{row // 4}" for row in rows],
            "category": [f"category{row // 16}" for row in rows],
            "split": "test",
            "role": "both",
        }
    )
    return Catalogue(table, ("product", "category"), "made/v1", pixels=np.zeros((48, 2, 2, 3), np.uint8))


def measured(catalogue: Catalogue, depth: int = 100) -> Evaluation:
    rows = np.arange(48)
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(12, 6)) + 2 * np.repeat(rng.normal(size=(3, 6)), 4, axis=0)
    vectors = torch.from_numpy(centers[rows // 4] + 0.8 * rng.normal(size=(48, 6))).float()
    relevance = LabelRelevance.from_catalogue(catalogue, rows, rows)
    result = evaluate(vectors, vectors, relevance, RankingMetrics(NAMES), depth=depth)
    result.protocol, result.fingerprint = "made/v1:test", catalogue.fingerprint
    return result


def completed(catalogue: Catalogue, depth: int = 100, **options) -> Evaluation:
    result = measured(catalogue, depth)
    complete(result, catalogue, np.arange(48), np.arange(48), **options)
    return result


def test_a_result_says_what_fixes_it(catalogue):
    result = completed(catalogue, chosen_on="val")
    about = result.about()
    assert about["judging"] == {
        "levels": {"product": 3.0, "category": 1.0},
        "relevant_from": 3.0,
        "ignored": "the query itself",
        "gallery": 48,
    }
    assert (about["protocol"], about["fingerprint"]) == ("made/v1:test", catalogue.fingerprint)
    assert about["chosen_on"] == "val"
    assert about["resampling"]["resamples"] == 1000
    assert result.sides is not None
    assert result.sides.query_items[:2].tolist() == ["p0", "p1"]


def test_every_mean_lies_in_its_interval_which_a_seed_decides(catalogue):
    result = completed(catalogue)
    assert result.intervals.keys() == result.means.keys()
    for name, (low, high) in result.intervals.items():
        assert low < result.means[name] < high
    other = completed(catalogue, statistics=Statistics(seed=1, level=0.5))
    assert other.intervals["map"][1] - other.intervals["map"][0] < 0.6 * np.diff(result.intervals["map"])[0]


def test_threshold_metrics_of_whole_lists_agree_with_scikit_learn(catalogue):
    result = completed(catalogue, thresholds=Thresholds(fmr=0.05))
    ids, scores = result.neighbors
    kept = ids >= 0
    assert kept.sum() == 48 * 47
    right = (result.gains == 3)[kept]
    told = result.thresholds
    assert told["micro_ap"] == pytest.approx(average_precision_score(right, scores[kept]))
    assert told["pairs"] == {
        "per_query": 48,
        "returned": 48 * 47,
        "relevant": 48 * 3,
        "irrelevant": 48 * 44,
        "background": None,
    }
    wrong = np.sort(scores[kept][~right])[::-1]
    accepted = scores[kept][right] > wrong[int(0.05 * 48 * 44)]  # so many wrong ones may be accepted
    assert told["fnmr@fmr=0.05"] == pytest.approx(1 - accepted.mean())
    assert told["fnmr_is"] == "exact"


def test_lists_too_short_for_the_fmr_say_so(catalogue):
    told = completed(catalogue, thresholds=Thresholds(depth=3, fmr=0.5)).thresholds
    assert told["pairs"]["per_query"] == 3
    assert told["pairs"]["returned"] == 144
    assert told["fnmr_is"] == "at most"


def test_normalization_takes_the_mean_of_the_tail_off(catalogue):
    plain, normal = (
        completed(catalogue, thresholds=Thresholds(background=background)) for background in (None, [11, 40])
    )
    shift = plain.neighbors.scores[:, 10:40].mean(axis=1, keepdims=True)
    kept = plain.neighbors.ids >= 0
    by_hand = average_precision_score((plain.gains == 3)[kept], (plain.neighbors.scores - shift)[kept])
    assert normal.thresholds["micro_ap"] == pytest.approx(by_hand)
    assert normal.thresholds["micro_ap"] != plain.thresholds["micro_ap"]
    assert normal.thresholds["pairs"]["background"] == [11, 40]


def test_a_background_beyond_the_kept_results_is_refused(catalogue):
    with pytest.raises(ConfigError, match=r"ranks 11 to 100, but 20 results of each query were kept"):
        completed(catalogue, depth=20, thresholds=Thresholds(background=[11, 100]))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"depth": 0}, "thresholds.depth must be >= 1 or null, got 0"),
        ({"precision": 0}, "thresholds.precision must be > 0 and <= 1, got 0"),
        ({"fmr": 2}, "thresholds.fmr must be > 0 and <= 1, got 2"),
        ({"background": [5, 2]}, "thresholds.background must be a first and a last rank"),
        ({"background": [0, 2]}, "thresholds.background must be a first and a last rank"),
    ],
)
def test_thresholds_out_of_range_are_refused(options, told):
    with pytest.raises(ConfigError, match=told):
        Thresholds(**options)


def test_statistics_out_of_range_are_refused():
    with pytest.raises(ConfigError, match=r"statistics\.level must be between 0 and 1, got 95"):
        Statistics(level=95)
    with pytest.raises(ConfigError, match=r"statistics\.flips must be >= 1, got 0"):
        Statistics(flips=0)


def test_the_finest_level_alone_is_what_was_measured(catalogue):
    result = completed(catalogue)
    assert result.levels["product"] == pytest.approx({**result.means, "queries": 48})


def test_a_coarser_level_alone_by_a_plain_loop(catalogue):
    result = completed(catalogue)
    category = np.arange(48) // 16
    values = []
    for query, ids in enumerate(result.neighbors.ids):
        right = (category[ids] == category[query]) & (ids >= 0)
        values.append(np.mean(np.arange(1, 16) / (np.flatnonzero(right) + 1)))
    assert result.levels["category"]["map"] == pytest.approx(np.mean(values))


def test_levels_of_lists_that_were_cut_carry_the_depth_in_their_names(catalogue):
    levels = by_level(measured(catalogue, depth=10), catalogue, np.arange(48), np.arange(48))
    assert levels["category"].keys() == {"hit_rate@1", "map@10", "mrr@10", "queries"}


def test_groups_are_the_coarsest_level_and_their_macro_average_is_told(catalogue):
    result = completed(catalogue)
    assert result.groups is not None
    assert result.groups["queries"].to_dict() == {"category0": 16, "category1": 16, "category2": 16}
    by_hand = result.per_query["map"][:16].mean()
    assert result.groups.loc["category0", "map"] == pytest.approx(by_hand)
    told = result.about()["groups"]
    assert (told["level"], told["groups"]) == ("category", 3)
    assert told["macro"]["map"] == pytest.approx(result.means["map"])  # groups of one size


def test_all_of_it_is_saved_and_loaded(catalogue, tmp_path):
    result = completed(catalogue, chosen_on="test")
    result.save(tmp_path)
    loaded = Evaluation.load(tmp_path)
    assert json.dumps(loaded.about()) == json.dumps(result.about())
    assert loaded.sides is not None
    assert result.sides is not None
    for ours, theirs in zip(vars(loaded.sides).values(), vars(result.sides).values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert list(pd.read_parquet(tmp_path / "per_query.parquet"))[:2] == ["item", "n_relevant"]
    assert (tmp_path / "groups.csv").read_text().startswith("category,")


def test_an_evaluation_of_an_older_format_is_to_be_measured_again(tmp_path):
    (tmp_path / "evaluation.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(DataError, match="holds an evaluation of format 1; measure it again"):
        Evaluation.load(tmp_path)
    (tmp_path / "evaluation.json").write_text("{")
    with pytest.raises(DataError, match=r"evaluation\.json cannot be read"):
        Evaluation.load(tmp_path)


def test_with_nothing_relevant_at_all_there_is_nothing_to_say_and_it_can_be_saved(tmp_path):
    table = pd.DataFrame(
        {"item": list("abc"), "image": range(3), "product": list("xyz"), "split": "test", "role": "both"}
    )
    lonely = Catalogue(table, ("product",), "lonely/v1", pixels=np.zeros((3, 2, 2, 3), np.uint8))
    rows = np.arange(3)
    relevance = LabelRelevance.from_catalogue(lonely, rows, rows)
    result = evaluate(torch.eye(3), torch.eye(3), relevance, RankingMetrics(["map"]))
    complete(result, lonely, rows, rows)
    assert math.isnan(result.thresholds["micro_ap"])
    assert math.isnan(result.levels["product"]["mrr"])
    assert np.isnan(result.intervals["map"]).all()
    result.save(tmp_path)
    assert "NaN" not in (tmp_path / "evaluation.json").read_text()
    assert np.isnan(Evaluation.load(tmp_path).intervals["map"]).all()
