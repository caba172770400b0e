"""Pictures of your own: class folders, or a manifest that names the pictures."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import SPLITS, Catalogue
from vsr.data.catalogue.manifest import read_manifest
from vsr.data.catalogue.splits import carve, check_fractions, hold_out_fold, is_disjoint, split_by_label
from vsr.data.catalogue.tables import sibling
from vsr.data.catalogue.walk import SUFFIXES, find_pictures
from vsr.data.named_pictures import NamedPictures
from vsr.errors import ConfigError, DataError

log = logging.getLogger(__name__)

LEVEL_NAMES = ("product", "category", "department", "section")  # of nested folders, from the picture outwards
SPLIT_FOLDERS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


class Folder:
    """Reads a picture folder, or a manifest of one, as a catalogue.

    Without a manifest the folders are the labels: ``root/mug/x.jpg`` has the label ``mug``;
    ``root/kitchen/mug/x.jpg`` the product ``kitchen/mug`` in the category ``kitchen``. A label is the
    folder's whole path, so that two folders of one name stay two; where some branches are less deep, their
    deepest folder is its own finer label. Folders ``train`` and ``val`` or ``test`` right below ``root`` are
    the split.

    A manifest is a CSV, TSV or Parquet table in the catalogue format: `vsr.data.catalogue.read_manifest`.

    Without a split one is made that is disjoint by the finest label, and every val or test picture is a query
    against all others. A split that is given is used as it is; a val or test that it lacks is made of labels
    taken out of train. The protocol's name tells which it was.

    Args:
        root: folder with the pictures; None: the manifest's folder.
        manifest: path of the table, absolute or below the working folder or ``root``; None reads class
            folders.
        levels: names of the label columns, fine to coarse. Class folders: names for the finest levels. None:
            all.
        gains: relevance of sharing each level, fine to coarse; None: 2^n - 1 counted from the coarsest.
        splits: shares of the labels for train, val and test where they are made.
        seed: of the split that is made.
        folds: parts of the labels of train and val, where ``fold`` is given.
        fold: the part that is the validation split instead, 0..folds - 1; there every picture is a query
            against all others.
        image_size: stored for who reads the configuration; the transforms resize.
        on_missing: of a manifest: `vsr.data.named_pictures.NamedPictures`.

    Raises:
        ConfigError: neither ``root`` nor ``manifest`` is given, or ``splits`` are not shares.
    """

    def __init__(
        self,
        root: str | None = None,
        manifest: str | None = None,
        levels: Sequence[str] | None = None,
        gains: Sequence[float] | None = None,
        splits: Sequence[float] = (0.6, 0.15, 0.25),
        seed: int = 0,
        folds: int = 4,
        fold: int | None = None,
        image_size: int = 160,
        on_missing: str = "stop",
    ) -> None:
        if not str(root or "") and not str(manifest or ""):
            raise ConfigError("data.root must name a folder of pictures; give data.root=… or data.manifest=…")
        check_fractions(splits)
        if isinstance(levels, str):
            raise ConfigError(f"data.levels must be a list such as [product, category], got {levels}")
        self.root = Path(str(root)).expanduser() if str(root or "") else None
        self.manifest = Path(str(manifest)).expanduser() if str(manifest or "") else None
        self.levels = None if levels is None else tuple(levels)
        self.gains = tuple(gains or ())
        self.splits = tuple(splits)
        self.seed = seed
        self.folds = folds
        self.fold = fold
        self.image_size = image_size
        self.on_missing = on_missing

    def read(self) -> Catalogue:
        """The catalogue; pictures are looked for, not opened.

        Raises:
            ConfigError: ``fold`` is not one of ``folds``.
            DataError: the folder is missing or holds no picture, the manifest cannot be used
                (`read_manifest`), there is one label only, or too few to split.
        """
        manifest, pictures = self._manifest_path(), NamedPictures(self.on_missing)
        root = self.root if self.root is not None else manifest.absolute().parent if manifest else None
        assert root is not None
        if not root.is_dir():
            raise DataError(f"data.root: no folder {root}{sibling(root)}")
        if manifest is not None:
            table, levels = read_manifest(manifest, root, self.levels, pictures)
        else:
            table, levels = self._class_folders(root)
        labels = table[levels[0]].tolist()
        if len(set(labels)) < 2:
            raise DataError(
                f"all {len(table)} pictures of {manifest or root} have the same {levels[0]} '{labels[0]}'; "
                "search needs at least two, so put each in a folder of its own or name another column in "
                "data.levels"
            )
        table, protocol = split_table(table, labels, self.splits, self.seed)
        if self.fold is not None:
            split = hold_out_fold(labels, table["split"], self.folds, self.fold, self.seed)
            table = table.assign(split=split, role=table["role"].where(split == "test", "both"))
        return pictures.there(Catalogue(table, levels, f"folder/{protocol}", root, gains=self.gains))

    def _manifest_path(self) -> Path | None:
        if self.manifest is None or self.manifest.exists() or self.root is None:
            return self.manifest
        below = self.root / self.manifest
        return below if below.exists() else self.manifest

    def _class_folders(self, root: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Table with item, image, label columns and perhaps split, and the names of the labels."""
        images = find_pictures(root)
        if not images:
            raise DataError(f"data.root: no picture in {root} or below; looked for {', '.join(SUFFIXES)}")
        folders = [tuple(image.split("/")[:-1]) for image in images]
        split = _split_of_folders({folder[0] for folder in folders if folder})
        table = pd.DataFrame({"item": images, "image": images}, dtype="str")
        if split:
            table["split"] = [split.get(folder[0], "") if folder else "" for folder in folders]
            folders = [folder[1:] for folder in folders]
        labeled = np.array([len(folder) > 0 for folder in folders])
        used = labeled & (table["split"] != "").to_numpy() if split else labeled
        if not used.any():
            raise DataError(
                f"data.root: the {len(images)} pictures of {root} lie in no class folder; put each class in "
                "a folder of its own, or give labels in data.manifest=…"
            )
        if not used.all():
            log.warning(
                "%d of %d pictures lie outside the class folders and are left out; the first is %s",
                (~used).sum(),
                len(used),
                images[int(np.argmin(used))],
            )
        kept = [folder for folder, one in zip(folders, used, strict=True) if one]
        columns = self._named(_levels(kept), root)
        table = table[used].reset_index(drop=True).assign(**columns)
        return table, tuple(columns)

    def _named(self, columns: list[list[str]], root: Path) -> dict[str, list[str]]:
        """Label columns, fine to coarse, by their names; coarse ones that tell nothing apart are dropped."""
        if self.levels is not None:
            if not 0 < len(self.levels) <= len(columns):
                raise DataError(
                    f"data.levels: {root} is {len(columns)} folders deep and cannot give the "
                    f"{len(self.levels)} levels {list(self.levels)}"
                )
            return dict(zip(self.levels, columns, strict=False))
        while len(columns) > 1 and len(set(columns[-1])) == 1:
            columns = columns[:-1]
        if len(columns) == 1:
            return {"label": columns[0]}
        deeper = [f"level_{number}" for number in range(len(LEVEL_NAMES) + 1, len(columns) + 1)]
        return dict(zip((*LEVEL_NAMES, *deeper), columns, strict=False))


def split_table(
    table: pd.DataFrame, labels: list[str], splits: Sequence[float], seed: int
) -> tuple[pd.DataFrame, str]:
    """The table with a split and a role for each picture, and the protocol's name.

    Args:
        table: with or without columns ``split`` and ``role``.
        labels: the finest of each row.
        splits: shares of the labels for train, val and test where they are made.
        seed: of the split that is made.

    Raises:
        DataError: no picture is in the train split, or there are too few labels to split.
    """
    if "role" not in table:
        table = table.assign(role="both")
    if "split" not in table:
        return table.assign(split=split_by_label(labels, splits, seed)), f"label-disjoint@seed{seed}"
    split = table["split"].to_numpy(dtype=str)
    if "train" not in split:
        raise DataError("no picture is in the train split; training needs some")
    missing = [name for name, share in zip(SPLITS, splits, strict=True) if share > 0 and name not in split]
    given = "label-disjoint" if is_disjoint(labels, split) else "given-split"
    if not missing:
        return table, given
    carved = carve(labels, split, splits, seed)
    return table.assign(split=carved), f"{given}+{'+'.join(missing)}@seed{seed}"


def _split_of_folders(names: set[str]) -> dict[str, str]:
    """Split of each top folder; empty unless they are called train and val or test."""
    split = {name: SPLIT_FOLDERS[name.lower()] for name in names if name.lower() in SPLIT_FOLDERS}
    return split if {"train"} < set(split.values()) else {}


def _levels(folders: list[tuple[str, ...]]) -> list[list[str]]:
    """Labels, fine to coarse, from the folders of each picture. A less deep one is its own finer label."""
    depth = max(map(len, folders))
    return [
        ["/".join(folder[: min(level, len(folder))]) for folder in folders] for level in range(depth, 0, -1)
    ]
