"""iNaturalist 2018 for retrieval, split by species as in Smooth-AP (Brown et al. 2020, arXiv 2007.12163).

Files as published: the pictures in ``train_val2018/``, the lists of the split in ``Inat_dataset_splits/``,
and ``train2018.json`` with the categories. Every test picture is a query against all other test pictures.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.catalogue.splits import carve
from vsr.data.named_pictures import NamedPictures
from vsr.data.readers.listing import as_published, read_lines
from vsr.data.readers.source import need, root_folder
from vsr.errors import ConfigError, DataError, nearest

PROTOCOL = "inat2018/smooth-ap/v1"
SPLITS_PAGE = "https://github.com/Andrew-Brown1/Smooth_AP"
PAGE = "https://github.com/visipedia/inat_comp/tree/master/2018"
LISTS = "Inat_dataset_splits/Inaturalist_{part}_set1.txt"
RANKS = ("species", "genus", "family", "order", "class", "phylum", "kingdom")
LEVELS = (*RANKS, "supercategory")
COUNTS = {
    "training pictures": 325846,
    "training species": 5690,
    "test pictures": 136093,
    "test species": 2452,
}


class INat2018:
    """Reads iNaturalist 2018 as a catalogue, labels from species to coarser ranks.

    A picture's path names its super-category and species: ``train_val2018/Aves/2761/….jpg``. The ranks
    between are those of the categories in ``train2018.json``, which is read only when ``levels`` name one.

    Args:
        root: folder with the files.
        levels: labels, fine to coarse, of species, genus, family, order, class, phylum, kingdom and
            supercategory; the first is species.
        gains: relevance of sharing each level; None: 2^n - 1 counted from the coarsest.
        val_fraction: share of the training species held out as val.
        seed: of that split.
        image_size: stored for who reads the configuration; the transforms resize.
        on_missing: `vsr.data.named_pictures.NamedPictures`.

    Raises:
        ConfigError: no root, an unknown level, or a share outside 0..1.
    """

    def __init__(
        self,
        root: str | None = None,
        levels: Sequence[str] = ("species", "supercategory"),
        gains: Sequence[float] | None = None,
        val_fraction: float = 0.1,
        seed: int = 0,
        image_size: int = 224,
        on_missing: str = "stop",
    ) -> None:
        if isinstance(levels, str) or len(set(levels)) < len(levels):
            raise ConfigError(f"data.levels must be a list such as [species, genus], each once, got {levels}")
        for level in levels:
            if level not in LEVELS:
                raise ConfigError(f"data.levels: '{level}'{nearest(level, LEVELS)}")
        if not levels or levels[0] != "species":
            raise ConfigError(f"data.levels must begin with species, got {list(levels)}")
        if not 0 <= val_fraction < 1:
            raise ConfigError(f"data.val_fraction must be >= 0 and < 1, got {val_fraction}")
        self.root = root_folder(root, "iNaturalist 2018")
        self.levels = tuple(levels)
        self.gains = tuple(gains or ())
        self.val_fraction = val_fraction
        self.seed = seed
        self.image_size = image_size
        self.on_missing = on_missing

    def read(self) -> Catalogue:
        """The catalogue: train, then test, each in the order of its list.

        Raises:
            DataError: a file or picture is missing, a line or category is not as published, or a species
                stands in both lists.
        """
        lists = {part: self._list(part) for part in ("train", "test")}
        images = [*lists["train"], *lists["test"]]
        columns = self._labels(images)
        split = np.repeat(["train", "test"], [len(lists["train"]), len(lists["test"])])
        species = np.array(columns["species"])
        both = np.intersect1d(species[split == "train"], species[split == "test"])
        if len(both):
            raise DataError(f"species {both[0]} stands in both lists of {self.root / 'Inat_dataset_splits'}")
        pictures = NamedPictures(self.on_missing)
        for part, listed in lists.items():
            pictures.look(pd.Series(listed), self.root, self.root / LISTS.format(part=part), PAGE)
        found = [counted for part in ("train", "test") for counted in _counts(species[split == part])]
        protocol = as_published(PROTOCOL, dict(zip(COUNTS, found, strict=True)), COUNTS)
        if self.val_fraction:
            split = carve(columns["species"], split, (1 - self.val_fraction, self.val_fraction, 0), self.seed)
        table = pd.DataFrame({"item": images, "image": images, "split": split, "role": "both", **columns})
        return pictures.there(Catalogue(table, self.levels, protocol, self.root, gains=self.gains))

    def _list(self, part: str) -> list[str]:
        path = need(self.root / LISTS.format(part=part), SPLITS_PAGE)
        images = [line.strip() for line in read_lines(path) if line.strip()]
        for number, image in enumerate(images, 1):
            if image.count("/") < 2 or not image.split("/")[-2].isdigit():
                raise DataError(
                    f"{path}, line {number}: '{image}' is no path such as train_val2018/Aves/2761/x.jpg"
                )
        if not images:
            raise DataError(f"{path} is empty; it is published at {SPLITS_PAGE}")
        return images

    def _labels(self, images: list[str]) -> dict[str, list[str]]:
        """Label columns of the pictures, fine to coarse."""
        folders = [image.split("/")[-3:-1] for image in images]
        species = [one for _, one in folders]
        found = {"species": species, "supercategory": [name for name, _ in folders]}
        asked = [level for level in self.levels if level not in found]
        if asked:
            path = need(self.root / "train2018.json", PAGE)
            categories = _categories(path, asked)
            unknown = next((one for one in species if one not in categories), None)
            if unknown is not None:
                raise DataError(f"{path} has no category {unknown}, which a list of the split names")
            found |= {level: [categories[one][level] for one in species] for level in asked}
        return {level: found[level] for level in self.levels}


def _categories(path: Path, ranks: Sequence[str]) -> dict[str, dict[str, str]]:
    """Ranks of each category by its number, as text."""
    try:
        categories = json.loads(path.read_text(encoding="utf-8"))["categories"]
        return {str(one["id"]): {rank: str(one[rank]) for rank in ranks} for one in categories}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} has no categories with id, {', '.join(ranks)} ({type(error).__name__}: {error}); "
            f"get the file published at {PAGE}"
        ) from None


def _counts(species: np.ndarray) -> tuple[int, int]:
    return len(species), len(np.unique(species))
