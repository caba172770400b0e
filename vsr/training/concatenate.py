"""One checkpoint of several: ``python -m vsr.training.concatenate all.ckpt 0/best.ckpt 1/best.ckpt …``.

Its network gives the embeddings of all of them side by side, as `vsr.models.Concatenated` says; evaluate.py
and compare.py take it like any other checkpoint.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from vsr.errors import CheckpointError, UserError
from vsr.files import written_whole
from vsr.training.checkpoints import read_checkpoint, without_weights
from vsr.training.fit import differing

SEEN_ALIKE = ("transforms", "data")  # what decides which pictures a network sees, and of what size
MAY_DIFFER = ("data.fold",)


def concatenate(paths: Sequence[str | Path], out: str | Path) -> None:
    """Write the checkpoint ``out`` of the networks in ``paths``, whole or not at all.

    Args:
        paths: of checkpoints that train.py wrote, two or more; such as the best of each fold.
        out: of the new checkpoint.

    Raises:
        CheckpointError: fewer than two, one that cannot be read, or they look at pictures differently.
    """
    if len(paths) < 2:
        raise CheckpointError(f"give two checkpoints or more to concatenate, got {len(paths)}")
    checkpoints = [read_checkpoint(path) for path in paths]
    first = checkpoints[0]["vsr_config"]
    for path, checkpoint in zip(paths, checkpoints, strict=True):
        _check_alike(first, checkpoint["vsr_config"], path)
    models = [without_weights(checkpoint["vsr_config"]["model"]) for checkpoint in checkpoints]
    state = {
        f"model.models.{number}.{name.removeprefix('model.')}": value
        for number, checkpoint in enumerate(checkpoints)
        for name, value in checkpoint["state_dict"].items()
        if name.startswith("model.")
    }
    config = {**first, "model": {"_target_": "vsr.models.Concatenated", "models": models}}
    with written_whole(out) as aside:
        torch.save({"vsr_config": config, "state_dict": state}, aside)


def _check_alike(first: dict[str, Any], config: dict[str, Any], path: str | Path) -> None:
    for key in SEEN_ALIKE:
        for difference in differing(first.get(key) or {}, config.get(key) or {}, f"{key}."):
            if difference.split(" ")[0] not in MAY_DIFFER:
                raise CheckpointError(
                    f"checkpoint {path} cannot be concatenated with the first: {difference}"
                )


def main() -> int:
    """Concatenate what the command line names; 1 when it cannot be."""
    out, *paths = sys.argv[1:] or [""]
    try:
        if not out.endswith(".ckpt") or Path(out).is_file():
            raise CheckpointError(f"the first argument must be the new .ckpt file, got '{out}'")
        concatenate(paths, out)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
