"""Revisited Oxford and Paris (Radenović et al. 2018, arXiv 1803.11285): landmarks judged by lists.

Files as published: ``gnd_<name>.pkl`` and the pictures in ``jpg/``. The queries are cut to their boxes and
are not in the gallery. The metrics of the reference evaluation are ``metrics=revisited``.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import BOX, Catalogue
from vsr.data.named_pictures import NamedPictures
from vsr.data.readers.listing import as_published, column, read_lines
from vsr.data.readers.plain_pickle import read_plain_pickle
from vsr.data.readers.source import need, root_folder
from vsr.errors import ConfigError, DataError, nearest

PAGE = "http://cmp.felk.cvut.cz/revisitop"
PICTURES = {
    "roxford5k": "https://www.robots.ox.ac.uk/~vgg/data/oxbuildings",
    "rparis6k": "https://www.robots.ox.ac.uk/~vgg/data/parisbuildings",
}
COUNTS = {
    "roxford5k": {"queries": 70, "gallery": 4993},
    "rparis6k": {"queries": 70, "gallery": 6322},
}
DISTRACTORS, N_DISTRACTORS = "revisitop1m", 1001001
# Section 4.1: which lists are relevant, and which are junk.
DIFFICULTIES = {
    "easy": (("easy",), ("junk", "hard")),
    "medium": (("easy", "hard"), ("junk",)),
    "hard": (("hard",), ("junk", "easy")),
}


class GroundTruth(NamedTuple):
    """What a ground truth pickle holds.

    Attributes:
        gallery: names of the gallery's pictures, without ending.
        queries: names of the queries, likewise.
        boxes: (Q, 4) float64 x, y, w, h in whole pixels.
        lists: of each query the positions in ``gallery`` that are easy, hard and junk.
    """

    gallery: list[str]
    queries: list[str]
    boxes: np.ndarray
    lists: list[dict[str, np.ndarray]]


class Revisited:
    """Reads Revisited Oxford or Paris as a catalogue of one split, test: there is nothing to train on.

    The label ``keyword`` is the word a picture was collected under, as its name says. It groups the queries;
    relevance is by the lists alone, and junk takes no rank.

    Args:
        name: roxford5k or rparis6k.
        root: folder with ``gnd_<name>.pkl`` and ``jpg/``.
        difficulty: easy, medium or hard.
        distractors: add the million pictures of ``revisitop1m``, a folder beside ``root``, to the gallery.
        image_size: stored for who reads the configuration; the transforms resize.
        on_missing: `vsr.data.named_pictures.NamedPictures`.

    Raises:
        ConfigError: an unknown name or difficulty, or no root.
    """

    def __init__(
        self,
        name: str,
        root: str | None = None,
        difficulty: str = "medium",
        distractors: bool = False,
        image_size: int = 224,
        on_missing: str = "stop",
    ) -> None:
        if name not in COUNTS:
            raise ConfigError(f"data.name: there is no '{name}'{nearest(name, COUNTS)}")
        if difficulty not in DIFFICULTIES:
            raise ConfigError(f"data.difficulty: '{difficulty}'{nearest(difficulty, DIFFICULTIES)}")
        self.name = name
        self.root = root_folder(root, name)
        self.difficulty = difficulty
        self.distractors = distractors
        self.image_size = image_size
        self.on_missing = on_missing

    def read(self) -> Catalogue:
        """The catalogue: the queries in the order of their list, then the gallery, then distractors.

        Raises:
            DataError: a file or picture is missing, or the ground truth is not what is published.
        """
        path, pictures = need(self.root / f"gnd_{self.name}.pkl", PAGE), NamedPictures(self.on_missing)
        truth = read_ground_truth(path)
        parts = [_rows(truth.queries, "query", truth.boxes), _rows(truth.gallery, "gallery")]
        for part, of in zip(parts, ("qimlist", "imlist"), strict=True):
            images = column(part, "image").rename_axis(f"{of} entry")
            pictures.look(images, self.root, path, PICTURES[self.name])
        found, published = {"queries": len(parts[0]), "gallery": len(parts[1])}, dict(COUNTS[self.name])
        protocol = f"{self.name}/{self.difficulty}/v1"
        if self.distractors:
            parts.append(self._distractors(pictures))
            found["distractors"], published["distractors"] = len(parts[2]), N_DISTRACTORS
            protocol = f"{self.name}+1m/{self.difficulty}/v1"
        protocol = as_published(protocol, found, published)
        table, qrels = pd.concat(parts, ignore_index=True), judged(truth, self.difficulty)
        return pictures.there(Catalogue(table, ("keyword",), protocol, self.root, gains=(1.0,), qrels=qrels))

    def _distractors(self, pictures: NamedPictures) -> pd.DataFrame:
        """Rows of the distractors, by their published list."""
        path = need(self.root / ".." / DISTRACTORS / f"{DISTRACTORS}.txt", PAGE)
        lines = [line for line in read_lines(path) if line]
        images = [f"../{DISTRACTORS}/jpg/{line}" for line in lines]
        rows = _rows(images, "gallery").assign(image=images, keyword="distractor")
        pictures.look(column(rows, "image").rename_axis("entry"), self.root, path, PAGE)
        return rows


def _rows(names: list[str], role: str, boxes: np.ndarray | None = None) -> pd.DataFrame:
    """Rows of the pictures ``names``, cut to ``boxes`` (n, 4) where there are such."""
    boxes = np.full((len(names), len(BOX)), np.nan) if boxes is None else boxes
    columns = {
        "item": names,
        "image": [f"jpg/{name}.jpg" for name in names],
        "split": "test",
        "role": role,
        "keyword": [re.sub(r"_\d+$", "", name) for name in names],
    }
    return pd.DataFrame({**columns, **dict(zip(BOX, boxes.T, strict=True))})


def judged(truth: GroundTruth, difficulty: str) -> pd.DataFrame:
    """The lists of ``truth`` as a catalogue's ``qrels``: gain 1 for relevant answers, 0 for junk."""
    relevant, junk = DIFFICULTIES[difficulty]
    parts = []
    for query, lists in enumerate(truth.lists):
        for gain, names in ((1.0, relevant), (0.0, junk)):
            answers = np.concatenate([lists[name] for name in names]) + len(truth.queries)
            parts.append(pd.DataFrame({"query": query, "answer": answers, "gain": gain}))
    return pd.concat(parts, ignore_index=True).astype({"query": np.int64, "answer": np.int64})


def read_ground_truth(path: Path) -> GroundTruth:
    """The ground truth of one of the sets, read without running anything in the file.

    Raises:
        DataError: the file holds something else.
    """
    truth = read_plain_pickle(path)
    for key in ("imlist", "qimlist", "gnd"):
        if not isinstance(truth, dict) or not isinstance(truth.get(key), list):
            raise DataError(f"{path} has no list '{key}'; get the published file at {PAGE}")
    gallery, queries = ([str(name) for name in truth[key]] for key in ("imlist", "qimlist"))
    if len(truth["gnd"]) != len(queries):
        raise DataError(f"{path} has {len(queries)} queries but ground truth for {len(truth['gnd'])}")
    both = sorted(set(gallery) & set(queries))
    if both:
        raise DataError(
            f"{path}: query '{both[0]}' stands in imlist too, as in Oxford and Paris before their revision; "
            f"get the revised file at {PAGE}"
        )
    places = [f"{path}: query {number} ('{name}')" for number, name in enumerate(queries)]
    boxes = [_box(one, place) for one, place in zip(truth["gnd"], places, strict=True)]
    lists = [
        {name: _positions(one, name, len(gallery), place) for name in ("easy", "hard", "junk")}
        for one, place in zip(truth["gnd"], places, strict=True)
    ]
    return GroundTruth(gallery, queries, np.array(boxes, np.float64).reshape(-1, len(BOX)), lists)


def _box(one: Any, place: str) -> list[int]:
    """x, y, w, h of ``bbx``, its corners rounded as Pillow's ``crop`` does for the reference code."""
    try:
        left, top, right, bottom = (round(float(edge)) for edge in np.ravel(one["bbx"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise DataError(f"{place} has no box bbx of four numbers") from None
    if right <= left or bottom <= top:
        raise DataError(f"{place} has the empty box {left}, {top}, {right}, {bottom}")
    return [left, top, right - left, bottom - top]


def _positions(one: dict[str, Any], name: str, n_gallery: int, place: str) -> np.ndarray:
    """The list ``name`` (n,) int64 of one query; an empty one may be an array of floats."""
    try:
        listed = np.ravel(np.asarray(one[name]))
    except (KeyError, ValueError):
        raise DataError(f"{place} has no list '{name}'") from None
    if len(listed) and not np.issubdtype(listed.dtype, np.integer):
        raise DataError(f"{place}: its list '{name}' holds something other than whole numbers")
    if len(listed) and not 0 <= listed.min() <= listed.max() < n_gallery:
        raise DataError(f"{place}: its list '{name}' reaches outside the {n_gallery} pictures of imlist")
    return listed.astype(np.int64)
