"""Pictures that look like something, and data sets with known flaws."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from vsr.data.catalogue.catalogue import Catalogue


def photo(seed: int, size: tuple[int, int] = (200, 150)) -> Image.Image:
    """Soft colored shapes, others for every seed: random pixels, enlarged."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def made() -> Callable[..., Image.Image]:
    """``made(seed)``: a picture."""
    return photo


@pytest.fixture
def dataset(tmp_path) -> Callable[..., Catalogue]:
    """``dataset([("a.jpg", "cup", "train"), …])``: a catalogue below ``tmp_path``.

    A row may have a role as its fourth. Files that are missing are written, each a picture of its own.
    """

    def make(rows: list[tuple[str, ...]], **columns) -> Catalogue:
        for number, (image, *_) in enumerate(rows):
            path: Path = tmp_path / image
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                photo(1000 + number).save(path)
        table = pd.DataFrame(
            [(image, label, split, *(role or ["both"])) for image, label, split, *role in rows],
            columns=["image", "product", "split", "role"],
        )
        table["item"] = [f"{image}#{row}" for row, image in enumerate(table["image"])]
        return Catalogue(table.assign(**columns), ("product",), "made/v1", tmp_path)

    return make
