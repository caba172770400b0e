"""GroceryStore (Klasson et al. 2019, arXiv 1901.00711): photos and iconic pictures of 81 products."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import SPLITS, Catalogue
from vsr.data.catalogue.splits import hold_out_fold
from vsr.data.named_pictures import NamedPictures
from vsr.data.readers.listing import as_published, column, counts, read_lines, read_listing
from vsr.data.readers.source import locate
from vsr.errors import ConfigError, DataError, nearest

GALLERIES = ("photos", "iconic")
PAGE = "https://github.com/marcusklasson/GroceryStoreDataset"
COLUMNS = ("image", "fine", "coarse")
CLASSES = ("name", "fine", "coarse_name", "coarse", "iconic", "description")  # of classes.csv
# The paper counts 5,125 photos and 42 coarse classes; the files have had a validation set since, and 43.
PUBLISHED = {"train labels": 81, "train pictures": 2640, "val query": 296, "test query": 2485}
GALLERY = {"photos": 2640, "iconic": 81}


class GroceryStore:
    """GroceryStore by its own lists; a query is searched among photos, or among the products' own pictures.

    Training, validation and test photos show the same products, taken in other stores. Their photos are the
    queries; the gallery of both are the training photos (``gallery=photos``), or the 81 iconic pictures of
    products on white ground (``gallery=iconic``). Pictures of the gallery stand in it for each split, so the
    training photos have several rows.

    Args:
        root: the folder ``dataset`` of the repository, with ``classes.csv``, or the one it lies in.
        gallery: photos or iconic.
        folds: parts of the products, where ``fold`` is given.
        fold: the part that is held out of training and validated on instead of the published validation
            photos, 0..folds - 1; there every photo is a query against all the others. None: as published.
        gains: relevance of the same product and of the same coarse class; None: 3 and 1.
        image_size: stored for who reads the configuration; the transforms resize.
        on_missing: `vsr.data.named_pictures.NamedPictures`.

    Raises:
        ConfigError: an unknown ``gallery``.
    """

    def __init__(
        self,
        root: str,
        gallery: str = "photos",
        folds: int = 4,
        fold: int | None = None,
        gains: list[float] | None = None,
        image_size: int = 160,
        on_missing: str = "stop",
    ) -> None:
        if gallery not in GALLERIES:
            raise ConfigError(f"data.gallery: '{gallery}'{nearest(gallery, GALLERIES)}")
        self.root = root
        self.gallery = gallery
        self.folds = folds
        self.fold = fold
        self.gains = tuple(gains or ())
        self.image_size = image_size
        self.on_missing = on_missing

    def read(self) -> Catalogue:
        """The catalogue; levels ``product`` and ``category``, the fine and the coarse classes.

        Raises:
            ConfigError: ``fold`` is not one of ``folds``.
            DataError: files are missing, damaged or do not belong together.
        """
        how = f"git clone {PAGE} and give its folder 'dataset'"
        folder = locate(self.root, ["classes.csv"], ["dataset"], how)
        classes = _classes(folder / "classes.csv")
        pictures = NamedPictures(self.on_missing)
        listed = [_photos(folder, split, classes, pictures) for split in SPLITS]
        photos = pd.concat(listed, ignore_index=True)
        photos["role"] = np.where(photos["split"] == "train", "both", "query")
        shown = photos[photos["split"] == "train"]
        if self.gallery == "iconic":
            shown = _iconic(folder, classes, pictures)
        galleries = [
            shown.assign(item=f"{split}-gallery/" + shown["image"], split=split, role="gallery")
            for split in ("val", "test")
        ]
        table = pd.concat([photos, *galleries], ignore_index=True)
        wanted = {**PUBLISHED, "test gallery": GALLERY[self.gallery]}
        protocol = as_published(f"grocery/{self.gallery}/v1", counts(table, "product"), wanted)
        if self.fold is not None:
            table = _held_out(table, self.folds, self.fold)
        return pictures.there(Catalogue(table, ("product", "category"), protocol, folder, gains=self.gains))


def _held_out(table: pd.DataFrame, folds: int, fold: int) -> pd.DataFrame:
    """The table with a fold of the products as its val split; test stays as it is."""
    table = table.loc[((table["split"] != "val") | (table["role"] != "gallery")).to_numpy()]
    split = hold_out_fold(table["product"], table["split"], folds, fold)
    role = table["role"].where(table["split"] == "test", "both")
    return table.assign(split=split, role=role)


def _classes(path: Path) -> pd.DataFrame:
    """``classes.csv``; the index is the number of the fine class as text, ``line`` that of its line."""
    rows = list(csv.reader(io.StringIO("\n".join(read_lines(path)))))
    for number, row in enumerate(rows, start=1):
        if len(row) != len(CLASSES):
            raise DataError(
                f"{path}: line {number} has {len(row)} fields, not {len(CLASSES)}; fetch it again: {PAGE}"
            )
    table = pd.DataFrame(rows[1:], columns=list(CLASSES), dtype="str")
    table["line"] = range(2, len(rows) + 1)
    return table.set_index("fine")


def _photos(folder: Path, split: str, classes: pd.DataFrame, pictures: NamedPictures) -> pd.DataFrame:
    """Columns item, image, product, category and split of one list."""
    path = folder / f"{split}.txt"
    listed = read_listing(path, COLUMNS, separator=",", page=PAGE)
    unknown = ~np.isin(listed["fine"].to_numpy(dtype=str), classes.index.to_numpy(dtype=str))
    known = classes["coarse"].reindex(listed["fine"])
    unknown |= (known.to_numpy() != listed["coarse"].to_numpy()) & ~unknown
    if unknown.any():
        first = int(np.argmax(unknown))
        raise DataError(
            f"{path}: line {listed.index[first]}: class {listed['fine'].iloc[first]} in coarse class "
            f"{listed['coarse'].iloc[first]} is not in classes.csv; the lists are of another version"
        )
    pictures.look(column(listed, "image"), folder, path, PAGE)
    named = classes.loc[listed["fine"]]
    return pd.DataFrame(
        {
            "item": listed["image"].to_numpy(),
            "image": listed["image"].to_numpy(),
            "product": named["name"].to_numpy(),
            "category": named["coarse_name"].to_numpy(),
            "split": split,
        }
    )


def _iconic(folder: Path, classes: pd.DataFrame, pictures: NamedPictures) -> pd.DataFrame:
    """Columns image, product and category of the products' own pictures."""
    images = classes["iconic"].str.lstrip("/")
    by_line = pd.Series(images.to_numpy(), index=classes["line"])
    pictures.look(by_line, folder, folder / "classes.csv", PAGE)
    return pd.DataFrame(
        {
            "image": images.to_numpy(),
            "product": classes["name"].to_numpy(),
            "category": classes["coarse_name"].to_numpy(),
        }
    )
