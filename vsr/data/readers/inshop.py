"""DeepFashion In-Shop Clothes Retrieval (Liu et al. 2016): 52,712 photos of 7,982 items of clothing."""

from pathlib import Path

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.catalogue.splits import hold_out_fold
from vsr.data.named_pictures import NamedPictures
from vsr.data.readers.listing import as_published, column, counts, read_lines, read_listing
from vsr.data.readers.source import locate
from vsr.errors import DataError

PROTOCOL = "inshop/v1"
PAGE = "https://mmlab.ie.cuhk.edu.hk/projects/DeepFashion/InShopRetrieval.html"
PARTITION = "list_eval_partition.txt"
COLUMNS = ("image_name", "item_id", "evaluation_status")
HEADINGS = 2  # the number of pictures, then the names of the columns
SPLIT = {"train": "train", "query": "test", "gallery": "test"}
ROLE = {"train": "both", "query": "query", "gallery": "gallery"}
PUBLISHED = {
    "train pictures": 25882,
    "train labels": 3997,
    "test query": 14218,
    "test gallery": 12612,
    "test labels": 3985,
}
DEPTH = 4  # img/WOMEN/Dresses/id_00000002/02_1_front.jpg: a category has at least its first two folders


class InShop:
    """DeepFashion In-Shop by its own partition: other items for training, queries searched in the gallery.

    Its authors ask for a signed agreement, so there is no direct download.

    Args:
        root: folder with ``list_eval_partition.txt``, itself or in ``Eval``, and the pictures in ``img`` or
            ``Img/img``.
        folds: parts of the training items.
        fold: the part that is the validation split, 0..folds - 1; there every picture is a query against all
            the others.
        gains: relevance of the same product and of the same category; None: 3 and 1.
        image_size: stored for who reads the configuration; the transforms resize.
        on_missing: `vsr.data.named_pictures.NamedPictures`.
    """

    def __init__(
        self,
        root: str,
        folds: int = 4,
        fold: int = 0,
        gains: list[float] | None = None,
        image_size: int = 224,
        on_missing: str = "stop",
    ) -> None:
        self.root = root
        self.folds = folds
        self.fold = fold
        self.gains = tuple(gains or ())
        self.image_size = image_size
        self.on_missing = on_missing

    def read(self) -> Catalogue:
        """The catalogue, in the order of the partition; levels ``product`` and ``category`` (WOMEN/Dresses).

        Raises:
            ConfigError: ``fold`` is not one of ``folds``.
            DataError: files are missing, damaged or cut off.
        """
        how = f"ask for the files as {PAGE} says and put Eval/{PARTITION} and img there"
        path = locate(self.root, [PARTITION], ["Eval"], how) / PARTITION
        listed = read_listing(path, COLUMNS, skip=HEADINGS)
        _check_number(listed, path)
        status, images = column(listed, "evaluation_status"), column(listed, "image_name")
        _refuse(~np.isin(status, list(SPLIT)), status, path, f"must be one of {', '.join(SPLIT)}")
        shallow = np.array([image.count("/") < DEPTH - 1 for image in images])
        _refuse(shallow, images, path, "must be img/<category>/<item>/<picture>")
        # Looked for first: where case does not matter, an Img of the root is an img as well.
        within = Path(str(self.root)).expanduser() / "Img"
        folder = within if (within / "img").is_dir() else locate(self.root, ["img"], [], how)
        pictures = NamedPictures(self.on_missing)
        pictures.look(images, folder, path, PAGE)
        table = pd.DataFrame(
            {
                "item": images,
                "image": images,
                "product": listed["item_id"],
                "category": ["/".join(image.split("/")[1:-2]) for image in images],
                "split": [SPLIT[one] for one in status],
                "role": [ROLE[one] for one in status],
            }
        )
        protocol = as_published(PROTOCOL, counts(table, "product"), PUBLISHED)
        table["split"] = hold_out_fold(table["product"], table["split"], self.folds, self.fold)
        return pictures.there(Catalogue(table, ("product", "category"), protocol, folder, gains=self.gains))


def _check_number(listed: pd.DataFrame, path: Path) -> None:
    """Compare the number that the first line tells with the lines that follow."""
    told = read_lines(path)[0].strip()
    if told != str(len(listed)):
        raise DataError(
            f"{path}: line 1 says {told} pictures, {len(listed)} follow; the file is cut off or another one: "
            "fetch it again"
        )


def _refuse(wrong: np.ndarray, values: pd.Series, path: Path, wanted: str) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        raise DataError(
            f"{path}: line {values.index[first]}: {values.name} {wanted}, got '{values.iloc[first]}'"
        )
