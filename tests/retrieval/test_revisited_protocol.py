"""Revisited Oxford and Paris are measured as their paper defines it (arXiv 1803.11285)."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from vsr.data.relevance.list_relevance import ListRelevance
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate

CONF = Path(__file__).parents[2] / "conf"
KAPPAS = (1, 5, 10)
NAMES = ["map:trapezoid", *(f"precision@{k}:last" for k in KAPPAS)]


def published(ranking, relevant, junk):
    """AP and P@k of one query, exactly: junk is struck out, recall steps are joined by trapezoids."""
    kept = [item for item in ranking if item not in junk]
    places = [place for place, item in enumerate(kept) if item in relevant]
    area = Fraction(0)
    for found, place in enumerate(places):
        before = Fraction(found, place) if place else Fraction(1)
        area += (before + Fraction(found + 1, place + 1)) / 2 / len(relevant)
    cuts = [min(k, places[-1] + 1) for k in KAPPAS]
    return [area, *(Fraction(sum(place < cut for place in places), cut) for cut in cuts)]


def measured(rankings, relevant, junk, names=NAMES):
    """The same through the framework: embeddings whose inner products give just these rankings."""
    rankings = np.asarray(rankings)
    scores = np.empty_like(rankings)
    np.put_along_axis(scores, rankings, -np.arange(rankings.shape[1])[None], axis=1)
    relevance = ListRelevance.from_lists(relevant, rankings.shape[1], junk)
    queries, gallery = torch.eye(len(rankings)), torch.from_numpy(scores.T).float()
    return evaluate(queries, gallery, relevance, RankingMetrics(names), similarity="ip")


@st.composite
def benchmarks(draw):
    n_gallery, n_queries = draw(st.integers(1, 40)), draw(st.integers(1, 8))
    kinds = st.lists(st.sampled_from("rj.."), min_size=n_gallery, max_size=n_gallery)
    kinds = [draw(kinds) for _ in range(n_queries)]
    of_kind = [
        [[item for item, kind in enumerate(one) if kind == wanted] for one in kinds] for wanted in ("r", "j")
    ]
    return [draw(st.permutations(range(n_gallery))) for _ in range(n_queries)], *of_kind


def test_a_relevant_picture_beyond_the_kept_list_counts_as_the_last():
    # Published: the last relevant picture stands at 150, so P@10 is over 10, though 100 are kept.
    ranking = [*range(200)]
    relevant, junk = [0, 149], [3]
    found = measured([ranking], [relevant], [junk])
    assert [found.means[name] for name in NAMES] == [
        pytest.approx(float(value)) for value in published(ranking, relevant, junk)
    ]
    assert found.means["precision@10:last"] == 1 / 10


@settings(deadline=None, max_examples=25)
@given(benchmarks())
def test_random_rankings_measure_as_published(benchmark):
    rankings, relevant, junk = benchmark
    found = measured(rankings, relevant, junk)
    expected = [published(*one) if one[1] else None for one in zip(rankings, relevant, junk, strict=True)]
    answerable = [one for one in expected if one is not None]
    assert found.n_left_out == len(expected) - len(answerable)
    for column, name in enumerate(NAMES):
        for value, one in zip(found.per_query[name], expected, strict=True):
            assert np.isnan(value) if one is None else abs(value - float(one[column])) <= 1e-12
        if answerable:
            mean = sum(one[column] for one in answerable) / len(answerable)
            assert abs(found.means[name] - float(mean)) <= 1e-12


def test_a_case_by_hand():
    # Junk 9 and 8 struck out: relevant at ranks 1 and 4 of 0 5 6 1 7. AP = (1 + (1/3 + 2/4) / 2) / 2.
    found = measured([[9, 0, 5, 8, 6, 1, 7, 2, 3, 4]], [[0, 1]], [[9, 8]])
    assert found.means["map:trapezoid"] == pytest.approx(17 / 24, abs=1e-15)
    assert found.means["precision@1:last"] == 1
    assert found.means["precision@5:last"] == 0.5  # the last relevant one is at rank 4
    assert found.means["precision@10:last"] == 0.5


def test_a_cutoff_before_the_last_relevant_rank_is_the_cutoff():
    ranking = list(range(30))
    found = measured([ranking], [[0, 1, 29]], [[]])
    assert found.means["precision@10:last"] == 0.2
    assert found.means["precision@5:last"] == 0.4


def test_the_entry_of_the_metrics_group_measures_these():
    assert OmegaConf.load(CONF / "metrics/revisited.yaml").names == NAMES
