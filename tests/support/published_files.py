"""The real files of a benchmark, where somebody has them."""

import os
from pathlib import Path

import pytest


def folder_of(name: str) -> str:
    """The folder ``name`` in the environment's VSR_BENCHMARKS; the test is skipped where there is none."""
    path = Path(os.environ.get("VSR_BENCHMARKS", "")) / name
    if "VSR_BENCHMARKS" not in os.environ or not path.is_dir():
        pytest.skip(f"VSR_BENCHMARKS names no folder with the published files in {name}/")
    return str(path)
