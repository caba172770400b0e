"""The main job, end to end, small."""

import csv
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

ROOT = Path(__file__).parents[2]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def result(folder: Path) -> dict:
    summary = json.loads((folder / "summary.json").read_text())
    return {key: summary[key] for key in ("untrained", "val", "test", "best_epoch", "catalogue", "counts")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "one"


@pytest.fixture
def trained(script, folder, tiny):
    """A finished run, made once for the module."""
    if not (folder / "summary.json").exists():
        code, out, err = script("train", *tiny, f"hydra.run.dir={folder}")
        assert code == 0, err
        (folder / "out.txt").write_text(out)
    return folder


def test_the_run_folder_holds_all_that_is_promised(trained):
    for name in (
        "config.yaml",
        "metrics.csv",
        "summary.json",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "curves.png",
        "searches.jpg",
        "report.html",
    ):
        assert (trained / name).stat().st_size > 0, name


def test_metrics_start_with_the_untrained_network(trained):
    table = rows(trained)
    assert [row["epoch"] for row in table] == ["0", "1", "2"]
    assert table[0]["train/loss"] == ""
    for name in ("val/mrr", "val/recall@1", "val/precision@10", "val/map", "val/ndcg@10", "val/hit_rate@1"):
        assert all(0 <= float(row[name]) <= 1 for row in table), name


def test_summary_has_the_promised_keys(trained):
    summary = json.loads((trained / "summary.json").read_text())
    for split in ("untrained", "val", "test"):
        assert {"map", "hit_rate@1", "mrr", "ndcg@10"} <= summary[split].keys()
    assert summary["protocol"].startswith("toystore/")
    assert {"best_epoch", "seconds", "versions", "git", "seed"} <= summary.keys()
    assert 1 <= summary["best_epoch"] <= 2


def test_a_person_sees_epochs_table_and_folder(trained):
    out = (trained / "out.txt").read_text()
    assert "before training" in out
    assert "untrained" in out
    assert str(trained) in out.replace("\n", "")


def test_the_report_needs_nothing_but_a_browser(trained):
    html = (trained / "report.html").read_text()
    assert "data:image/png;base64" in html
    assert 'src="http' not in html
    assert 'href="http' not in html


def test_the_same_seed_gives_the_same_numbers(trained, script, tiny, tmp_path):
    code, _, err = script("train", *tiny, f"hydra.run.dir={tmp_path}/again")
    assert code == 0, err
    assert result(tmp_path / "again") == result(trained)
    assert rows(tmp_path / "again") == rows(trained)


def test_evaluating_more_often_changes_no_weight(trained, script, tiny, tmp_path):
    code, _, err = script(
        "train", *tiny, f"hydra.run.dir={tmp_path}/rare", "trainer.check_val_every_n_epoch=2"
    )
    assert code == 0, err
    often, rare = (
        torch.load(path / "checkpoints/last.ckpt", weights_only=True)["state_dict"]
        for path in (trained, tmp_path / "rare")
    )
    assert all(torch.equal(often[name], rare[name]) for name in often)
    table = rows(tmp_path / "rare")
    assert table[1]["val/map"] == ""
    assert table[2]["val/map"] == rows(trained)[2]["val/map"]


@pytest.mark.parametrize("split", ["val", "test"])
def test_evaluate_gives_the_same_numbers_to_the_last_digit(trained, script, tmp_path, split):
    code, _, err = script(
        "evaluate",
        f"checkpoint={trained}/checkpoints/best.ckpt",
        f"split={split}",
        f"hydra.run.dir={tmp_path}/e",
        "threads=2",
    )
    assert code == 0, err
    measured = json.loads((tmp_path / "e/evaluation.json").read_text())
    assert measured["means"] == result(trained)[split]


def test_a_checkpoint_of_ours_starts_another_run(trained, script, tiny, tmp_path):
    code, _, err = script(
        "train",
        *tiny,
        f"model.weights={trained}/checkpoints/best.ckpt",
        "trainer.max_epochs=1",
        f"hydra.run.dir={tmp_path}/fine",
    )
    assert code == 0, err
    start = json.loads((tmp_path / "fine/summary.json").read_text())["untrained"]
    assert start == result(trained)["test"]


def test_self_supervision_by_augmentation_trains(script, tiny, tmp_path):
    code, _, err = script(
        "train",
        *tiny,
        "data/positives=augment",
        "sampler=random",
        "trainer.max_epochs=1",
        f"hydra.run.dir={tmp_path}/ssl",
    )
    assert code == 0, err


def test_pairs_train(script, tiny, tmp_path):
    from vsr.data.readers.toystore import Toystore

    table = Toystore(products=24, photos=4, image_size=32).read().table
    train = table[table["split"] == "train"]
    groups = [group["item"].tolist() for _, group in train.groupby("product")]
    pd.DataFrame([{"query": one[0], "positive": one[1]} for one in groups]).to_csv(
        tmp_path / "p.csv", index=False
    )
    code, _, err = script(
        "train",
        *tiny,
        "data/positives=pairs",
        f"positives.path={tmp_path}/p.csv",
        "sampler=random",
        "sampler.batch_size=4",
        "trainer.max_epochs=1",
        f"hydra.run.dir={tmp_path}/pairs",
    )
    assert code == 0, err


def test_corrupt_and_missing_pictures_are_skipped_when_asked_and_counted_in_summary_and_report(
    script, tiny, tmp_path, write_pictures
):
    root = write_pictures(dict.fromkeys("abcdefgh", 4))
    broken = sorted(root.rglob("0.jpg"))[::2]
    for path in broken:
        path.write_bytes(path.read_bytes()[:100])
    images = [*(path.relative_to(root).as_posix() for path in sorted(root.rglob("*.jpg"))), "a/gone.jpg"]
    (root / "m.csv").write_text("image,label\n" + "".join(f"{image},{image[0]}\n" for image in images))
    own = [one for one in tiny if not one.startswith("data.")]
    code, _, err = script(
        "train",
        *own,
        "data=folder",
        f"data.root={root}",
        "data.manifest=m.csv",
        "data.on_missing=skip",
        "data.image_size=32",
        "sampler.batch_size=8",
        "loader.on_corrupt=skip",
        f"hydra.run.dir={tmp_path}/skip",
    )
    assert code == 0, err
    summary = json.loads((tmp_path / "skip/summary.json").read_text())
    assert len(summary["skipped"]) == len(broken)
    assert summary["missing"] == ["a/gone.jpg"]
    assert summary["protocol"].endswith("/1-missing")
    report = (tmp_path / "skip/report.html").read_text()
    assert f"{len(broken)} pictures" in report
    assert "1 picture named in a list could not be found; left out." in report


def test_frozen_epochs_leave_the_backbone_as_it_was(script, tiny, tmp_path):
    code, _, err = script(
        "train",
        *tiny,
        "finetune.freeze_backbone_epochs=1",
        "trainer.max_epochs=1",
        "finetune.head_lr_factor=10",
        f"hydra.run.dir={tmp_path}/frozen",
    )
    assert code == 0, err
    from vsr.models.embedding import EmbeddingModel

    config = yaml.safe_load((tmp_path / "frozen/config.yaml").read_text())
    torch.manual_seed(config["seed"])
    fresh = EmbeddingModel(**{key: value for key, value in config["model"].items() if key != "_target_"})
    state = torch.load(tmp_path / "frozen/checkpoints/last.ckpt", weights_only=True)["state_dict"]
    for name, value in fresh.state_dict().items():
        same = torch.equal(state[f"model.{name}"], value)
        assert same == name.startswith(("backbone.", "pictures.")), name


def killed_after(folder: Path, epoch: int, overrides: list[str], store_cache: Path) -> None:
    """Start a run in a process of its own and kill it, unwarned, once ``epoch`` is in metrics.csv."""
    process = subprocess.Popen(
        [sys.executable, "train.py", *overrides, f"hydra.run.dir={folder}"],
        cwd=ROOT,
        env={**os.environ, "VSR_CACHE": str(store_cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if (folder / "checkpoints/last.ckpt").exists() and len(rows(folder)) > epoch:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / "summary.json").exists(), "the run ended before it was killed"


def test_a_killed_run_resumes_to_the_same_result(script, tiny, tmp_path, store_cache):
    longer = [*tiny, "trainer.max_epochs=4"]
    code, _, err = script("train", *longer, f"hydra.run.dir={tmp_path}/whole")
    assert code == 0, err
    killed_after(tmp_path / "killed", 1, longer, store_cache)
    code, _, err = script("train", *longer, f"hydra.run.dir={tmp_path}/killed", "ckpt_path=last")
    assert code == 0, err
    assert result(tmp_path / "killed") == result(tmp_path / "whole")
    assert rows(tmp_path / "killed") == rows(tmp_path / "whole")
    # And in a folder made from the time: the run beside it is found, its best checkpoint comes along.
    (tmp_path / "killed/summary.json").unlink()
    by_time = f"hydra.run.dir={tmp_path}/other-${{now:%Y}}"
    code, _, err = script("train", *longer, by_time, "ckpt_path=last")
    assert code == 0, err
    (other,) = tmp_path.glob("other-*")
    assert result(other) == result(tmp_path / "whole")
    assert math.isfinite(json.loads((other / "summary.json").read_text())["seconds"])
