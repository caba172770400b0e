"""What a run was trained with, and what the command line of a later script changes in it."""

import importlib
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from vsr.as_trained import KEYS, in_todays_words, merged
from vsr.config import assemble
from vsr.errors import ConfigError

CONF = Path(__file__).parents[1] / "conf"
TRAINED = {
    "seed": 3,
    "data": {
        "_target_": "vsr.data.readers.Folder",
        "root": "photos",
        "levels": ["product"],
        "image_size": 64,
    },
    "transforms": {"_target_": "vsr.data.pictures.PictureTransforms", "size": 64, "flip": 0.0},
    "metrics": {"_target_": "vsr.metrics.RankingMetrics", "names": ["map", "mrr"]},
    "evaluation": {"depth": 100, "similarity": "cosine"},
    "index": {"_target_": "vsr.index.HNSW", "m": 32},
    "rerank": {"alpha_qe": {"_target_": "vsr.retrieval.rerankers.AlphaQE", "n": 10}},
}


def told(*words, script="evaluate", trained=TRAINED):
    """The configuration that ``words`` make of what was trained."""
    keys = ("data", "transforms", "loader") if script == "compare" else KEYS
    typed = [word.lstrip("+").partition("=")[0] for word in words]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return assemble._overridden(trained, compose(script, [*words, "checkpoint=x.ckpt"]), keys, typed)


def test_nothing_said_changes_nothing():
    assert told() == {**{key: {} for key in KEYS}, **TRAINED}


@pytest.mark.parametrize("how", ["{}=none", "~{}"])
@pytest.mark.parametrize("key", ["index", "rerank"])
def test_what_was_trained_with_is_switched_off(key, how):
    assert told(how.format(key))[key] == {}


def test_an_empty_list_switches_rerankers_off():
    assert told("rerank=[]")["rerank"] == {}


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_a_value_is_changed_and_its_neighbors_stay(sign):
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


@pytest.mark.parametrize("script", ["evaluate", "compare"])
@pytest.mark.parametrize("words", [["data.image_size=96"], ["data=toystore", "data.image_size=96"]])
def test_another_picture_size_is_that_of_data_and_of_what_the_network_sees(words, script):
    made = told(*words, script=script)
    assert (made["data"]["image_size"], made["transforms"]["size"]) == (96, 96)
    assert made["transforms"]["flip"] == 0.0


@pytest.mark.parametrize("words", [["data=folder", "data.root=x"], ["data=toystore", "transforms=light"]])
def test_other_data_are_seen_in_the_size_of_training(words):
    made = told(*words)
    assert (made["data"]["image_size"], made["transforms"]["size"]) == (64, 64)


def test_an_entrys_own_size_counts_when_it_is_typed():
    assert told("data=toystore", "data.image_size=48")["transforms"]["size"] == 48


def test_the_size_of_the_view_alone_can_be_given():
    made = told("transforms.size=32")
    assert (made["data"]["image_size"], made["transforms"]["size"]) == (64, 32)
    made = told("data.image_size=96", "transforms.size=32")
    assert (made["data"]["image_size"], made["transforms"]["size"]) == (96, 32)


def test_a_size_that_decides_nothing_is_refused_in_one_line():
    trained = {**TRAINED, "transforms": {**TRAINED["transforms"], "size": 40}}
    with pytest.raises(ConfigError, match=r"at data\.image_size=64; give transforms\.size=96"):
        told("data.image_size=96", trained=trained)
    assert told("data=toystore", trained=trained)["transforms"]["size"] == 40


def test_a_configuration_of_an_earlier_release_is_read_in_todays_words():
    before = {
        "data": {"_target_": "vsr.data.toystore.Toystore", "products": 3},
        "transforms": {"_target_": "vsr.data.PictureTransforms", "grey": 0.2},
        "loss": {"_target_": "vsr.losses.InfoNCE", "grey": 1},
    }
    assert in_todays_words(before) == {
        "data": {"_target_": "vsr.data.readers.Toystore", "products": 3},
        "transforms": {"_target_": "vsr.data.PictureTransforms", "gray": 0.2},
        "loss": {"_target_": "vsr.losses.InfoNCE", "grey": 1},
    }


def test_targets_of_an_earlier_release_are_still_there():
    before = """vsr.data.Folder vsr.data.PictureTransforms vsr.data.benchmarks.Cub200 vsr.data.BalancedBatches
    vsr.data.LabelPositives vsr.data.Shards vsr.data.toystore.Toystore vsr.index.HNSW vsr.index.IVFSQ8
    vsr.losses.SupConIn vsr.metrics.RankingMetrics vsr.models.EmbeddingModel vsr.retrieval.rerankers.AlphaQE
    vsr.training.FineTune vsr.training.LoRA vsr.training.XBM vsr.training.optimizers.Lars"""
    for target in before.split():
        now = in_todays_words({"data": {"_target_": target}})["data"]["_target_"]
        room, _, name = now.rpartition(".")
        assert isinstance(getattr(importlib.import_module(room), name), type), target
