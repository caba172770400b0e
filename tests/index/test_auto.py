"""An index chosen for a size and a budget."""

import logging

import numpy as np
import pytest

from vsr.errors import ConfigError
from vsr.index import auto
from vsr.index.auto import Auto
from vsr.index.flat import Flat
from vsr.index.hnsw import HNSW
from vsr.index.recall import Truth
from vsr.index.registry import load


def vectors(n, seed=0, width=16):
    random = np.random.default_rng(seed)
    return (random.integers(-3, 4, size=(n, width)) + 0.5 * random.normal(size=(n, width))).astype(np.float32)


def name(n, width, memory_mb, recall):
    return auto.chosen(n, width, memory_mb, recall).backend.name


def test_few_vectors_are_searched_exactly_and_many_through_a_graph():
    assert name(500, 128, None, 0.95) == "flat"
    assert name(1_000_000, 128, None, 0.95) == "hnsw"
    assert name(1_000_000, 128, None, 1.0) == "flat"


def test_less_memory_means_fewer_bytes_a_vector():
    by_budget = [name(1_000_000, 128, mb, 0.5) for mb in (900, 600, 430, 210, 165, 110)]
    assert by_budget == ["hnsw", "ivf_flat", "hnsw_sq8", "ivf_sq8", "ivf_rabitq", "ivf_pq_fastscan"]


def test_what_cannot_reach_the_recall_gives_way_to_what_can():
    assert name(1_000_000, 128, 500, 0.95) == "hnsw_sq8"
    assert name(1_000_000, 128, 500, 0.99) == "hnsw_sq8"  # nothing that fits can: the best that does
    assert name(1_000_000, 128, 600, 0.99) == "ivf_flat"


def test_a_budget_that_nothing_fits_says_what_would():
    with pytest.raises(
        ConfigError, match=r"budget\.memory_mb must be at least 99\.2 for 1,000,000 vectors 128 wide"
    ):
        auto.chosen(1_000_000, 128, 50, 0.9)


@pytest.mark.parametrize("choice", [*auto.CHOICES, auto._EXACT], ids=lambda one: one.backend.name)
def test_the_arithmetic_of_memory_is_right_within_a_third(choice):
    held = vectors(4000, width=64)
    index = choice.backend(**choice.knobs)
    index.train(held)
    index.add(held)
    assert auto.megabytes(choice, *held.shape) * 1e6 == pytest.approx(index.memory_bytes, rel=0.34)


def test_it_tunes_for_the_recall_and_explains_itself(monkeypatch, caplog):
    monkeypatch.setattr(auto, "_FEW", 100)
    index, held = Auto({"memory_mb": 50, "recall": 0.9}), vectors(3000)
    with caplog.at_level(logging.INFO):
        index.train(held)
        index.add(held, np.arange(3000) + 7)
    assert isinstance(index.index_, HNSW)
    assert index.explanation.startswith(
        "hnsw for 3,000 × 16: a graph of whole vectors is the fastest, and needs"
    )
    assert f"ef_search={index.index_.ef_search}: recall@10" in index.explanation
    assert index.explanation in caplog.text
    queries = vectors(100, seed=1)
    truth = Truth(queries, held, 10, ids=np.arange(3000) + 7)
    assert truth.recalls(index.search(queries, 10).ids, 10).mean() > 0.85


def test_it_behaves_like_an_index(tmp_path):
    index, held = Auto(), vectors(300)
    assert (index.search(held[:2], 3).ids == -1).all()
    with pytest.raises(ValueError, match="auto must be trained"):
        index.add(held)
    index.train(held)
    index.add(held)
    assert (len(index), index.search(held[:5], 1).ids.ravel().tolist()) == (300, [0, 1, 2, 3, 4])
    index.remove(np.array([3]))
    index.save(tmp_path / "index")
    assert isinstance(load(tmp_path / "index"), Flat)
    assert (len(index.empty()), index.empty().arguments) == (0, index.arguments)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"memory_gb": 1}, "budget.memory_gb is no part of a budget; did you mean 'memory_mb'"),
        ({"recall": 95}, "budget.recall must be above 0 and at most 1, got 95"),
        ({"memory_mb": 0}, "budget.memory_mb must be > 0 or null, got 0"),
    ],
)
def test_budgets_that_cannot_be_are_refused(budget, message):
    with pytest.raises(ConfigError, match=message):
        Auto(budget)
