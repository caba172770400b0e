"""Search knobs for a recall."""

import numpy as np
import pytest

from vsr.index.flat import Flat
from vsr.index.hnsw import HNSW
from vsr.index.ivf_flat import IVFFlat
from vsr.index.ivf_sq8 import IVFSQ8
from vsr.index.lsh import LSH
from vsr.index.recall import Truth
from vsr.index.tuning import tune


def vectors(n, seed=0, width=16):
    return np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)


def filled(index, n=3000):
    index.train(vectors(n))
    index.add(vectors(n))
    return index


def test_the_cheapest_knobs_that_reach_the_target_are_set():
    index = filled(IVFFlat(nlist=64))
    queries = vectors(300, seed=1)
    grid = [{"nprobe": n} for n in (1, 4, 16, 64)]
    result = tune(index, queries, target_recall=0.9, grid=grid)
    by_nprobe = {trial.knobs["nprobe"]: trial for trial in result.trials}
    good = [trial for trial in by_nprobe.values() if trial.recall >= 0.9]
    assert result.reached
    assert result.knobs == min(good, key=lambda one: one.seconds).knobs == index.search_knobs
    assert by_nprobe[64].recall == 1
    assert by_nprobe[1].recall < 0.9
    expected = Truth(queries[::2], vectors(3000), 10)
    index.nprobe = 4
    assert by_nprobe[4].recall == expected.recalls(index.search(queries[::2], 10).ids, 10).mean()


def test_the_recall_told_is_that_of_queries_that_did_not_choose():
    index = filled(IVFFlat(nlist=64))
    queries = vectors(200, seed=1)
    queries[::2] = vectors(3000)[:100]  # found in the first list looked into, at k = 1
    result = tune(index, queries, 1.0, k=1, grid=[{"nprobe": 1}])
    assert result.reached
    assert result.recall < 0.9


def test_a_target_out_of_reach_is_said_and_the_best_is_set():
    index = filled(LSH(bits=64))
    result = tune(index, vectors(100, seed=1), 0.99, gallery=vectors(3000))
    assert not result.reached
    assert result.recall < 0.99
    assert "no setting reaches recall@10 0.99; best" in str(result)
    index = filled(IVFFlat(nlist=64))
    result = tune(index, vectors(100, seed=1), 1.0, grid=[{"nprobe": 1}, {"nprobe": 8}, {"nprobe": 2}])
    assert result.knobs == {"nprobe": 8} == index.search_knobs


def test_ids_of_the_users_choosing_are_compared_as_such():
    index = HNSW()
    index.add(vectors(2000), np.arange(2000)[::-1] + 10**6)
    result = tune(index, vectors(50, seed=1), 0.9)
    assert result.reached
    assert result.recall > 0.9


def test_an_exact_index_has_nothing_to_tune():
    result = tune(filled(Flat()), vectors(10, seed=1), 1.0)
    assert (result.reached, result.knobs, result.recall) == (True, {}, 1.0)


@pytest.mark.parametrize(
    ("index", "arguments", "message"),
    [
        (lambda: Flat(), {}, "flat is empty"),
        (
            lambda: filled(Flat()),
            {"target_recall": 1.5},
            "target_recall must be above 0 and at most 1, got 1.5",
        ),
        (lambda: filled(Flat()), {"queries": vectors(1)}, "at least 2 queries, half of them held out; got 1"),
        (lambda: filled(IVFSQ8()), {}, r"ivf_sq8 keeps no vectors to compare with: give tune\(gallery=…\)"),
        (lambda: filled(IVFSQ8()), {"gallery": vectors(9)}, "the index holds 3000 vectors, the gallery 9"),
    ],
)
def test_what_cannot_be_tuned_says_why(index, arguments, message):
    with pytest.raises(ValueError, match=message):
        tune(index(), **{"queries": vectors(10, seed=1), **arguments})
