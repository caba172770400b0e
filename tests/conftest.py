"""How tests share a machine, and fixtures of several rooms: pictures on disk, a catalogue in memory."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from vsr.data.catalogue.catalogue import Catalogue


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Of ``-n auto``: a process a core for the whole suite, none of its own for a few files or names."""
    if config.args_source is not config.ArgsSource.TESTPATHS or config.option.keyword:
        return 0
    cores = os.cpu_count() or 1
    workers = min(cores, 8)
    # Inherited by the processes and by scripts they start: more threads than cores wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", str(cores // workers))
    return workers


@pytest.fixture
def write_pictures(tmp_path) -> Callable[..., Path]:
    """``write_pictures({"cup": 3, "kitchen/mug": 2})`` writes class folders of JPEGs and gives their root.

    A picture is a flat color of its label with some noise, so that a network can learn the labels.
    """

    def write(counts: Mapping[str, int], size: tuple[int, int] = (40, 32), suffix: str = ".jpg") -> Path:
        random = np.random.default_rng(0)
        root = tmp_path / "photos"
        for label, count in counts.items():
            (root / label).mkdir(parents=True, exist_ok=True)
            color = random.integers(30, 226, size=3)
            for number in range(count):
                noise = random.integers(-20, 21, size=(size[1], size[0], 3))
                pixels = (color + noise).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(root / label / f"{number}{suffix}")
        return root

    return write


@pytest.fixture
def make_catalogue() -> Callable[..., Catalogue]:
    """``make_catalogue(train={"a": 4}, val={"b": 2})``: pictures of 12 × 10 random pixels in an array."""

    def make(**splits: Mapping[str, int]) -> Catalogue:
        rows = [
            (split, label)
            for split, counts in splits.items()
            for label, count in counts.items()
            for _ in range(count)
        ]
        pixels = np.random.default_rng(0).integers(0, 256, size=(len(rows), 10, 12, 3), dtype=np.uint8)
        table = pd.DataFrame(rows, columns=["split", "product"])
        table = table.assign(
            item=[f"p{row}" for row in range(len(rows))], image=np.arange(len(rows)), role="both"
        )
        return Catalogue(table, ("product",), "made/v1", pixels=pixels)

    return make
