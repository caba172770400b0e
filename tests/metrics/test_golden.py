"""Every value of the golden cases, from the gains of the ranked lists."""

import json
import math
from pathlib import Path

import pytest
import torch

from vsr.metrics.judged import Judged
from vsr.metrics.ranking import RankingMetrics

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
    "P@{}/clamp": "precision@{}:last",
    "nDCG@{}": "ndcg@{}",
    "nDCGexp@{}": "ndcg@{}:exp",
}


def golden():
    return json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {"cases": [], "aggregates": []}


def our_names(ks):
    return FULL | {theirs.format(k): ours.format(k) for k in ks for theirs, ours in AT_K.items()}


def judged(case):
    ranked = [case["rel"][item] for item in case["order"]]
    unranked = [1.0] * case.get("unranked_relevant", 0)
    if case.get("unranked_relevant"):
        assert max(case["rel"]) == 1
    best = sorted(ranked + unranked, reverse=True)
    return Judged.from_gains(
        torch.tensor([ranked], dtype=torch.float64),
        torch.tensor([case["R"]]),
        torch.tensor([best], dtype=torch.float64),
        case["relevance_level"],
    )


@pytest.mark.parametrize("case", golden()["cases"], ids=lambda case: case["id"])
def test_every_value_of_the_case(case):
    names = our_names(case["ks"])
    values = RankingMetrics(list(names.values()))(judged(case))
    assert set(case["expected"]) <= set(names)
    for theirs, (expected, *_) in case["expected"].items():
        value = values[names[theirs]].item()
        if case["defined"]:
            assert value == pytest.approx(expected, abs=2e-9), theirs
        else:
            assert math.isnan(value), theirs
