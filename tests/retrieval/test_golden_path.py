"""The golden cases through the whole path: embeddings in, numbers out."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.data.relevance.list_relevance import ListRelevance
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate

GOLDEN = Path(__file__).parents[3] / "shared/golden/cases.json"
pytestmark = pytest.mark.skipif(not GOLDEN.exists(), reason="the golden ranking cases are not here")

FULL = {
    "RR": "mrr",
    "AP": "map",
    "AP@R": "map@r",
    "Rprec": "r_precision",
    "nDCG": "ndcg",
    "nDCGexp": "ndcg:exp",
    "AP_trapz": "map:trapezoid",
}
AT_K = {
    "RR@{}": "mrr@{}",
    "R@{}": "recall@{}",
    "HR@{}": "hit_rate@{}",
    "P@{}": "precision@{}",
    "AP@{}": "map@{}",
    "AP@{}/R": "map@{}:r",
    "AP@{}/hits": "map@{}:hits",
    "P@{}/min": "precision@{}:min_k_r",
    "nDCG@{}": "ndcg@{}",
    "nDCGexp@{}": "ndcg@{}:exp",
}


def golden(part):
    return json.loads(GOLDEN.read_text())[part] if GOLDEN.exists() else []


def names_for(expected):
    def ours(theirs):
        if theirs in FULL:
            return FULL[theirs]
        kind, _, rest = theirs.partition("@")
        k, _, tail = rest.partition("/")
        return AT_K[f"{kind}@{{}}" + (f"/{tail}" if tail else "")].format(k)

    return {theirs: ours(theirs) for theirs in expected if not theirs.endswith("/clamp")}


def complete(case):
    return not case.get("unranked_relevant")


@pytest.mark.parametrize("case", filter(complete, golden("cases")), ids=lambda case: case["id"])
def test_a_case_ranked_by_its_scores(case):
    scores = torch.tensor(case["scores"], dtype=torch.float64)[:, None]  # a query of 1 has them as products
    ignored = [n for n, junk in enumerate(case["junk"]) if junk or n == case["self"]]
    relevance = ListRelevance.from_lists(
        [range(len(case["rel"]))], len(scores), [ignored], [case["rel"]], case["relevance_level"]
    )
    names = names_for(case["expected"])
    result = evaluate(
        torch.ones(1, 1), scores, relevance, RankingMetrics(list(names.values())), similarity="ip", depth=50
    )
    found = result.neighbors.ids[0]
    assert found[found >= 0].tolist() == case["order"]
    assert result.n_left_out == (0 if case["defined"] else 1)
    assert result.n_relevant[0] == case["R"]
    for theirs, name in names.items():
        expected = case["expected"][theirs][0]
        if case["defined"]:
            assert result.means[name] == pytest.approx(expected, abs=2e-9), theirs
        else:
            assert math.isnan(result.means[name]), theirs


@pytest.mark.parametrize("case", golden("embeddings"), ids=lambda case: case["id"])
def test_a_case_of_embeddings(case):
    queries = torch.tensor(case["query"])
    gallery = queries if case["gallery"] is None else torch.tensor(case["gallery"])
    labels = np.array(case["query_labels"])
    others = labels if case["gallery_labels"] is None else np.array(case["gallery_labels"])
    rows = (np.arange(len(labels)), np.arange(len(others))) if case["self_excluded"] else (None, None)
    relevance = LabelRelevance(labels, others, query_identities=rows[0], gallery_identities=rows[1])
    names = names_for(case["mean_skip"])
    result = evaluate(
        queries, gallery, relevance, RankingMetrics(list(names.values())), similarity=case["metric"]
    )
    assert result.n_queries - result.n_left_out == case["n_defined"]
    for theirs, name in names.items():
        assert result.means[name] == pytest.approx(case["mean_skip"][theirs], abs=2e-9), theirs
    for query, one in enumerate(case["per_query"]):
        found = result.neighbors.ids[query]
        assert found[found >= 0].tolist() == one["order"]
