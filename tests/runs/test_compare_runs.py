"""What a comparison reads beside the two evaluations."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.errors import ConfigError, DataError
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.breakdown import complete
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.statistics import Statistics
from vsr.runs.compare_runs import ComparisonRun, compare_evaluations

ROWS = np.arange(12)


@pytest.fixture
def catalogue():
    table = pd.DataFrame(
        {
            "item": [f"p{row}" for row in ROWS],
            "image": ROWS,
            "product": ROWS // 3,
            "split": "test",
            "role": "both",
        }
    )
    return Catalogue(table, ("product",), "made/v1", pixels=np.zeros((12, 4, 4, 3), np.uint8))


def saved(catalogue, folder, seed, names=("map", "mrr")):
    vectors = torch.from_numpy(np.random.default_rng(seed).normal(size=(12, 4))).float()
    relevance = LabelRelevance.from_catalogue(catalogue, ROWS, ROWS)
    result = evaluate(vectors, vectors, relevance, RankingMetrics(names))
    result.protocol, result.fingerprint = "made/v1:test", catalogue.fingerprint
    complete(result, catalogue, ROWS, ROWS)
    result.save(folder)
    return folder


def compared(catalogue, tmp_path, a, b, **options):
    asked = []

    def read(config):
        asked.append(config)
        return catalogue

    run = ComparisonRun(a, b, tmp_path / "c", read, Statistics(resamples=50, flips=50), **options)
    compare_evaluations(run)
    return asked, json.loads((tmp_path / "c/comparison.json").read_text()), tmp_path / "c/comparison.html"


def test_pictures_are_of_the_catalogue_that_a_was_measured_on(catalogue, tmp_path):
    a, b = (saved(catalogue, tmp_path / name, seed) for seed, name in enumerate("ab"))
    (a / "provenance.json").write_text(json.dumps({"config": {"data": "here"}, "command": "evaluate.py x"}))
    asked, about, page = compared(catalogue, tmp_path, a, b)
    assert asked == [{"data": "here"}]
    assert about["a"]["command"] == "evaluate.py x"
    assert "config" not in about["a"]
    assert "data:image/jpeg" in page.read_text()


def test_a_stage_below_an_evaluation_is_told_by_the_folder_above(catalogue, tmp_path):
    a = saved(catalogue, tmp_path / "a", 0)
    stage = saved(catalogue, tmp_path / "a/stages/flat", 1)
    (a / "provenance.json").write_text(json.dumps({"config": {"data": "here"}}))
    asked, about, _ = compared(catalogue, tmp_path, stage, a)
    assert asked == [{"data": "here"}]
    assert about["a"]["folder"] == str(stage)


def test_without_provenance_or_pictures_the_page_says_so(catalogue, tmp_path):
    a, b = (saved(catalogue, tmp_path / name, seed) for seed, name in enumerate("ab"))
    _, _, page = compared(catalogue, tmp_path, a, b)
    assert "does not say what it was measured on" in page.read_text()
    (a / "provenance.json").write_text(json.dumps({"config": {"data": "here"}}))

    def gone(config):
        raise DataError("folder photos does not exist")

    compare_evaluations(ComparisonRun(a, b, tmp_path / "c", gone, Statistics(resamples=50, flips=50)))
    assert "No pictures: folder photos does not exist." in page.read_text()


def test_a_training_run_stands_for_what_it_measured_on_test(catalogue, tmp_path):
    saved(catalogue, tmp_path / "run/test", 0)
    b = saved(catalogue, tmp_path / "b", 1)
    _, about, _ = compared(catalogue, tmp_path, tmp_path / "run", b)
    assert about["a"]["folder"] == str(tmp_path / "run")


def test_the_metric_of_the_changed_queries_can_be_chosen(catalogue, tmp_path):
    a, b = (saved(catalogue, tmp_path / name, seed) for seed, name in enumerate("ab"))
    assert compared(catalogue, tmp_path, a, b)[1]["changed_by"] == "map"
    assert compared(catalogue, tmp_path, a, b, metric="mrr")[1]["changed_by"] == "mrr"
    with pytest.raises(ConfigError, match=r"comparison\.pictured must be >= 0, got -1"):
        compared(catalogue, tmp_path, a, b, pictured=-1)
    with pytest.raises(ConfigError, match=r"comparison\.metric: mr is not in both; did you mean 'mrr'"):
        compared(catalogue, tmp_path, a, b, metric="mr")
