"""Measure a checkpoint: ``python evaluate.py checkpoint=outputs/train/<run>/checkpoints/best.ckpt``."""

import hydra
from omegaconf import DictConfig

from vsr.assemble import run_script


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """Compose the configuration and measure."""
    from vsr.assemble import evaluation_run
    from vsr.training import evaluate_checkpoint

    evaluate_checkpoint(evaluation_run(cfg))


if __name__ == "__main__":
    run_script(main)
