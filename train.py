"""Learn embeddings: ``python train.py model=resnet50 loss=infonce``."""

import hydra
from omegaconf import DictConfig

from vsr.config.assemble import run_script


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(cfg: DictConfig) -> float | None:
    """Compose the configuration and train.

    Returns:
        The chosen checkpoint's monitored validation metric, for sweepers; None when it was not measured.
    """
    from vsr.config.assemble import training_run
    from vsr.runs.train import train

    return train(training_run(cfg))


if __name__ == "__main__":
    run_script(main)
