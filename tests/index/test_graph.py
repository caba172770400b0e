"""Graphs over distinct vectors, which answer with every copy."""

import logging

import faiss
import numpy as np
import pytest

from vsr.index.copies import Copies, digests, expanded
from vsr.index.flat import Flat
from vsr.index.recall import Truth
from vsr.index.registry import BACKENDS, load

GRAPHS = ["hnsw", "hnsw_sq8", "nsg", "hnswlib", "usearch"]
WIDTH = 16


@pytest.fixture(autouse=True)
def one_thread():
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    yield
    faiss.omp_set_num_threads(before)


@pytest.fixture(params=GRAPHS)
def name(request):
    if request.param in ("hnswlib", "usearch"):
        pytest.importorskip(request.param, reason=f"the extra {request.param} is not installed")
    return request.param


def normal(n, seed):
    return np.random.default_rng(seed).normal(size=(n, WIDTH)).astype(np.float32)


def with_copies(copies, others):
    """Vectors (n, d), of which ``copies`` are one, scattered among ``others`` distinct ones."""
    held = np.concatenate([np.repeat(normal(1, 1), copies, axis=0), normal(others, 2)])
    return held[np.random.default_rng(3).permutation(len(held))]


def holding(name, held, metric="l2", ids=None):
    index = BACKENDS[name](metric=metric)
    index.train(held)
    index.add(held, ids)
    return index


def alike(index, held, queries, k, ids=None, allowed=None):
    """What it answers: distinct ids, with the scores that comparing everything gives."""
    exact = Flat(index.metric)
    exact.add(held, ids)
    found, expected = (one.search(queries, k, allowed) for one in (index, exact))
    rounded = 0.05 if index.name == "hnsw_sq8" else 1e-4
    np.testing.assert_allclose(found.scores, expected.scores, rtol=rounded, atol=rounded)
    for row in found.ids:
        assert len(set(row[row >= 0])) == (row >= 0).sum()
    return found


@pytest.mark.timeout(60)
@pytest.mark.parametrize("metric", ["cosine", "l2"])
@pytest.mark.parametrize(("copies", "others"), [(70, 100), (2000, 50), (300, 0)])
def test_copies_neither_hide_the_others_nor_stop_the_building(name, metric, copies, others, caplog):
    held = with_copies(copies, others)
    with caplog.at_level(logging.WARNING):
        index = holding(name, held, metric)
    share = f"{100 * (copies - 1) / len(held):.0f} %"
    assert (
        f"{name}: {copies - 1:,} of its {len(held):,} vectors ({share}) are copies of others" in caplog.text
    )
    queries = np.concatenate([normal(50, 2)[:others], normal(1, 1)])
    found = alike(index, held, queries, 20)
    assert Truth(queries, held, 20, metric).recalls(found.ids, 20).mean() > 0.97
    whole = index.search(queries, len(held) + 3).ids
    assert len(index) == len(held)
    assert (whole[:, len(held) :] == -1).all()
    assert all(len(set(row[row >= 0])) == (row >= 0).sum() for row in whole)


def test_few_copies_are_no_news(name, caplog):
    with caplog.at_level(logging.WARNING):
        holding(name, with_copies(3, 500))
    assert "copies" not in caplog.text


def test_without_copies_the_graph_is_the_librarys_own():
    held, queries = normal(500, 4), normal(30, 5)
    own = faiss.index_factory(WIDTH, "HNSW32,Flat", faiss.METRIC_L2)
    own.hnsw.efConstruction = 80
    own.add(held)
    far, places = own.search(queries, 9, params=faiss.SearchParametersHNSW(efSearch=64))
    found = holding("hnsw", held).search(queries, 9)
    assert (found.ids == places).all()
    assert (found.scores == -far).all()


def test_copies_that_come_later_are_known_again(name, tmp_path):
    """Across adds, across blocks of an add, and across saving and loading."""
    held = with_copies(200, 150)
    index = BACKENDS[name](metric="l2")
    index.train(held)
    ids = np.random.default_rng(0).permutation(10_000)[: len(held)]
    for part in np.array_split(np.arange(len(held)), 4):
        index.save(tmp_path / "index")
        index = load(tmp_path / "index")
        index.add(held[part], ids[part])
    assert len(index) - index._copies.n_nodes == 199
    index.save(tmp_path / "index")
    queries = np.concatenate([normal(20, 2), normal(1, 1)])
    before, after = (alike(one, held, queries, 210, ids) for one in (index, load(tmp_path / "index")))
    assert (before.ids == after.ids).all()
    assert index.memory_bytes == pytest.approx((tmp_path / "index").stat().st_size, rel=0.2)


def test_a_filter_lets_through_the_copies_that_are_allowed_and_no_others(name, monkeypatch):
    held = with_copies(200, 150)
    index, queries = holding(name, held), np.concatenate([normal(20, 2), normal(1, 1)])
    copies = np.flatnonzero((held == normal(1, 1)).all(axis=1))
    for few in (0, 10_000):
        monkeypatch.setattr("vsr.index.filtering._FEW", few)
        for allowed in (np.arange(0, 350, 3), copies[:4], np.setdiff1d(np.arange(350), copies)):
            found = alike(index, held, queries, 12, allowed=allowed)
            assert np.isin(found.ids[found.ids >= 0], allowed).all()


def test_a_copy_can_go_while_others_stay_and_the_last_takes_the_node_along(name):
    held = with_copies(100, 150)
    index = holding(name, held)
    if not index.removable:
        return
    copies = np.flatnonzero((held == normal(1, 1)).all(axis=1))
    left, queries = np.arange(250), np.concatenate([normal(20, 2), normal(1, 1)])
    for gone in (copies[:60], np.flatnonzero((held != normal(1, 1)).any(axis=1))[:3], copies[60:]):
        index.remove(gone)
        left = np.setdiff1d(left, gone)
        assert len(index) == len(left)
        alike(index, held[left], queries, 30, ids=left)
    index.add(held[copies[:2]], np.array([900, 901]))
    found = index.search(normal(1, 1), 3)
    assert found.ids[0, :2].tolist() == [900, 901]
    assert found.scores[0, 1] == 0 > found.scores[0, 2]


def test_a_file_from_before_copies_were_told_apart_is_read(name, tmp_path, monkeypatch):
    held = normal(300, 6)
    index = holding(name, held)
    monkeypatch.setattr(index, "_write", index._write_graph)
    index.save(tmp_path / "old")
    read = load(tmp_path / "old")
    queries = normal(20, 7)
    assert (read.search(queries, 5).ids == index.search(queries, 5).ids).all()
    if read.removable:
        read.remove(np.array([5]))
    read.add(held[5:6], np.array([1000]))
    assert read.search(held[5:6], 1).ids[0, 0] in (5, 1000)


def test_digests_are_equal_where_vectors_are():
    vectors = np.array([[0.0, 1], [-0.0, 1], [0, 1 + 2**-23], [0, 1]], np.float32)
    first, second, third, fourth = digests(vectors).tolist()
    assert first == second == fourth != third
    assert len(np.unique(digests(normal(5000, 8)))) == 5000


def test_answers_about_nodes_become_answers_about_places():
    copies = Copies()
    first = np.array([7, 8, 7, 9], np.uint64)
    nodes, new = copies.sorted_out(first)
    assert (nodes.tolist(), new.tolist()) == ([0, 1, 0, 2], [0, 1, 3])
    copies.append(nodes, first[new])
    more = np.array([5, 9], np.uint64)
    nodes, new = copies.sorted_out(more)
    assert (nodes.tolist(), new.tolist()) == ([3, 2], [0])
    copies.append(nodes, more[new])
    scores, found = np.array([[4.0, 3, 2, 1], [9, 8, 0, 0]]), np.array([[2, 0, 3, 1], [0, 1, -1, -1]])
    near, places = expanded(scores, found, 4, copies.table(None))
    assert places.tolist() == [[3, 5, 0, 2], [0, 2, 1, -1]]
    assert near.tolist() == [[4, 4, 3, 3], [9, 9, 8, -np.inf]]
    allowed = np.array([False, True, True, True, True, False])
    assert expanded(scores, found, 4, copies.table(allowed))[1].tolist() == [[3, 2, 4, 1], [2, 1, -1, -1]]
    assert copies.remove(np.array([0, 1])).tolist() == [1]
    assert expanded(scores, found, 4, copies.table(None))[1].tolist() == [[3, 5, 2, 4], [2, -1, -1, -1]]
    assert copies.n_nodes == 3
