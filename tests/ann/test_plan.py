import pytest

from vsr.ann.plan import Candidate, Plan, chosen, settings
from vsr.errors import ConfigError

FLAT = Candidate("flat", "vsr.index.Flat", {"metric": "cosine"}, "exact")


def test_lists_by_knob_mean_all_combinations():
    assert settings({"nprobe": [1, 2], "k_factor": 4}) == [
        {"nprobe": 1, "k_factor": 4},
        {"nprobe": 2, "k_factor": 4},
    ]
    assert settings([{"nprobe": 1}]) == [{"nprobe": 1}]
    assert settings(None) is None


def test_an_unknown_backend_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match="no backend 'hnws'; did you mean 'hnsw'"):
        chosen({"hnsw": {}, "flat": {}}, ["hnws"])
    assert list(chosen({"hnsw": {}, "flat": {}}, ["flat"])) == ["flat"]
    assert list(chosen({"hnsw": {}, "flat": {}}, [])) == ["hnsw", "flat"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"queries": 0},
        {"k": 0},
        {"repeats": 0},
        {"threads": 0},
        {"seconds": 0},
        {"minutes": -1},
        {"memory_gib": 0},
        {"depth": 5},
        {"metrics": ["map"]},
        {"metrics": ["ndcg@50"]},
    ],
)
def test_a_value_that_cannot_be_is_named(wrong):
    with pytest.raises(ConfigError, match=f"comparison.{next(iter(wrong))} must"):
        Plan([FLAT], **wrong)


def test_nothing_to_compare_is_said():
    with pytest.raises(ConfigError, match="nothing to compare"):
        Plan([])


def test_what_changes_the_numbers_changes_the_key():
    plan = Plan([FLAT])
    key = plan.key(FLAT, "f")
    assert key == Plan([FLAT], minutes=99).key(FLAT, "f")
    assert key != Plan([FLAT], k=11).key(FLAT, "f")
    assert key != plan.key(Candidate("flat", FLAT.target, {"metric": "l2"}), "f")
    assert key != plan.key(FLAT, "other vectors")
