"""What Faiss cannot build, and what is made to fit."""

import logging

import numpy as np
import pytest

from vsr.errors import ConfigError
from vsr.index.binary import Binary
from vsr.index.faiss import Faiss
from vsr.index.ivf_flat import IVFFlat
from vsr.index.ivf_pq import IVFPQ
from vsr.index.ivf_rabitq import IVFRaBitQ
from vsr.index.kmeans_tree import KMeansTree
from vsr.index.lsh import LSH
from vsr.index.recall import Truth


def vectors(n=600, width=12, seed=0):
    return np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)


def filled(index, held):
    index.train(held)
    index.add(held)
    return index


@pytest.mark.parametrize(
    ("factory", "metric", "message"),
    [
        ("IVF4,Flatt", "cosine", "faiss: Faiss cannot build 'IVF4,Flatt' for cosine on vectors 12 wide"),
        ("IVF4,PQ5", "l2", "faiss: Faiss cannot build 'IVF4,PQ5' for l2 on vectors 12 wide"),
        ("HNSW8_PQ4", "ip", "'HNSW8_PQ4' ignores the metric ip: take metric=l2"),
    ],
)
def test_a_factory_string_that_cannot_be_says_for_what(factory, metric, message):
    with pytest.raises(ConfigError, match=message):
        Faiss(factory, metric=metric).train(vectors())


def test_a_factory_string_with_an_id_map_is_refused():
    with pytest.raises(ConfigError, match="factory must be without IDMap"):
        Faiss("IDMap,Flat")


def test_a_factory_string_whose_graph_would_never_be_built_is_refused():
    with pytest.raises(ConfigError, match="factory must be without NSG, got 'NSG32,Flat'"):
        Faiss("NSG32,Flat")


@pytest.mark.parametrize(
    "factory", ["Flat", "PQ6", "PCA6,SQ8", "IVF8_HNSW8,Flat", "OPQ4,IVF8,PQ4,RFlat", "RaBitQ"]
)
def test_a_factory_string_has_the_knobs_and_verbs_of_its_parts(factory):
    index = filled(Faiss(factory), vectors())
    names = {"nprobe": "IVF" in factory, "ef_search": "HNSW" in factory, "k_factor": "RFlat" in factory}
    assert set(index.search_knobs) == {name for name, there in names.items() if there}
    assert index.removable == ("RFlat" not in factory)
    found = index.search(vectors(20, seed=1), 5, allowed=np.arange(0, 600, 2))
    assert (found.ids % 2 == 0).all()
    truth = Truth(vectors(20, seed=1), vectors()[::2], 5, ids=np.arange(0, 600, 2))
    assert truth.recalls(found.ids, 5).mean() > 0.1  # 5 of 300 by chance: 0.017


def test_more_lists_than_vectors_are_cut_down_and_few_vectors_repeated_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        index = filled(IVFPQ(nlist=1024), vectors(200))
    assert index.build_knobs["nlist"] == 200
    assert "ivf_pq: nlist 1024 is cut down to 200, the number of training vectors" in caplog.text
    assert "ivf_pq: the 200 training vectors are repeated to make the 256" in caplog.text
    assert (index.search(vectors(200), 1).ids.ravel() == np.arange(200)).all()


def test_lists_grow_with_the_root_of_the_catalogue():
    for n, nlist in ((30, 1), (400, 10), (10_000, 256), (250_000, 2000)):
        index = IVFFlat()
        index._factory(n, 8)
        assert index.build_knobs["nlist"] == nlist


@pytest.mark.parametrize("width", [7, 13])
def test_widths_that_codes_do_not_divide_are_padded(width):
    held = vectors(width=width)
    found = filled(IVFPQ(), held).search(held[:50], 1)
    assert (found.ids.ravel() == np.arange(50)).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IVFPQ(m=5), r"ivf_pq: m must divide the width 12, got 5; choose from \[1, 2, 3, 4, 6, 12\]"),
        (lambda: IVFFlat(nlist=0), "ivf_flat: nlist must be >= 1 or null, got 0"),
        (lambda: IVFPQ(refine="twice"), "refine must be one of exact, fp16, sq8, none, got 'twice'"),
        (lambda: IVFRaBitQ(bits=10), "bits must be 1 to 9, got 10"),
        (lambda: LSH(bits=12), "bits must be a multiple of 8 or null, got 12"),
        (lambda: Binary(bits=-8), "bits must be a multiple of 8 or null, got -8"),
        (lambda: KMeansTree(branching=1), "branching must be >= 2 and leaf_size >= 1, got 1 and 100"),
    ],
)
def test_knobs_that_cannot_be_are_named(make, message):
    with pytest.raises(ConfigError, match=message):
        make().train(vectors())
