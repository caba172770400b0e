import numpy as np
import pytest

from vsr.errors import ConfigError, DataError
from vsr.retrieval.rerankers.policy import Policy


def made(world, *rules):
    policy = Policy(*rules)
    policy.prepare(world.context)
    return policy.rerank(world.queries, world.gallery, world.neighbors)


def test_excluded_items_are_taken_out_and_the_rest_stays_in_order(world):
    found = made(world, {"in_stock": [False]})
    in_stock = (np.arange(20, 100) % 3 > 0)[world.neighbors.ids]
    for query in range(20):
        kept = found.ids[query][found.ids[query] >= 0]
        assert kept.tolist() == world.neighbors.ids[query][in_stock[query]].tolist()


def test_demoted_items_come_last_in_order(world):
    found = made(world, None, {"product": [1, "2"]})
    low = np.isin(world.labels, [1, 2])[world.neighbors.ids]
    for query in range(20):
        before = world.neighbors.ids[query]
        assert found.ids[query].tolist() == [*before[~low[query]], *before[low[query]]]


def test_an_item_that_is_both_is_taken_out(world):
    found = made(world, {"product": [1]}, {"product": [1]})
    assert not np.isin(world.labels[found.ids[found.ids >= 0]], [1]).any()


def test_no_rule_changes_nothing(world):
    for ours, before in zip(made(world), world.neighbors, strict=True):
        np.testing.assert_array_equal(ours, before)


def test_a_column_that_is_not_there_is_told(world):
    with pytest.raises(
        DataError, match=r"rerank\.policy: small/v1 has no column 'in_stok'; did you mean 'in_stock'"
    ):
        Policy({"in_stok": [False]}).prepare(world.context)


def test_use_before_the_catalogue_is_told(world):
    with pytest.raises(ConfigError, match="must see the catalogue first"):
        Policy().rerank(world.queries, world.gallery, world.neighbors)
