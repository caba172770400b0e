"""A manifest: a table of pictures, labels, splits, roles and boxes that somebody wrote."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from vsr.data.catalogue import BOX, COLUMNS, ROLES, SPLITS
from vsr.data.tables import read_table
from vsr.errors import DataError, nearest


def read_manifest(
    path: Path, root: Path, levels: Sequence[str] | None
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

    Raises:
        DataError: a column is missing; a label, split or role is empty or unknown; a box is half given or no
            number; an item repeats; pictures do not exist; or label columns that nobody named do not nest.
    """
    table = read_table(path, ("image",), "data.manifest")
    labels = _label_columns(table, path, levels)
    columns: dict[str, np.ndarray] = {}
    for name in ("image", *(("item",) if "item" in table else ()), *labels):
        empty = _is_empty(table, name)
        _refuse(empty, path, f"an empty {name}")
        columns[name] = _text(table, name)
    for name, known in (("split", SPLITS), ("role", ROLES)):
        if name in table:
            columns[name] = _words(table, name, known, path)
    boxes = _boxes(table, path)
    if "item" not in columns:
        columns["item"] = _items(columns["image"], boxes)
    _check_items(columns["item"], path)
    _check_files(columns["image"], path, root)
    order = [*(name for name in COLUMNS if name in columns), *labels]
    return pd.DataFrame({name: columns[name] for name in order} | boxes), labels


def _label_columns(table: pd.DataFrame, path: Path, levels: Sequence[str] | None) -> tuple[str, ...]:
    others = tuple(str(column) for column in table.columns if column not in (*COLUMNS, *BOX))
    if levels is not None:
        for level in levels:
            if level not in others:
                raise DataError(f"data.levels: {path} has no label column '{level}'{nearest(level, others)}")
        if not levels:
            raise DataError("data.levels is empty; name at least one label column, or set it to null")
        return tuple(levels)
    if not others:
        raise DataError(
            f"data.manifest: {path} has no label column, only {', '.join(map(str, table.columns))}; add one, "
            "such as product"
        )
    for fine, coarse in itertools.pairwise(others):
        pairs = pd.DataFrame({"fine": _text(table, fine), "coarse": _text(table, coarse)}).drop_duplicates()
        names, counts = np.unique(pairs["fine"].to_numpy(dtype=str), return_counts=True)
        if counts.max() > 1:
            raise DataError(
                f"data.manifest: {path}: {fine} '{names[counts.argmax()]}' has {counts.max()} values of "
                f"{coarse}, so these columns are not labels from fine to coarse; name those that are, as in "
                f"data.levels=[{fine}]"
            )
    return others


def _words(table: pd.DataFrame, name: str, known: tuple[str, ...], path: Path) -> np.ndarray:
    values = _text(table, name)
    strange = ~np.isin(values.astype(str), known)
    if strange.any():
        row = int(np.argmax(strange))
        value = "" if _is_empty(table, name)[row] else str(values[row])
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
        boxes[name] = np.asarray(pd.to_numeric(table[name], errors="coerce"), dtype=np.float64)
        _refuse(~np.isfinite(boxes[name]) & ~_is_empty(table, name), path, f"a {name} that is no number")
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


def _check_items(items: np.ndarray, path: Path) -> None:
    repeated = np.asarray(pd.Series(items).duplicated(), dtype=bool)
    if repeated.any():
        row = int(np.argmax(repeated))
        first = int(np.argmax(items == items[row]))
        raise DataError(
            f"data.manifest: {path}: item '{items[row]}' stands in rows {first + 1} and {row + 1}; remove "
            "one, or give an item column with a name for each"
        )


def _check_files(images: np.ndarray, path: Path, root: Path) -> None:
    missing = np.array([not os.path.isfile(os.path.join(root, image)) for image in images])
    if missing.any():
        row = int(np.argmax(missing))
        raise DataError(
            f"data.manifest: {missing.sum()} of the {len(images)} pictures that {path} names are not in "
            f"{root}; the first is '{images[row]}' (row {row + 1}); set data.root to the folder that the "
            f"paths start from"
        )


def _refuse(wrong: np.ndarray, path: Path, what: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"data.manifest: {path}: {int(wrong.sum())} rows with {what}, the first is row {row + 1}; fill "
            "it in or remove the rows"
        )


def _is_empty(table: pd.DataFrame, name: str) -> np.ndarray:
    values = np.asarray(table[name], dtype=object)
    return np.array(
        [value is None or value != value or not str(value).strip() for value in values], dtype=bool
    )


def _text(table: pd.DataFrame, name: str) -> np.ndarray:
    return np.array([str(value) for value in np.asarray(table[name], dtype=object)], dtype=object)
