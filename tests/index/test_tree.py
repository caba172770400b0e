"""Partitions within partitions."""

import numpy as np
import pytest

from vsr.index.tree import Tree


def vectors(n=3000, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def tree():
    return Tree.grown(vectors(), branching=4, leaf_size=20, seed=0)


def test_every_node_but_the_root_is_one_others_child(tree):
    children = [
        child
        for first, count in zip(tree.first, tree.count, strict=True)
        for child in range(first, first + count)
    ]
    assert sorted(children) == list(range(1, len(tree.centers)))
    assert (tree.count <= 4).all()
    assert sorted(tree.leaf[tree.leaf >= 0]) == list(range(tree.n_leaves))


def test_all_leaves_are_met_once_when_all_are_asked_for(tree):
    leaves = tree.nearest_leaves(vectors(7, seed=1), tree.n_leaves + 3, "l2")
    assert (np.sort(leaves[:, : tree.n_leaves], axis=1) == np.arange(tree.n_leaves)).all()
    assert (leaves[:, tree.n_leaves :] == -1).all()


def best_first(tree, query, n):
    """With a sorted list, a query at a time."""
    waiting, found = [(0.0, 0)], []
    while waiting and len(found) < n:
        waiting.sort()
        _, node = waiting.pop(0)
        if tree.count[node] == 0:
            found.append(int(tree.leaf[node]))
        for child in range(tree.first[node], tree.first[node] + tree.count[node]):
            waiting.append((float(((tree.centers[child] - query) ** 2).sum()), child))
    return found


def test_few_leaves_come_in_the_order_of_best_first_search(tree):
    queries = vectors(40, seed=2)
    for query, leaves in zip(queries, tree.nearest_leaves(queries, 7, "l2"), strict=True):
        assert leaves.tolist() == best_first(tree, query, 7)


def test_vectors_that_are_all_alike_are_one_leaf():
    alike = Tree.grown(np.ones((500, 5), np.float32), branching=4, leaf_size=20, seed=0)
    assert alike.nearest_leaves(vectors(3), 2, "l2")[:, 0].min() >= 0
