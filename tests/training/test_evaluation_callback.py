from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.loading.dataset import Batch
from vsr.errors import ConfigError, DataError
from vsr.index.flat import Flat
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.rerankers.alpha_qe import AlphaQE
from vsr.retrieval.rerankers.mmr import MMR
from vsr.retrieval.rerankers.policy import Policy
from vsr.retrieval.rerankers.whitening import Whitening
from vsr.training.evaluation_callback import RankingEvaluation


@pytest.fixture
def catalogue():
    """Six test pictures of two products: 0 and 3 are queries, the others gallery."""
    table = pd.DataFrame(
        {
            "item": list("abcdef"),
            "image": range(6),
            "product": ["x", "x", "x", "y", "y", "y"],
            "split": "test",
            "role": ["query", "gallery", "gallery"] * 2,
        }
    )
    return Catalogue(table, ("product",), "six/v1", pixels=np.zeros((6, 2, 2, 3), dtype=np.uint8))


def trainer_of(catalogue):
    return SimpleNamespace(
        datamodule=SimpleNamespace(catalogue=catalogue),
        sanity_checking=False,
        world_size=1,
        callbacks=[],
        is_global_zero=True,
    )


def run(evaluation, catalogue, batches):
    logged = {}
    trainer = trainer_of(catalogue)
    module = SimpleNamespace(
        trainer=trainer, device="cpu", log_dict=lambda values, logger: logged.update(values)
    )
    evaluation.on_test_start(trainer, module)
    for embeddings, rows in batches:
        empty = torch.zeros(0, dtype=torch.long)
        batch = Batch(torch.zeros(len(rows), 1, 3, 2, 2), empty, torch.tensor(rows)[:, None], empty)
        evaluation.on_test_batch_end(trainer, module, torch.tensor(embeddings), batch, 0)
    evaluation.on_test_epoch_end(trainer, module)
    evaluation.on_test_end(trainer, module)
    return logged


RIGHT = [([[1.0, 0.0], [0.9, 0.1], [0.8, 0.1]], [0, 1, 2]), ([[0.0, 1.0], [0.1, 0.9], [0.1, 0.8]], [3, 4, 5])]


def test_products_apart_are_found(catalogue):
    logged = run(RankingEvaluation(RankingMetrics(["map", "hit_rate@1"])), catalogue, RIGHT)
    assert logged == {"test/map": 1.0, "test/hit_rate@1": 1.0}


def test_a_row_seen_twice_counts_once_and_order_does_not_matter(catalogue):
    names = ["map", "recall@1", "precision@10"]
    once = run(RankingEvaluation(RankingMetrics(names)), catalogue, RIGHT)
    twice = run(RankingEvaluation(RankingMetrics(names)), catalogue, [RIGHT[1], RIGHT[0], RIGHT[1]])
    assert once == twice


def test_the_random_state_is_as_before(catalogue):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    evaluation = RankingEvaluation(RankingMetrics(["map"]))
    trainer = trainer_of(catalogue)
    evaluation.on_validation_start(trainer, None)
    torch.rand(5)
    evaluation.on_validation_end(trainer, None)
    assert torch.equal(torch.get_rng_state(), before)


def test_ids_are_positions_that_lead_back_to_catalogue_rows(catalogue):
    evaluation = RankingEvaluation(RankingMetrics(["map"]))
    run(evaluation, catalogue, RIGHT)
    measured = evaluation.latest
    assert measured.query_rows.tolist() == [0, 3]
    nearest = measured.gallery_rows[measured.evaluation.neighbors.ids[:, 0]]
    assert nearest.tolist() == [1, 4]


def test_a_split_without_gallery_says_so(catalogue):
    catalogue.table["role"] = "query"
    with pytest.raises(DataError, match=r"split test of six/v1 has no gallery picture"):
        run(RankingEvaluation(RankingMetrics(["map"])), catalogue, RIGHT)


def test_nothing_seen_says_so(catalogue):
    with pytest.raises(DataError, match="saw no picture"):
        run(RankingEvaluation(RankingMetrics(["map"])), catalogue, [])


def test_index_and_rerankers_are_logged_beside_exact_searchs_lists_with_the_change(catalogue):
    names = ["map", "hit_rate@1"]
    evaluation = RankingEvaluation(RankingMetrics(names), Flat(), [AlphaQE(n=1), MMR()])
    logged = run(evaluation, catalogue, RIGHT)
    stages = ["flat", "flat+alpha_qe+mmr"]
    assert set(logged) == {
        *(f"test/{name}" for name in names),
        *(f"test/{stage}/{name}" for stage in ["exact@100", *stages] for name in names),
        *(f"test/{stage}/change/{name}" for stage in stages for name in names),
    }
    assert logged["test/flat/map"] == logged["test/map"] == 1
    assert logged["test/flat/change/map"] == 0
    measured = evaluation.latest
    assert measured.evaluation is measured.stages[0].evaluation
    assert measured.baseline is measured.stages[1].evaluation
    assert measured.served.name == "flat+alpha_qe+mmr"
    assert {stage.evaluation.protocol for stage in measured.stages} == {"six/v1:test"}


def test_an_index_that_finds_all_that_exact_search_finds_costs_nothing_however_short_the_lists(catalogue):
    # Two relevant pictures a query and lists of one: map cannot be 1, and that is not what the index costs.
    evaluation = RankingEvaluation(RankingMetrics(["map"]), Flat(), depth=1)
    logged = run(evaluation, catalogue, RIGHT)
    assert logged == {
        "test/map": 1.0,
        "test/exact@1/map": 0.5,
        "test/flat/map": 0.5,
        "test/flat/change/map": 0.0,
    }


def test_lists_shorter_than_what_is_relevant_are_warned_of_once(catalogue, caplog):
    evaluation = RankingEvaluation(RankingMetrics(["map", "map@1"]), Flat(), depth=1)
    for _ in range(2):
        run(evaluation, catalogue, RIGHT)
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "on test: Lists hold 1 neighbors, but 2 of 2 queries have more relevant items, up to 2: "
        "after an index or a reranker, map cannot reach what exact search has over the whole ranking. Hold "
        "them against exact@1, or raise evaluation.depth to 2."
    ]
    caplog.clear()
    run(RankingEvaluation(RankingMetrics(["map"]), Flat(), depth=2), catalogue, RIGHT)
    run(RankingEvaluation(RankingMetrics(["map@1"]), Flat(), depth=1), catalogue, RIGHT)
    run(RankingEvaluation(RankingMetrics(["map"]), depth=1), catalogue, RIGHT)
    assert caplog.text == ""


def test_a_collapsed_network_is_told_that_its_metrics_mean_nothing(catalogue, caplog):
    evaluation = RankingEvaluation(RankingMetrics(["map"]))
    run(evaluation, catalogue, [([[1.0, 2.0]] * 6, list(range(6)))])
    assert "the embeddings have collapsed; their metrics mean nothing" in caplog.text
    assert evaluation.latest.warnings.keys() == {"ties"}


def test_policy_and_rows_reach_the_rerankers(catalogue):
    catalogue.table["hidden"] = [False, True, False, False, False, True]
    evaluation = RankingEvaluation(RankingMetrics(["map"]), None, [Policy({"hidden": [True]})])
    run(evaluation, catalogue, RIGHT)
    found = evaluation.latest.served.evaluation.neighbors.ids
    assert set(evaluation.latest.gallery_rows[found[found >= 0]]) == {2, 4}


def test_the_training_split_is_embedded_only_for_who_learns(catalogue, monkeypatch):
    asked = []

    def train_split(module, data):
        asked.append(data.catalogue)
        return torch.eye(6)[:, :2] + 0.1, np.arange(6)

    monkeypatch.setattr("vsr.training.evaluation_callback.train_split", train_split)
    run(RankingEvaluation(RankingMetrics(["map"]), None, [AlphaQE()]), catalogue, RIGHT)
    assert asked == []
    whitening = Whitening()
    run(RankingEvaluation(RankingMetrics(["map"]), None, [whitening]), catalogue, RIGHT)
    assert asked == [catalogue]
    assert whitening.projection_.shape == (2, 2)


@pytest.mark.parametrize(("similarity", "first"), [("cosine", 1), ("ip", 0)])
def test_the_similarity_decides_what_is_near(catalogue, similarity, first):
    # For the query (1, 0), row 1 is long but askew, row 2 short and straight.
    batches = [
        ([[1.0, 0.0], [3.0, 3.0], [0.5, 0.0]], [0, 1, 2]),
        ([[0.0, 1.0], [0.0, 0.1], [0.0, 0.2]], [3, 4, 5]),
    ]
    evaluation = RankingEvaluation(RankingMetrics(["map"]), similarity=similarity)
    run(evaluation, catalogue, batches)
    assert evaluation.latest.evaluation.neighbors.ids[0, 0] == first


def test_an_index_of_another_metric_is_refused():
    with pytest.raises(ConfigError, match=r"evaluation\.similarity is cosine but index\.metric is l2"):
        RankingEvaluation(RankingMetrics(["map"]), Flat("l2"))
    RankingEvaluation(RankingMetrics(["map"]), Flat("l2"), similarity="l2")


@pytest.mark.parametrize("depth", [0, -1])
def test_a_list_of_no_neighbors_is_refused(depth):
    with pytest.raises(ConfigError, match=f"evaluation\\.depth must be >= 1, got {depth}"):
        RankingEvaluation(RankingMetrics(["map"]), depth=depth)


def test_an_unknown_similarity_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"evaluation\.similarity: 'cosin'; did you mean 'cosine'"):
        RankingEvaluation(RankingMetrics(["map"]), similarity="cosin")


def test_without_index_and_rerankers_there_is_nothing_beside_exact_search(catalogue):
    evaluation = RankingEvaluation(RankingMetrics(["map"]))
    run(evaluation, catalogue, RIGHT)
    assert evaluation.latest.values() == {"map": 1.0}
    assert evaluation.latest.served is evaluation.latest.stages[0]
