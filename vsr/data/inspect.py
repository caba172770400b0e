"""Is a data set fit to be trained on: ``python -m vsr.data.inspect data=folder data.root=photos``.

A script that lives in its room: it composes the configuration and calls, and nothing imports it.
"""

import sys
from pathlib import Path

import hydra
from omegaconf import DictConfig

from vsr.config.assemble import run_script

CONF = Path(__file__).parents[2] / "conf"


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="inspect")
def main(cfg: DictConfig) -> None:
    """Compose the configuration and inspect; exit code 1 where training would be wrong."""
    from vsr.config.assemble import inspection_run
    from vsr.runs.inspect_data import inspect_data

    if not inspect_data(inspection_run(cfg)).usable:
        sys.exit(1)


if __name__ == "__main__":
    run_script(main)
