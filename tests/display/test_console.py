import io

import pytest
from rich.console import Console

from vsr.display.console import epoch_line, short_config

ALL = dict.fromkeys(
    ["mrr", "map", "map@r", "r_precision", "ndcg", "ndcg@10"]
    + [f"{base}@{k}" for base in ("hit_rate", "recall", "precision") for k in (1, 5, 10)],
    0.5,
)


def shown(thing, width=80):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(thing)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def validated(metrics, **more):
    return {f"val/{name}": value for name, value in metrics.items()} | more


def test_epoch_lines_stand_below_their_names_within_80_columns():
    head, first = shown(epoch_line(0, validated(ALL), best=True))
    (later,) = shown(epoch_line(12, validated(ALL, **{"train/loss": 2.5, "lr": 1e-3}), best=True))
    assert first.startswith("before training")
    assert "best" not in first
    assert later.startswith("epoch  12 best")
    assert len(head) == len(first) == len(later) <= 80
    for name in ("hit_rate@1", "map", "mrr", "recall@10", "precision@10", "ndcg@10"):
        end = head.index(name) + len(name)
        assert first[:end].endswith("0.500")
        assert later[:end].endswith("0.500")


@pytest.mark.parametrize(
    ("monitor", "instead"), [("map@r", "map"), ("recall@1", "recall@10"), ("ndcg", "ndcg@10")]
)
def test_the_metric_that_decides_is_the_one_of_its_family_that_is_shown(monitor, instead):
    metrics = validated({**ALL, monitor: 0.25})
    head, first = shown(epoch_line(0, metrics, best=False, monitor=f"val/{monitor}"))
    assert monitor in head.split()
    assert instead not in head.split()
    assert first[: head.index(f" {monitor}") + 1 + len(monitor)].endswith("0.250")
    assert len(head) <= 80


def test_an_epoch_that_was_not_measured_shows_its_loss_alone():
    (line,) = shown(epoch_line(3, {"train/loss": 1.25, "lr": 1e-3}, best=False))
    assert line.split() == ["epoch", "3", "1.250"]


def test_a_resumed_run_can_ask_for_the_names_again():
    assert len(shown(epoch_line(3, validated(ALL), best=False, header=True))) == 2


def test_metrics_through_an_index_do_not_crowd_the_line():
    head, _ = shown(epoch_line(0, validated({**ALL, "hnsw/map": 0.4}), best=False))
    assert head.split().count("map") == 1


def test_what_serving_changes_stands_at_the_end_of_the_line():
    served = {"hnsw/map": 0.46, "hnsw/change/map": -0.04, "hnsw/change/ndcg@10": -0.01}
    head, first = shown(epoch_line(0, validated({**ALL, **served}), best=False))
    assert head.endswith("hnsw Δmap")
    assert first.endswith("−0.040")
    assert len(head) == len(first) <= 80


@pytest.mark.parametrize("metrics", [{"my_metric": 0.5}, {"hnsw/mine": 0.5}])
def test_unknown_metrics_are_shown_when_there_are_no_others(metrics):
    assert "0.500" in shown(epoch_line(0, validated(metrics), best=False))[1]


CONFIG = {
    "seed": 0,
    "threads": None,
    "model": {"_target_": "vsr.models.EmbeddingModel", "backbone": "resnet50", "width": 128, "weights": None},
    "data": {
        "root": "/a/long/path" * 12,
        "positives": {"_target_": "vsr.data.Label", "x": 1},
        "deep": {"k": 2},
    },
    "callbacks": {"best": {"_target_": "vsr.training.BestCheckpoint", "mode": "max"}},
    "optimizer": {"_target_": "torch.optim.AdamW", "_partial_": True, "lr": 0.001, "betas": [0.9, 0.999]},
    "empty": {},
    "hydra": {"run": {"dir": "x"}},
}


def test_the_short_config_says_a_line_a_group():
    lines = shown(short_config(CONFIG))
    assert lines[0] == "run        seed 0"
    assert lines[1] == "model      EmbeddingModel · backbone resnet50 · width 128"
    assert "optimizer  AdamW · lr 0.001 · betas 0.9 0.999" in lines
    assert "callbacks  best BestCheckpoint" in lines
    assert any("positives Label · deep.k 2" in line for line in lines)
    assert not any("hydra" in line or "empty" in line or "threads" in line for line in lines)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_short_config_is_never_wider_than_the_terminal(width):
    lines = shown(short_config(CONFIG), width)
    assert max(map(len, lines)) <= width
    assert "".join(line[11:].strip() for line in lines).count("/a/long") >= 1


def test_an_empty_config_prints_nothing():
    assert not "".join(shown(short_config({})))


def test_long_lists_are_cut_and_classes_in_lists_named():
    crops = [{"_target_": "torchvision.transforms.v2.Crop"}, {"_target_": "torchvision.transforms.v2.Flip"}]
    lines = shown(short_config({"t": {"train": crops, "ks": list(range(9)), "pairs": [[1, 2]]}}))
    assert lines == ["t  train Crop Flip · ks 0 1 2 … (9) · pairs 1 entries"]
