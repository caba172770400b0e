"""What a run was trained with, and what the command line of a later script changes in it."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from vsr import assemble
from vsr.errors import ConfigError
from vsr.trained import KEYS, merged

CONF = Path(__file__).parents[1] / "conf"
TRAINED = {
    "seed": 3,
    "data": {"_target_": "vsr.data.Folder", "root": "photos", "levels": ["product"]},
    "metrics": {"_target_": "vsr.metrics.RankingMetrics", "names": ["map", "mrr"]},
    "evaluation": {"depth": 100, "similarity": "cosine"},
    "index": {"_target_": "vsr.index.HNSW", "m": 32},
    "rerank": {"alpha_qe": {"_target_": "vsr.retrieval.rerankers.AlphaQE", "n": 10}},
}


def told(*words, script="evaluate"):
    """The configuration that ``words`` make of what was trained."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return assemble._overridden(TRAINED, compose(script, [*words, "checkpoint=x.ckpt"]))


def test_nothing_said_changes_nothing():
    assert told() == {**{key: {} for key in KEYS}, **TRAINED}


@pytest.mark.parametrize("how", ["{}=none", "~{}"])
@pytest.mark.parametrize("key", ["index", "rerank"])
def test_what_was_trained_with_is_switched_off(key, how):
    assert told(how.format(key))[key] == {}


def test_an_empty_list_switches_rerankers_off():
    assert told("rerank=[]")["rerank"] == {}


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_a_value_is_changed_and_its_neighbours_stay(sign):
    assert told(f"{sign}evaluation.similarity=l2")["evaluation"] == {"depth": 100, "similarity": "l2"}
    assert told(f"{sign}data.root=others")["data"] == {**TRAINED["data"], "root": "others"}
    assert told(f"{sign}metrics.names=[map@5]")["metrics"]["names"] == ["map@5"]
    assert told(f"{sign}index.m=8")["index"] == {"_target_": "vsr.index.HNSW", "m": 8}
    assert told(f"{sign}rerank.alpha_qe.n=3")["rerank"]["alpha_qe"]["n"] == 3


def test_a_chosen_entry_takes_the_place_of_what_was_trained_with():
    assert told("index=flat", "index.metric=l2")["index"] == {"_target_": "vsr.index.Flat", "metric": "l2"}
    assert list(told("rerank=[mmr,dba]")["rerank"]) == ["mmr", "dba"]
    assert "levels" not in told("data=toystore")["data"]


def test_an_entry_takes_what_it_needs_from_the_groups_trained_with():
    assert told("transforms=light", "data.image_size=48")["transforms"]["size"] == 48


def test_rerankers_are_added_to_those_trained_with_and_taken_away():
    assert list(told("rerank=[as_trained,mmr]")["rerank"]) == ["alpha_qe", "mmr"]
    assert told("rerank.alpha_qe=null")["rerank"] == {"alpha_qe": None}


def test_a_comparison_of_indexes_reads_the_data_likewise():
    assert told("data.root=others", script="compare")["data"] == {**TRAINED["data"], "root": "others"}


def test_the_trained_configuration_itself_is_left_as_it_was():
    told("evaluation.similarity=l2", "rerank.alpha_qe.n=3")
    assert TRAINED["evaluation"]["similarity"] == "cosine"
    assert TRAINED["rerank"]["alpha_qe"]["n"] == 10


def test_values_within_a_value_are_one_line():
    with pytest.raises(ConfigError, match=r"data\.root is one value \(photos\)"):
        merged(TRAINED["data"], {"root": {"a": 1}}, "data")
