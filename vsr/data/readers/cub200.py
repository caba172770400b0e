"""Caltech-UCSD Birds-200-2011 (Wah et al. 2011): 11,788 photos of 200 species."""

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.catalogue.splits import hold_out_fold
from vsr.data.named_pictures import NamedPictures
from vsr.data.readers.listing import as_published, column, counts, read_listing, whole_numbers
from vsr.data.readers.source import Archive, download, locate
from vsr.errors import DataError

PROTOCOL = "cub200/disjoint/v1"
PAGE = "https://data.caltech.edu/records/65de6-vp158"
ARCHIVE = Archive(
    "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
    "97eceeb196236b17998738112f37df78",
    "CUB_200_2011",
)
LAST_TRAIN_CLASS = 100
PUBLISHED = {"train pictures": 5864, "train labels": 100, "test pictures": 5924, "test labels": 100}


class Cub200:
    """CUB-200-2011 by the protocol of deep metric learning (Oh Song et al. 2016, arXiv 1511.06452).

    Classes 1 to 100 are for training, 101 to 200 for testing, where every picture is a query against all the
    others; pictures are whole, not cropped to their boxes. ``train_test_split.txt`` is another protocol, that
    of classification, and is not read.

    Args:
        root: the folder CUB_200_2011, or the one it lies in.
        download: fetch and unpack it in ``root`` (1.1 GB) when it is not there.
        folds: parts of the training classes.
        fold: the part that is the validation split, 0..folds - 1.
        image_size: stored for who reads the configuration; the transforms resize.
        on_missing: `vsr.data.named_pictures.NamedPictures`.
    """

    def __init__(
        self,
        root: str,
        download: bool = False,
        folds: int = 4,
        fold: int = 0,
        image_size: int = 224,
        on_missing: str = "stop",
    ) -> None:
        self.root = root
        self.download = download
        self.folds = folds
        self.fold = fold
        self.image_size = image_size
        self.on_missing = on_missing

    def read(self) -> Catalogue:
        """The catalogue, in the order of ``images.txt``; level ``species``. Pictures are not opened.

        Raises:
            ConfigError: ``fold`` is not one of ``folds``.
            DataError: files are missing, damaged or do not belong together.
        """
        if self.download:
            download(ARCHIVE, self.root, PAGE)
        folder = locate(
            self.root,
            ["images.txt"],
            [ARCHIVE.folder],
            f"get CUB_200_2011.tgz from {PAGE} and unpack it there, or set data.download=true",
        )
        images = read_listing(folder / "images.txt", ("image_id", "image"), page=PAGE)
        pictures = NamedPictures(self.on_missing)
        pictures.look(column(images, "image"), folder / "images", folder / "images.txt", PAGE)
        labels = read_listing(folder / "image_class_labels.txt", ("image_id", "class_id"), page=PAGE)
        numbers = whole_numbers(labels, "class_id", folder / "image_class_labels.txt")
        names = read_listing(folder / "classes.txt", ("class_id", "name"), page=PAGE)
        name_of = dict(zip(names["class_id"], names["name"], strict=True))
        known = {
            image: (name_of[label], number)
            for image, label, number in zip(labels["image_id"], labels["class_id"], numbers, strict=True)
            if label in name_of
        }
        nameless = ~np.isin(images["image_id"].to_numpy(dtype=str), list(known))
        if nameless.any():
            line = images.index[int(np.argmax(nameless))]
            raise DataError(
                f"{folder / 'images.txt'}: the picture in line {line} has no class in image_class_labels.txt "
                "and classes.txt; one of the three is cut off: unpack the archive again"
            )
        classes = [known[image] for image in images["image_id"]]
        table = pd.DataFrame(
            {
                "item": images["image"].to_numpy(),
                "image": images["image"].to_numpy(),
                "species": [name for name, _ in classes],
                "split": ["train" if number <= LAST_TRAIN_CLASS else "test" for _, number in classes],
                "role": "both",
            }
        )
        protocol = as_published(PROTOCOL, counts(table, "species"), PUBLISHED)
        table["split"] = hold_out_fold(table["species"], table["split"], self.folds, self.fold)
        return pictures.there(Catalogue(table, ("species",), protocol, folder / "images"))
