"""Google Landmarks v2 (Weyand et al. 2020, arXiv 2004.01804), retrieval task, ground truth version 2.1.

Files as published: tables in ``root``, ``root/metadata`` or the folder of their part, and the pictures of
``train``, ``index`` and ``test`` as ``root/<part>/a/b/c/abc….jpg``. The metric of the benchmark is
``metrics=gldv2``: mAP@100 over min(100, relevant).
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.catalogue.splits import carve
from vsr.data.catalogue.tables import read_table
from vsr.data.named_pictures import NamedPictures
from vsr.data.readers.listing import as_published
from vsr.data.readers.source import need, root_folder
from vsr.errors import ConfigError, DataError, nearest

PAGE = "https://github.com/cvdfoundation/google-landmark"
SOLUTION, INDEX = "retrieval_solution_v2.1.csv", "index_image_to_landmark.csv"
USAGES = {"private": ("Private",), "public": ("Public",), "all": ("Private", "Public")}
TRAINS = ("none", "clean", "full")
GALLERY = 761757
TRAIN_PICTURES = {"none": 0, "clean": 1580470, "full": 4132914}  # clean: arXiv 2003.11211


class GoogleLandmarks:
    """Reads Google Landmarks v2 as a catalogue: queries and index are test; train, where wanted, is train.

    What is relevant to a query is listed in the published solution. The label ``landmark`` is what training
    learns; the same number means different landmarks in train and in the index, so it carries its part:
    ``train/7``, ``index/7``. A query's label is that of the first picture listed for it.

    Args:
        root: folder with the tables and the pictures.
        usage: which queries: private (the benchmark's test set), public (its validation set) or all.
        train: none, clean (the cleaned train set) or full.
        val_fraction: share of the training landmarks held out as val, where each picture is a query against
            the others.
        seed: of that split.
        image_size: stored for who reads the configuration; the transforms resize.
        on_missing: `vsr.data.named_pictures.NamedPictures`.

    Raises:
        ConfigError: no root, an unknown usage or train set, or a share outside 0..1.
    """

    def __init__(
        self,
        root: str | None = None,
        usage: str = "private",
        train: str = "none",
        val_fraction: float = 0.01,
        seed: int = 0,
        image_size: int = 224,
        on_missing: str = "stop",
    ) -> None:
        if usage not in USAGES:
            raise ConfigError(f"data.usage: '{usage}'{nearest(usage, USAGES)}")
        if train not in TRAINS:
            raise ConfigError(f"data.train: '{train}'{nearest(train, TRAINS)}")
        if not 0 <= val_fraction < 1:
            raise ConfigError(f"data.val_fraction must be >= 0 and < 1, got {val_fraction}")
        self.root = root_folder(root, "Google Landmarks v2")
        self.usage = usage
        self.train = train
        self.val_fraction = val_fraction
        self.seed = seed
        self.image_size = image_size
        self.on_missing = on_missing

    def read(self) -> Catalogue:
        """The catalogue: queries, then the index, then train.

        Raises:
            DataError: a table or picture is missing, or a table is not what is published.
        """
        path, queries = self._queries()
        index_path, index = self._table("index", INDEX, ("id", "landmark_id"))
        again = index["id"].duplicated().to_numpy()
        if again.any():
            first = index["id"].iloc[int(again.argmax())]
            raise DataError(f"{index_path}: picture {first} stands in two rows")
        qrels = _qrels(queries, index["id"], path, index_path)
        landmarks = ("index/" + index["landmark_id"]).set_axis(index["id"])
        first = queries["images"].str.partition(" ")[0]
        parts = [
            self._part("test", queries["id"], landmarks.reindex(first).to_numpy(), "query"),
            self._part("index", index["id"], landmarks.to_numpy(), "gallery"),
        ]
        paths, found, published = [path, index_path], {"gallery": len(index)}, {"gallery": GALLERY}
        if self.train != "none":
            train_path, train = self._train()
            paths.append(train_path)
            parts.append(train)
            found["training pictures"] = len(parts[-1])
            published["training pictures"] = TRAIN_PICTURES[self.train]
        table = pd.concat(parts, ignore_index=True)
        pictures = NamedPictures(self.on_missing)
        for where, part in zip(paths, parts, strict=True):
            pictures.look(pd.Series(part["image"]), self.root, where, PAGE)
        protocol = as_published(f"gldv2/{self.usage}/v2.1", found, published)
        return pictures.there(Catalogue(table, ("landmark",), protocol, self.root, gains=(1.0,), qrels=qrels))

    def _queries(self) -> tuple[Path, pd.DataFrame]:
        """Path of the solution, and its rows for the queries that are wanted."""
        path, solution = self._table("test", SOLUTION, ("id", "images", "Usage"))
        strange = ~solution["Usage"].isin(["Public", "Private", "Ignored"]).to_numpy()
        if strange.any():
            row = int(strange.argmax())
            usage = solution["Usage"].iloc[row]
            raise DataError(f"{path}: Usage '{usage}' in row {row + 1} is not Public, Private or Ignored")
        wanted = np.flatnonzero(solution["Usage"].isin(USAGES[self.usage]).to_numpy())
        if not len(wanted):
            raise DataError(f"{path} has no query whose Usage is {' or '.join(USAGES[self.usage])}")
        return path, solution.iloc[wanted].reset_index(drop=True)

    def _table(self, part: str, name: str, columns: tuple[str, ...]) -> tuple[Path, pd.DataFrame]:
        """Path and content of a published table, wherever it was put."""
        places = (self.root / name, self.root / "metadata" / name, self.root / part / name)
        path = need(next((one for one in places if one.exists()), places[0]), PAGE)
        return path, read_table(path, columns, "data.root")

    def _part(self, part: str, names: Any, labels: Any, role: str) -> pd.DataFrame:
        """Rows of one part by its pictures' names (n,) and labels (n,), all of split test."""
        folders = f"{part}/" + names.str[0] + "/" + names.str[1] + "/" + names.str[2] + "/"
        columns = {"item": f"{part}/" + names, "image": folders + names + ".jpg", "landmark": labels}
        return pd.DataFrame({**columns, "split": "test", "role": role})

    def _train(self) -> tuple[Path, pd.DataFrame]:
        """Path of the list of training pictures, and their rows."""
        if self.train == "full":
            path, pictures = self._table("train", "train.csv", ("id", "landmark_id"))
        else:
            path, lists = self._table("train", "train_clean.csv", ("landmark_id", "images"))
            pictures = lists.assign(id=lists["images"].str.split()).explode("id", ignore_index=True)
        rows = self._part("train", pictures["id"], "train/" + pictures["landmark_id"], "both")
        split = np.full(len(rows), "train", dtype=object)
        if self.val_fraction:
            shares = (1 - self.val_fraction, self.val_fraction, 0)
            split = carve(rows["landmark"].tolist(), split.astype(str), shares, self.seed)
        return path, rows.assign(split=split)


def _qrels(queries: pd.DataFrame, index: Any, path: Path, index_path: Path) -> pd.DataFrame:
    """The lists of the solution, by the names (N,) of the index, whose rows follow those of the queries."""
    pairs = queries["images"].replace("None", "").str.split().explode().dropna()
    answers = pd.Index(index).get_indexer(pd.Index(pairs))
    if (answers < 0).any():
        first = int((answers < 0).argmax())
        query = queries["id"].iloc[pairs.index[first]]
        raise DataError(f"{path}: query {query} lists {pairs.iloc[first]}, which {index_path} has not")
    asked = pairs.index.to_numpy(dtype=np.int64)
    return pd.DataFrame({"query": asked, "answer": answers.astype(np.int64) + len(queries), "gain": 1.0})
