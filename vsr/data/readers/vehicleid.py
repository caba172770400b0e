"""PKU VehicleID (Liu et al. 2016): 221,763 photos of 26,267 vehicles, by surveillance cameras."""

import hashlib

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.catalogue.splits import hold_out_fold
from vsr.data.named_pictures import NamedPictures
from vsr.data.readers.listing import as_published, column, counts, read_listing
from vsr.data.readers.source import locate
from vsr.errors import ConfigError, nearest

PAGE = "https://www.pkuml.org/resources/pku-vehicleid.html"
FOLDER = "train_test_split"
COLUMNS = ("image", "vehicle_id")
TRAIN = {"train pictures": 113346, "train labels": 13164}
TEST = {800: 6493, 1600: 13377, 2400: 19777}  # pictures, by the number of vehicles
GALLERIES = ("all", "one")


class VehicleID:
    """VehicleID by its own lists, with one of the three test sets of its paper.

    Two protocols that cannot be compared are in use. Re-identification puts one picture of each vehicle into
    the gallery, drawn at random, and the others are queries (``gallery=one``); deep metric learning searches
    each picture among all the others (``gallery=all``). The protocol's name tells which, and the draw.

    Its authors ask for a signed agreement, so there is no direct download.

    Args:
        root: folder with ``image`` and ``train_test_split``, such as VehicleID_V1.0.
        vehicles: in the test set: 800, 1600 or 2400.
        gallery: all or one.
        seed: of the draw of ``gallery=one``.
        folds: parts of the training vehicles.
        fold: the part that is the validation split, 0..folds - 1; there every picture is a query against all
            the others.
        image_size: stored for who reads the configuration; the transforms resize.
        on_missing: `vsr.data.named_pictures.NamedPictures`.

    Raises:
        ConfigError: there is no such test set or gallery.
    """

    def __init__(
        self,
        root: str,
        vehicles: int = 800,
        gallery: str = "all",
        seed: int = 0,
        folds: int = 4,
        fold: int = 0,
        image_size: int = 224,
        on_missing: str = "stop",
    ) -> None:
        if vehicles not in TEST:
            raise ConfigError(f"data.vehicles must be one of {', '.join(map(str, TEST))}, got {vehicles}")
        if gallery not in GALLERIES:
            raise ConfigError(f"data.gallery: '{gallery}'{nearest(gallery, GALLERIES)}")
        self.root = root
        self.vehicles = vehicles
        self.gallery = gallery
        self.seed = seed
        self.folds = folds
        self.fold = fold
        self.image_size = image_size
        self.on_missing = on_missing

    def read(self) -> Catalogue:
        """The catalogue, in the order of the lists; level ``vehicle``. Pictures are not opened.

        Raises:
            ConfigError: ``fold`` is not one of ``folds``.
            DataError: files are missing or damaged.
        """
        how = f"ask for VehicleID as {PAGE} says and unpack it there"
        folder = locate(self.root, [FOLDER], ["VehicleID_V1.0"], how)
        parts, pictures = [], NamedPictures(self.on_missing)
        for split, name in (("train", "train_list.txt"), ("test", f"test_list_{self.vehicles}.txt")):
            path = folder / FOLDER / name
            listed = read_listing(path, COLUMNS, page=PAGE)
            listed["image"] += ".jpg"  # which the lists leave out
            pictures.look(column(listed, "image"), folder / "image", path, PAGE)
            parts.append(listed.assign(split=split))
        listed = pd.concat(parts, ignore_index=True)
        table = listed.rename(columns={"vehicle_id": "vehicle"}).assign(item=listed["image"], role="both")
        published = {**TRAIN, "test pictures": TEST[self.vehicles], "test labels": self.vehicles}
        found, how_searched = counts(table, "vehicle"), "all"
        if self.gallery == "one":
            rows = np.flatnonzero(table["split"] == "test")
            images, vehicles = (table[name].to_numpy(dtype=str)[rows] for name in ("image", "vehicle"))
            role = np.full(len(table), "both", dtype="U7")
            role[rows] = np.where(_one_each(images, vehicles, self.seed), "gallery", "query")
            table["role"] = role
            how_searched = f"one@seed{self.seed}"
        protocol = as_published(f"vehicleid/{self.vehicles}/{how_searched}/v1", found, published)
        table["split"] = hold_out_fold(table["vehicle"], table["split"], self.folds, self.fold)
        return pictures.there(Catalogue(table, ("vehicle",), protocol, folder / "image"))


def _one_each(images: np.ndarray, vehicles: np.ndarray, seed: int) -> np.ndarray:
    """True (N,) for one picture of each vehicle, by the pictures' names and ``seed`` alone."""
    digests = np.array([hashlib.blake2b(f"{seed}/{image}".encode()).hexdigest() for image in images])
    order = np.lexsort((digests, vehicles))
    first = order[np.unique(vehicles[order], return_index=True)[1]]
    return np.isin(np.arange(len(images)), first)
