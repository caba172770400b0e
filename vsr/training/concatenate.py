"""One checkpoint of several: ``python -m vsr.training.concatenate all.ckpt 0/best.ckpt 1/best.ckpt …``.

Its network gives the embeddings of all of them side by side, as `vsr.models.Concatenated` says; evaluate.py
and compare.py take it like any other checkpoint.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from vsr.as_trained import AS_TRAINED
from vsr.errors import CheckpointError, UserError
from vsr.files import written_whole
from vsr.precision import precision_of
from vsr.training.checkpoints import VAL_SEEN, looks_at_test, read_checkpoint, without_weights
from vsr.training.resume import differences

FOLD = "data.fold"
TRAINING = ("scale", "ratio", "flip", "rotate", "color", "hue", "gray", "blur", "blur_radius", "erase")
LOCAL = ("local_size", "local_scale")
# Of data and transforms, what changes neither the pictures that are measured nor how they are shown.
MAY_DIFFER = (FOLD, "data.download", "data.cache_dir", *(f"transforms.{one}" for one in (*TRAINING, *LOCAL)))
ADDED = {"crop_share": 1.0}  # options of transforms that older checkpoints lack, and what they then were


def concatenate(paths: Sequence[str | Path], out: str | Path) -> None:
    """Write the checkpoint ``out`` of the networks in ``paths``, whole or not at all.

    Args:
        paths: of checkpoints that train.py wrote, two or more; such as the best of each fold.
        out: of the new checkpoint.

    Raises:
        CheckpointError: fewer than two, one that cannot be read or has adapters, or some are of other data
            or see pictures differently.
    """
    if len(paths) < 2:
        raise CheckpointError(f"give two checkpoints or more to concatenate, got {len(paths)}")
    checkpoints = [read_checkpoint(path) for path in paths]
    configs = [checkpoint["vsr_config"] for checkpoint in checkpoints]
    for path, config in zip(paths, configs, strict=True):
        _check_alike(configs[0], config, path, paths[0])
    models = [without_weights(config["model"]) for config in configs]
    state = {
        f"model.models.{number}.{name.removeprefix('model.')}": value
        for number, checkpoint in enumerate(checkpoints)
        for name, value in checkpoint["state_dict"].items()
        if name.startswith("model.")
    }
    config = {**configs[0], "model": {"_target_": "vsr.models.Concatenated", "models": models}}
    config[VAL_SEEN] = len({(one.get("data") or {}).get("fold") for one in configs}) > 1
    for one in configs:
        if looks_at_test(one):  # one that was chosen on test marks them all
            config["callbacks"] = one["callbacks"]
    with written_whole(out) as aside:
        torch.save({"vsr_config": config, "state_dict": state}, aside)


def _check_alike(first: dict[str, Any], config: dict[str, Any], path: str | Path, to: str | Path) -> None:
    """Raise where the checkpoint of ``config`` does not go with the ``first``."""
    if "rank" in (config.get("finetune") or {}):
        rank = config["finetune"]["rank"]
        raise CheckpointError(f"checkpoint {path} cannot be concatenated: it has adapters (rank {rank})")
    found = differences(_seen(first), _seen(config))
    told = [f"{key} ({new}, not {old})" for key, (old, new) in found.items() if key not in MAY_DIFFER]
    if told:
        raise CheckpointError(
            f"checkpoint {path} cannot be concatenated with {to}: it differs in {', '.join(told)}"
        )


def _seen(config: dict[str, Any]) -> dict[str, Any]:
    """What decides which pictures a network sees, how, and in which precision."""
    transforms = config.get("transforms") or {}
    return {
        "data": config.get("data") or {},
        "transforms": {**ADDED, **transforms},
        "trainer": {"precision": precision_of(config, AS_TRAINED, "trainer.precision")},
    }


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
