"""Lists as benchmarks publish them: text files with a picture a line, its pictures, and their counts."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import SPLITS
from vsr.data.catalogue.tables import sibling
from vsr.errors import DataError

log = logging.getLogger(__name__)

SHOWN = 80  # characters of a wrong line that an error repeats


def read_lines(path: Path, page: str = "") -> list[str]:
    """The lines of a text file, which is published at ``page``.

    Raises:
        DataError: it is missing, or not UTF-8 text.
    """
    if not path.is_file():
        raise DataError(f"no file {path}{sibling(path)}" + (f"; it is published at {page}" if page else ""))
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text: byte {error.start} is no UTF-8; fetch it again") from None


def read_listing(
    path: Path, columns: Sequence[str], skip: int = 0, separator: str | None = None, page: str = ""
) -> pd.DataFrame:
    """The fields of each line as text, a column each; the index is the number of the line, from 1.

    Args:
        path: of the file. Empty lines in it are passed over.
        columns: names of the fields that every line must have.
        skip: lines at the beginning that are headings.
        separator: between fields, which are stripped; None splits at white space.
        page: where the file is published, for the error.

    Raises:
        DataError: the file is missing, is no text or has no line, or a line has another number of fields or
            an empty one, as the last line of a file that was cut off.
    """
    numbers, fields = [], []
    for number, line in enumerate(read_lines(path, page), start=1):
        if number <= skip or not line.strip():
            continue
        parts = [part.strip() for part in line.split(separator)]
        if len(parts) != len(columns) or not all(parts):
            raise DataError(
                f"{path}: line {number} must be {len(columns)} fields ({', '.join(columns)}), got "
                f"'{line.strip()[:SHOWN]}'; the file is cut off or another one: fetch it again"
            )
        numbers.append(number)
        fields.append(parts)
    if not fields:
        raise DataError(f"{path} names no picture; it is empty or cut off: fetch it again")
    index = pd.Index(numbers, name="line")
    return pd.DataFrame(fields, columns=list(columns), index=index, dtype="str")


def column(table: pd.DataFrame, name: str) -> pd.Series:
    """The column ``name`` with its index; the types of pandas leave open that it is a table."""
    return pd.Series(table[name])


def whole_numbers(table: pd.DataFrame, name: str, path: Path) -> np.ndarray:
    """The column ``name`` (N,) of a listing as int64.

    Raises:
        DataError: one is not a whole number; the error names its line.
    """
    values = column(table, name)
    numbers = np.asarray(pd.to_numeric(values, errors="coerce"), dtype=np.float64)
    wrong = ~(np.isfinite(numbers) & (numbers == np.rint(numbers)))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise DataError(
            f"{path}: line {values.index[first]}: {name} must be a whole number, got '{values.iloc[first]}'"
        )
    return numbers.astype(np.int64)


def counts(table: pd.DataFrame, level: str) -> dict[str, int]:
    """Pictures and labels of each split that ``table`` has, such as ``{"train pictures": 5864, …}``.

    A split whose queries and gallery are different pictures is counted by both.
    """
    found: dict[str, int] = {}
    splits, roles, labels = (table[name].to_numpy(dtype=str) for name in ("split", "role", level))
    for split in SPLITS:
        of_split = splits == split
        if not of_split.any():
            continue
        for role in ("both", "query", "gallery"):
            n_pictures = int((of_split & (roles == role)).sum())
            if n_pictures:
                found[f"{split} {'pictures' if role == 'both' else role}"] = n_pictures
        found[f"{split} labels"] = len(np.unique(labels[of_split]))
    return found


def as_published(protocol: str, found: Mapping[str, int], published: Mapping[str, int]) -> str:
    """The protocol's name, marked and warned of where what was found is not what was published.

    A part of a benchmark can be trained and measured on, but its results must not pass for the benchmark's.
    """
    differing = [
        f"{found.get(name, 0):,} {name} for {number:,}"
        for name, number in published.items()
        if found.get(name, 0) != number
    ]
    if not differing:
        return protocol
    log.warning(
        "%s: %s published; results on these files cannot be put beside others'",
        protocol,
        ", ".join(differing),
    )
    return f"{protocol}/not-as-published"
