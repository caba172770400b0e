"""Where a number comes from: versions, commit, command."""

import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vsr.extras import DISTRIBUTION

LIBRARIES = ("torch", "torchvision", "lightning", "torchmetrics", "faiss-cpu", "hydra-core", "numpy")
PROVENANCE = "provenance.json"


def provenance(
    config: dict[str, Any], split: str, checkpoint: Path | None, skipped: list[int]
) -> dict[str, Any]:
    """Where an evaluation comes from; ``config`` is what lets its catalogue be read again.

    Args:
        config: resolved plain configuration.
        split: val or test.
        checkpoint: the file measured; None for weights as they were at the end of a run.
        skipped: catalogue rows left out because their pictures could not be decoded.
    """
    return {
        "checkpoint": None if checkpoint is None else str(checkpoint),
        "split": split,
        "command": command(),
        "versions": versions(),
        "git": git_state(),
        "skipped": skipped,
        "config": config,
    }


def versions() -> dict[str, str]:
    """Version of Python and of the packages that decide a number."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in (DISTRIBUTION, *LIBRARIES):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue  # run from a copied source tree, or the GPU build of Faiss
    return found


def git_state(folder: Path | None = None) -> dict[str, Any] | None:
    """Commit of the source tree and whether it was changed since; None outside a git checkout."""
    folder = folder or Path(__file__).parent

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=True, timeout=10
        )
        return done.stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain", "-uno"))}
    except (OSError, subprocess.SubprocessError):
        return None


def command() -> str:
    """The command line as typed, the script by its name alone."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
