"""Every entry of every configuration group composes, binds to its class and instantiates."""

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

from vsr.config import assemble
from vsr.errors import ConfigError

CONF = Path(__file__).parents[1] / "conf"
# Groups of train.yaml, by the key under which their node stands.
GROUPS = {
    "model": "model",
    "loss": "loss",
    "memory": "memory",
    "sampler": "sampler",
    "data": "data",
    "data/positives": "positives",
    "transforms": "transforms",
    "optimizer": "optimizer",
    "scheduler": "scheduler",
    "finetune": "finetune",
    "metrics": "metrics",
    "index": "index",
    "logger": "logger",
    "trainer": "trainer",
}
BENCHMARKS = ("cars196", "cub200", "gldv2", "grocery", "inat2018", "inshop", "roxford", "rparis", "sop")
BENCHMARKS += ("vehicleid",)
TORCHVISION = ("cifar10", "cifar100", "fashion_mnist", "flowers102", "food101", "omniglot", "oxford_pet")
NEEDS = {
    "data/positives=pairs": ["positives.path=pairs.csv"],
    "data=folder": ["data.root=photos"],
    "data=shards": ["data.shards=photos"],
    **{f"data={name}": ["data.root=benchmarks"] for name in (*BENCHMARKS, *TORCHVISION)},
}
EXTRAS = {("index", name) for name in ("annoy", "hnswlib", "scann", "usearch")}  # libraries of the same name
EXTRAS |= {("logger", "mlflow")}


def entries() -> list[tuple[str, str]]:
    return sorted((group, path.stem) for group in GROUPS for path in (CONF / group).glob("[!_]*.yaml"))


def composed(*overrides: str, name: str = "train") -> dict:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(name, list(overrides), return_hydra_config=False)
    return assemble.plain(cfg)


@pytest.mark.parametrize(("group", "entry"), entries(), ids=str)
def test_every_entry_composes_and_instantiates(group, entry, tmp_path):
    config = composed(f"{group}={entry}", *NEEDS.get(f"{group}={entry}", []))
    node = config[GROUPS[group]]
    if not node:
        assert entry == "none"
        return
    if (group, entry) in {("trainer", "gpu"), ("trainer", "ddp")}:
        assemble.check_node(node, group)  # made for real only where such a machine is
        return
    if (group, entry) in EXTRAS:
        pytest.importorskip(entry, reason=f"the extra {entry} is not installed")
    objects = {"save_dir": str(tmp_path)} if group == "logger" else {}
    made = assemble.instantiate(node, GROUPS[group], **objects)
    if group == "model":
        width = made.eval()(torch.zeros(1, 3, 64, 64, dtype=torch.uint8)).shape[1]
        assert width == made.width


@pytest.mark.parametrize("path", sorted(CONF.glob("callbacks/*.yaml")), ids=lambda path: path.stem)
def test_every_callback_entry_instantiates(path):
    for name, node in composed(f"callbacks={path.stem}")["callbacks"].items():
        assemble.instantiate(node, f"callbacks.{name}")


@pytest.mark.parametrize("path", sorted(CONF.glob("rerank/*.yaml")), ids=lambda path: path.stem)
def test_every_reranker_entry_instantiates_under_its_own_name(path):
    from vsr.retrieval.search import stage_name

    chosen = composed(f"rerank={path.stem}")["rerank"]
    assert list(chosen) == ([] if path.stem == "none" else [path.stem])
    for name, node in chosen.items():
        assert stage_name(assemble.instantiate(node, f"rerank.{name}")) == name


@pytest.mark.parametrize(
    "chain", [["alpha_qe", "mmr"], ["mmr", "alpha_qe"], ["whitening", "dba", "k_reciprocal"]]
)
@pytest.mark.parametrize("script", ["train", "evaluate"])
def test_rerankers_are_chained_in_the_order_given(script, chain):
    more = ["checkpoint=x.ckpt"] if script == "evaluate" else []
    assert list(composed(f"rerank=[{','.join(chain)}]", *more, name=script)["rerank"]) == chain


@pytest.mark.parametrize("group", ["experiment", "debug"])
def test_every_recipe_composes_and_binds(group):
    for path in sorted((CONF / group).glob("*.yaml")):
        config = composed(f"{group}={path.stem}")
        for key in (*GROUPS.values(),):
            if config[key]:
                assemble.check_node(config[key], key, {"save_dir": ""} if key == "logger" else {})


def test_every_group_folder_is_tested():
    folders = {path.relative_to(CONF).as_posix() for path in CONF.rglob("*") if path.is_dir()}
    others = {"callbacks", "experiment", "debug", "hydra", "hydra/job_logging", "progress"}
    others |= {"hydra/launcher", "hydra/sweeper", "hydra/sweeper/search"}  # run by the sweeps' own tests
    assert folders <= {*GROUPS, *others, "comparison", "vectors", "rerank"}


def test_evaluate_composes():
    config = composed("checkpoint=x.ckpt", name="evaluate")
    assert config["split"] == "test"


@pytest.mark.parametrize("path", sorted(CONF.glob("comparison/*.yaml")), ids=lambda path: path.stem)
def test_every_comparison_names_index_methods_that_are_there(path):
    node = composed(f"comparison={path.stem}", name="compare")["comparison"]
    candidates = assemble.candidates(node.pop("backends"), node.pop("only"), node["metric"], CONF / "index")
    assemble.instantiate(node, "comparison", backends=candidates)


@pytest.mark.parametrize("path", sorted(CONF.glob("vectors/*.yaml")), ids=lambda path: path.stem)
def test_every_source_of_vectors_instantiates(path):
    needs = ["vectors.path=e.npy"] if path.stem == "file" else []
    assemble.instantiate(composed(f"vectors={path.stem}", *needs, name="compare")["vectors"], "vectors")


def test_an_entry_opens_with_the_command_that_uses_it():
    for path in CONF.rglob("*.yaml"):
        if path.stem in {"default", "none"} or "hydra" in path.parts or path.stem.startswith("_"):
            continue
        assert "python " in path.read_text(), f"{path.relative_to(CONF)} names no command"


def test_an_unknown_option_is_named_with_the_nearest():
    with pytest.raises(
        ConfigError, match=r"finetune\.head_lr_facto is not an option of FineTune; did you mean"
    ):
        assemble.instantiate({"_target_": "vsr.training.FineTune", "head_lr_facto": 2}, "finetune")


def test_a_refused_value_names_its_key():
    with pytest.raises(ConfigError, match=r"finetune: head_lr_factor must be >= 0, got -1"):
        assemble.instantiate({"_target_": "vsr.training.FineTune", "head_lr_factor": -1}, "finetune")


def test_a_target_from_elsewhere_is_refused_however_deep_it_lies():
    node = {"_target_": "vsr.losses.Combined", "losses": {"a": {"_target_": "os.system", "command": "true"}}}
    with pytest.raises(ConfigError, match=r"loss\.losses\.a\._target_ must begin with"):
        assemble.instantiate(node, "loss")
    node["losses"]["a"] = {"_target_": "vsr.losses.InfoNCE", "temprature": 1}
    with pytest.raises(ConfigError, match=r"loss\.losses\.a\.temprature is not an option of InfoNCE"):
        assemble.instantiate(node, "loss")


def test_a_sum_takes_any_loss_in_any_place():
    made = assemble.instantiate(
        composed("loss=combined", "loss@loss.losses.second=arcface", "+loss@loss.losses.third=siglip")[
            "loss"
        ],
        "loss",
    )
    assert [type(part).__name__ for part in made.losses.values()] == ["InfoNCE", "ArcFace", "SigLIP"]


def test_a_target_from_elsewhere_is_refused():
    with pytest.raises(ConfigError, match=r"loss\._target_ must begin with"):
        assemble.instantiate({"_target_": "os.system", "command": "true"}, "loss")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.gains=3", r"data\.gains must be a list or null, got 3"),
        ("data.fold=[1]", None),
        ("transforms.flip=x", r"transforms\.flip must be a number, got x"),
        ("transforms.scale=0.5", r"transforms\.scale must be a list, got 0\.5"),
        ("sampler.batch_size=[1]", r"sampler\.batch_size must be a whole number, got \[1\]"),
    ],
)
def test_a_value_of_another_kind_is_one_line(override, message):
    config = composed("data=grocery", "data.root=x", override)
    group = override.partition(".")[0]
    if message is None:  # stored and checked later: what a constructor takes is not second-guessed
        assemble.instantiate(config[group], group)
        return
    with pytest.raises(ConfigError, match=message):
        assemble.instantiate(config[group], group)


def test_evaluating_on_a_gpu_by_the_name_of_an_entry_keeps_the_precision_of_training():
    assert composed("trainer=gpu", "checkpoint=x", name="evaluate")["trainer"]["precision"] == "as_trained"
