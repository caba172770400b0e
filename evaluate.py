"""Measure a checkpoint: ``python evaluate.py checkpoint=outputs/train/<run>/checkpoints/best.ckpt``.

Or compare two evaluations query by query: ``python evaluate.py a=FOLDER b=FOLDER``.
"""

import hydra
from omegaconf import DictConfig

from vsr.config.assemble import run_script


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """Compose the configuration, and measure or compare."""
    from vsr.config.assemble import compares, comparison_run, evaluation_run

    if compares(cfg):
        from vsr.runs.compare_runs import compare_evaluations

        compare_evaluations(comparison_run(cfg))
    else:
        from vsr.runs.evaluate import evaluate_checkpoint

        evaluate_checkpoint(evaluation_run(cfg))


if __name__ == "__main__":
    run_script(main)
