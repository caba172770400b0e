"""Stanford Cars, Cars-196 (Krause et al. 2013): 16,185 photos of 196 models of cars."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.io import loadmat

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.catalogue.splits import hold_out_fold
from vsr.data.catalogue.tables import sibling
from vsr.data.named_pictures import NamedPictures
from vsr.data.readers.listing import as_published, column, counts
from vsr.data.readers.source import locate
from vsr.errors import DataError

PROTOCOL = "cars196/disjoint/v1"
PAGE = "https://ai.stanford.edu/~jkrause/cars/car_dataset.html"
HOW = (
    f"get cars_annos.mat (md5 b407c6086d669747186bd1d764ff9dbc) and car_ims.tgz (md5 "
    f"d5c8f0aa497503f355e17dc7886c3f14) from {PAGE}, or from a copy as that has been down, and unpack them "
    "there"
)
LAST_TRAIN_CLASS = 98
PUBLISHED = {"train pictures": 8054, "train labels": 98, "test pictures": 8131, "test labels": 98}


class Annotations(NamedTuple):
    """One file of annotations: which field names the picture, and the folder that it lies in."""

    file: str
    field: str
    folder: str


WHOLE = Annotations("cars_annos.mat", "relative_im_path", "")  # whose paths begin with car_ims/
IN_TWO = (
    Annotations("devkit/cars_train_annos.mat", "fname", "cars_train/"),
    Annotations("cars_test_annos_withlabels.mat", "fname", "cars_test/"),
)
WHOLE_NAMES, NAMES = WHOLE.file, "devkit/cars_meta.mat"


class Cars196:
    """Cars-196 by the protocol of deep metric learning (Oh Song et al. 2016, arXiv 1511.06452).

    Classes 1 to 98 are for training, 99 to 196 for testing, where every picture is a query against all the
    others; pictures are whole, not cropped to their boxes. The split of the two annotation files, or the flag
    ``test``, is another protocol, that of classification, and is not heeded.

    Args:
        root: folder with ``cars_annos.mat`` and ``car_ims``; or with ``devkit``, ``cars_train``,
            ``cars_test`` and ``cars_test_annos_withlabels.mat``; or the one in which such a folder lies, by
            the name ``cars196`` or, as torchvision has it, ``stanford_cars``.
        folds: parts of the training classes.
        fold: the part that is the validation split, 0..folds - 1.
        image_size: stored for who reads the configuration; the transforms resize.
        on_missing: `vsr.data.named_pictures.NamedPictures`.
    """

    def __init__(
        self, root: str, folds: int = 4, fold: int = 0, image_size: int = 224, on_missing: str = "stop"
    ) -> None:
        self.root = root
        self.folds = folds
        self.fold = fold
        self.image_size = image_size
        self.on_missing = on_missing

    def read(self) -> Catalogue:
        """The catalogue, class after class; level ``model``. Pictures are not opened.

        Raises:
            ConfigError: ``fold`` is not one of ``folds``.
            DataError: files are missing or damaged.
        """
        folder = locate(self.root, [WHOLE.file, "devkit"], ["cars196", "stanford_cars"], HOW)
        if (folder / WHOLE.file).is_file():
            annotations, names = (WHOLE,), folder / WHOLE_NAMES
        else:
            annotations, names = IN_TWO, folder / NAMES
        pictures = NamedPictures(self.on_missing)
        parts = [_annotated(folder, one, pictures) for one in annotations]
        listed = pd.concat(parts, ignore_index=True)
        listed = listed.sort_values("class", kind="stable", ignore_index=True)
        models = _strings(_variable(names, "class_names"))
        unknown = ~listed["class"].between(1, len(models)).to_numpy()
        if unknown.any():
            number = listed["class"].iloc[int(np.argmax(unknown))]
            raise DataError(f"{names} names {len(models)} classes, but there are pictures of class {number}")
        table = pd.DataFrame(
            {
                "item": listed["image"],
                "image": listed["image"],
                "model": [models[number - 1] for number in listed["class"]],
                "split": np.where(listed["class"] <= LAST_TRAIN_CLASS, "train", "test"),
                "role": "both",
            }
        )
        protocol = as_published(PROTOCOL, counts(table, "model"), PUBLISHED)
        table["split"] = hold_out_fold(table["model"], table["split"], self.folds, self.fold)
        return pictures.there(Catalogue(table, ("model",), protocol, folder))


def _annotated(folder: Path, annotations: Annotations, pictures: NamedPictures) -> pd.DataFrame:
    """Columns ``image``, below ``folder``, and ``class``, from 1, of one file's annotations."""
    path = folder / annotations.file
    if not path.is_file() and path.parent == folder:
        within = folder / "devkit" / annotations.file  # where other copies keep the labels of the test part
        path = within if within.is_file() else path
    found = _variable(path, "annotations")
    fields = found.dtype.names or ()
    for field in (annotations.field, "class"):
        if field not in fields:
            raise DataError(
                f"{path}: annotations have no field '{field}', only {', '.join(fields)}; get "
                f"{annotations.file} with the labels"
            )
    images = [annotations.folder + name for name in _strings(found[annotations.field])]
    table = pd.DataFrame({"image": images, "class": found["class"].astype(np.int64)})
    table.index = pd.RangeIndex(1, len(table) + 1, name="annotation")
    pictures.look(column(table, "image"), folder, path, PAGE)
    return table


def _variable(path: Path, name: str) -> np.ndarray:
    """A variable (N,) of a MATLAB file."""
    if not path.is_file():
        raise DataError(f"no file {path}{sibling(path)}; {HOW}")
    try:
        found: dict[str, Any] = loadmat(str(path), squeeze_me=True)
    except Exception as error:  # scipy raises many kinds on damaged files: value, type, index, zlib, struct
        raise DataError(f"{path} cannot be read ({type(error).__name__}); fetch it again") from error
    if name not in found:
        raise DataError(f"{path} has no variable '{name}'; it is another file: {HOW}")
    return np.atleast_1d(found[name])


def _strings(values: np.ndarray) -> list[str]:
    return [str(value) for value in values]
