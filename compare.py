"""Compare index methods: ``python compare.py checkpoint=outputs/train/<run>/checkpoints/best.ckpt``."""

import hydra
from omegaconf import DictConfig

from vsr.config.assemble import run_script


@hydra.main(version_base="1.3", config_path="conf", config_name="compare")
def main(cfg: DictConfig) -> None:
    """Compose the configuration, measure and report."""
    from vsr.config.assemble import index_comparison_run
    from vsr.runs.compare_indexes import compare

    compare(index_comparison_run(cfg))


if __name__ == "__main__":
    run_script(main)
