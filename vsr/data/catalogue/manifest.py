"""A manifest: a table of pictures, labels, splits, roles and boxes that somebody wrote."""

import itertools
import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import BOX, COLUMNS, ROLES, SPLITS
from vsr.data.catalogue.tables import numbers, read_table, texts
from vsr.data.named_pictures import NamedPictures
from vsr.data.names import plain_path
from vsr.errors import DataError, nearest

log = logging.getLogger(__name__)

# What pandas calls a column without a name, and the index of a table that was saved with it.
NAMELESS = re.compile(r"|Unnamed: \d+(\.\d+)*|__index_level_\d+__")


def read_manifest(
    path: Path, root: Path, levels: Sequence[str] | None, pictures: NamedPictures
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table with the columns of a catalogue, and the label columns, fine to coarse.

    | column | meaning | when it is missing |
    | --- | --- | --- |
    | ``image`` | path below ``root``, or absolute | refused |
    | label columns | those of ``levels``, else every other column, fine to coarse | refused |
    | ``item`` | stable unique name of the picture | the image, with the box when there is one |
    | ``split`` | train, val or test | left out, for the caller to make |
    | ``role`` | query, gallery or both | left out, for the caller to make |
    | ``x y w h`` | box in pixels of the upright picture; empty means the whole picture | no boxes |

    A column of any kind that pandas reads is taken as text. ``./p/0.png`` is the picture ``p/0.png``.

    Args:
        path: of the manifest.
        root: folder that its paths start from.
        levels: label columns, fine to coarse; None: all that are left.
        pictures: looks for them.

    Raises:
        DataError: a column is missing, or holds what is no text; a label, split or role is empty or unknown;
            a box is half given or no number; an item repeats; pictures do not exist; or label columns that
            nobody named do not nest, or the finest is another one in every row.
    """
    table = read_table(path, ("image",), "data.manifest")
    labels = _label_columns(table, path, levels)
    columns: dict[str, np.ndarray] = {}
    for name in ("image", *(("item",) if "item" in table else ()), *labels):
        columns[name] = _text(table, name, path)
        _refuse(_is_empty(columns[name]), path, f"an empty {name}")
    columns["image"] = np.array([plain_path(image, root) for image in columns["image"]], dtype=object)
    for name, known in (("split", SPLITS), ("role", ROLES)):
        if name in table:
            columns[name] = _words(table, name, known, path)
    boxes = _boxes(table, path)
    if "item" not in columns:
        columns["item"] = _items(columns["image"], boxes)
        whole = [os.path.normpath(os.path.join(root, image)) for image in columns["image"]]
        _check_items(columns["item"], _items(np.array(whole, dtype=object), boxes), path)
    _check_items(columns["item"], columns["item"], path)
    images = pd.Series(columns["image"], index=pd.RangeIndex(1, len(table) + 1, name="row"), dtype="str")
    pictures.look(images, root, f"data.manifest: {path}", once=False)
    order = [*(name for name in COLUMNS if name in columns), *labels]
    return pd.DataFrame({name: columns[name] for name in order} | boxes), labels


def _label_columns(table: pd.DataFrame, path: Path, levels: Sequence[str] | None) -> tuple[str, ...]:
    others = tuple(column for column in table.columns if column not in (*COLUMNS, *BOX))
    if levels is not None:
        for level in levels:
            if level not in others:
                raise DataError(f"data.levels: {path} has no label column '{level}'{nearest(level, others)}")
        if not levels:
            raise DataError("data.levels is empty; name at least one label column, or set it to null")
        return tuple(levels)
    nameless = [column for column in others if NAMELESS.fullmatch(column)]
    if nameless:
        log.warning(
            "%s: %s has no name of its own, as the index of a table that pandas saved: it is no label",
            path,
            ", ".join(map(repr, nameless)),
        )
    others = tuple(column for column in others if column not in nameless)
    if not others:
        raise DataError(
            f"data.manifest: {path} has no label column, only {', '.join(table.columns)}; add one, "
            "such as product"
        )
    _check_nesting({name: _text(table, name, path) for name in others}, path)
    return others


def _check_nesting(labels: dict[str, np.ndarray], path: Path) -> None:
    """Refuse columns (N,) that cannot be labels from fine to coarse: nobody said that they are."""
    for (fine, names), (coarse, others) in itertools.pairwise(labels.items()):
        pairs = pd.DataFrame({"fine": names, "coarse": others}).drop_duplicates()
        found, counts = np.unique(pairs["fine"].to_numpy(dtype=str), return_counts=True)
        if counts.max() > 1:
            raise DataError(
                f"data.manifest: {path}: {fine} '{found[counts.argmax()]}' has {counts.max()} values of "
                f"{coarse}, so these columns are not labels from fine to coarse; name those that are, as in "
                f"data.levels=[{fine}]"
            )
    finest, *coarser = labels
    if coarser and len(set(labels[finest])) == len(labels[finest]):
        raise DataError(
            f"data.manifest: {path}: {finest} is another one in each of the {len(labels[finest])} rows, so "
            "that no two pictures belong together; name the label columns, as in "
            f"data.levels=[{','.join(coarser)}]"
        )


def _words(table: pd.DataFrame, name: str, known: tuple[str, ...], path: Path) -> np.ndarray:
    values = _text(table, name, path)
    strange = ~np.isin(values.astype(str), known)
    if strange.any():
        row = int(np.argmax(strange))
        value = str(values[row])
        raise DataError(f"data.manifest: {path}: {name} '{value}' in row {row + 1}{nearest(value, known)}")
    return values


def _boxes(table: pd.DataFrame, path: Path) -> dict[str, np.ndarray]:
    """Columns x, y, w, h (N,) float64, NaN where the whole picture is meant; none when the table has none."""
    given = [column for column in BOX if column in table]
    if not given:
        return {}
    if len(given) < len(BOX):
        missing = next(column for column in BOX if column not in given)
        raise DataError(
            f"data.manifest: {path} has box columns {given} but no '{missing}'; a box is x, y, w, h"
        )
    boxes = {}
    for name in BOX:
        boxes[name] = numbers(table, name, f"data.manifest: {path}")
        strange = ~np.isfinite(boxes[name])
        if strange.any():
            _refuse(strange & ~_is_empty(_text(table, name, path)), path, f"a {name} that is no number")
    unknown = np.isnan(np.stack(list(boxes.values())))  # (4, N)
    _refuse(np.asarray(unknown.any(axis=0) & ~unknown.all(axis=0)), path, "a box that is half given")
    _refuse(np.minimum(boxes["w"], boxes["h"]) <= 0, path, "a box without width or height")
    return boxes


def _items(images: np.ndarray, boxes: dict[str, np.ndarray]) -> np.ndarray:
    if not boxes:
        return images
    rows = zip(images, *boxes.values(), strict=True)
    named = [image if np.isnan(x) else f"{image}#{x:g},{y:g},{w:g},{h:g}" for image, x, y, w, h in rows]
    return np.array(named, dtype=object)


def _check_items(items: np.ndarray, keys: np.ndarray, path: Path) -> None:
    """Refuse that two of ``keys`` (N,) are the same, which belong to ``items`` (N,)."""
    repeated = np.asarray(pd.Series(keys).duplicated(), dtype=bool)
    if repeated.any():
        row = int(np.argmax(repeated))
        first = int(np.argmax(keys == keys[row]))
        raise DataError(
            f"data.manifest: {path}: item '{items[row]}' stands in rows {first + 1} and {row + 1}; remove "
            "one, or give an item column with a name for each"
        )


def _refuse(wrong: np.ndarray, path: Path, what: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"data.manifest: {path}: {int(wrong.sum())} rows with {what}, the first is row {row + 1}; fill "
            "it in or remove the rows"
        )


def _is_empty(values: np.ndarray) -> np.ndarray:
    return np.array([not value.strip() for value in values], dtype=bool)


def _text(table: pd.DataFrame, name: str, path: Path) -> np.ndarray:
    return texts(table, name, f"data.manifest: {path}")
