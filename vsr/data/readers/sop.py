"""Stanford Online Products (Oh Song et al. 2016, arXiv 1511.06452): 120,053 photos of 22,634 products."""

import pandas as pd

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.catalogue.splits import hold_out_fold
from vsr.data.named_pictures import NamedPictures
from vsr.data.readers.listing import as_published, column, counts, read_listing
from vsr.data.readers.source import Archive, download, locate

PROTOCOL = "sop/v1"
PAGE = "https://cvgl.stanford.edu/projects/lifted_struct/"
ARCHIVE = Archive(
    "http://ftp.cs.stanford.edu/cs/cvgl/Stanford_Online_Products.zip",
    "7f73d41a2f44250d4779881525aea32e",
    "Stanford_Online_Products",
)
LISTS = {"train": "Ebay_train.txt", "test": "Ebay_test.txt"}
COLUMNS = ("image_id", "class_id", "super_class_id", "path")
PUBLISHED = {
    "train pictures": 59551,
    "train labels": 11318,
    "test pictures": 60502,
    "test labels": 11316,
}


class StanfordOnlineProducts:
    """Stanford Online Products by its own lists: other products for training than for testing.

    Every test picture is a query against all the others. The twelve super-classes (bicycle, cabinet, …) are
    the category.

    Args:
        root: the folder Stanford_Online_Products, or the one it lies in.
        download: fetch and unpack it in ``root`` (3 GB) when it is not there.
        folds: parts of the training products.
        fold: the part that is the validation split, 0..folds - 1.
        gains: relevance of the same product and of the same category; None: 3 and 1.
        image_size: stored for who reads the configuration; the transforms resize.
        on_missing: `vsr.data.named_pictures.NamedPictures`.
    """

    def __init__(
        self,
        root: str,
        download: bool = False,
        folds: int = 4,
        fold: int = 0,
        gains: list[float] | None = None,
        image_size: int = 224,
        on_missing: str = "stop",
    ) -> None:
        self.root = root
        self.download = download
        self.folds = folds
        self.fold = fold
        self.gains = tuple(gains or ())
        self.image_size = image_size
        self.on_missing = on_missing

    def read(self) -> Catalogue:
        """The catalogue, in the order of the lists; levels ``product`` and ``category``.

        Raises:
            ConfigError: ``fold`` is not one of ``folds``.
            DataError: files are missing or damaged.
        """
        if self.download:
            download(ARCHIVE, self.root, PAGE)
        folder = locate(
            self.root,
            list(LISTS.values()),
            [ARCHIVE.folder],
            f"get Stanford_Online_Products.zip from {PAGE} and unpack it there, or set data.download=true",
        )
        parts, pictures = [], NamedPictures(self.on_missing)
        for split, name in LISTS.items():
            listed = read_listing(folder / name, COLUMNS, skip=1, page=PAGE)
            pictures.look(column(listed, "path"), folder, folder / name, PAGE)
            parts.append(listed.assign(split=split))
        listed = pd.concat(parts, ignore_index=True)
        table = pd.DataFrame(
            {
                "item": listed["path"],
                "image": listed["path"],
                "product": listed["class_id"],
                # Folders are called bicycle_final, and so on, one for each super_class_id.
                "category": listed["path"].str.split("/").str[0].str.removesuffix("_final"),
                "split": listed["split"],
                "role": "both",
            }
        )
        protocol = as_published(PROTOCOL, counts(table, "product"), PUBLISHED)
        table["split"] = hold_out_fold(table["product"], table["split"], self.folds, self.fold)
        return pictures.there(Catalogue(table, ("product", "category"), protocol, folder, gains=self.gains))
