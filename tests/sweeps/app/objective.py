"""A quick stand-in for train.py: a curve that falls short of its peak at x = 1, over some epochs."""

import csv
import json
import os
import signal
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from vsr.config.assemble import instantiate, run_script
from vsr.errors import DataError, Pruned


def value(cfg: DictConfig, epoch: int) -> float:
    return {"a": 1.0, "b": 0.5}[cfg.kind] - (cfg.x - 1) ** 2 - 1 / epoch + cfg.seed / 10


@hydra.main(version_base="1.3", config_path="conf", config_name="objective")
def main(cfg: DictConfig) -> None:
    folder = Path(HydraConfig.get().runtime.output_dir)
    node = cfg.callbacks.get("pruning")
    trial = instantiate(OmegaConf.to_container(node.trial), "trial") if node else None
    rows = []
    for epoch in range(1, cfg.epochs + 1):
        rows.append({"epoch": epoch, "val/map": value(cfg, epoch)})
        with (folder / "metrics.csv").open("w", newline="") as lines:
            writer = csv.DictWriter(lines, ["epoch", "val/map"])
            writer.writeheader()
            writer.writerows(rows)
        if epoch == 2:
            accident(folder)
        if trial is not None and trial.report(epoch, rows[-1]["val/map"]):
            raise Pruned("behind")
    if cfg.fails == folder.name:
        raise DataError("no such picture")
    (folder / "summary.json").write_text(
        json.dumps(
            {
                "val": {"map": rows[-1]["val/map"]},
                "threads": cfg.threads,
                "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
            }
        )
    )


def accident(folder: Path) -> None:
    """What the test has put beside the jobs' folders: a job that dies, or that kills its sweep."""
    if (folder.parent / f"crash-{folder.name}").exists():
        os.kill(os.getpid(), signal.SIGSEGV)
    mark = folder.parent / f"kill-{folder.name}"
    if mark.exists():
        mark.unlink()
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()  # until this job, too, is ended


if __name__ == "__main__":
    run_script(main)
