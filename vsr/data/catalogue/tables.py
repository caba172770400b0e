"""Tables that people bring: CSV, TSV or Parquet, with the mistakes in them named."""

import csv
import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from vsr.errors import DataError, nearest

SEPARATORS = {".csv": ",", ".tsv": "\t"}
KINDS = {list: "a list", np.ndarray: "a list", dict: "a record", bytes: "bytes"}


def read_table(path: Path, needed: Sequence[str], key: str) -> pd.DataFrame:
    """The table at ``path``; text columns of CSV stay text, so that the label ``007`` is not 7.

    Args:
        path: ``.csv``, ``.tsv`` or ``.parquet``.
        needed: columns it must have.
        key: configuration key that names it, for error messages.

    Raises:
        DataError: it is missing, empty, of another kind or damaged, lacks a column or names one twice, or a
            line has another number of fields than the heading.
    """
    kind = path.suffix.lower()
    if kind not in (*SEPARATORS, ".parquet"):
        raise DataError(f"{key}: {path} must end in .csv, .tsv or .parquet")
    if not path.is_file():
        raise DataError(f"{key}: no file {path}{sibling(path)}")
    try:
        if kind == ".parquet":
            table = _named_index(pd.read_parquet(path))
        else:
            _check_fields(path, SEPARATORS[kind])
            table = pd.read_csv(
                path, sep=SEPARATORS[kind], dtype=str, keep_default_na=False, encoding="utf-8-sig"
            )
    except UnicodeDecodeError:
        raise DataError(f"{key}: {path} cannot be read as {kind[1:]}: {_not_text(path)}") from None
    except (ValueError, OSError, csv.Error, pa.ArrowException) as error:  # pandas' errors are values
        raise DataError(
            f"{key}: {path} cannot be read as {kind[1:]}: {' '.join(str(error).split())}"
        ) from error
    for column in needed:
        if column not in table.columns:
            raise DataError(
                f"{key}: {path} has no column '{column}'{nearest(column, map(str, table.columns))}"
            )
    if table.empty:
        raise DataError(f"{key}: {path} has no rows")
    return table.reset_index(drop=True)


def texts(table: pd.DataFrame, name: str, where: str) -> np.ndarray:
    """The column ``name`` (N,) as text, of whatever kind it is; empty where nothing is given.

    Args:
        table: as `read_table` gives it.
        name: of the column.
        where: key and path of the table, for the error.

    Raises:
        DataError: it holds lists, records or bytes; the error names the first row.
    """
    column = table[name]
    empty = column.isna().to_numpy()
    values = column.to_numpy(dtype=object)
    if not pd.api.types.is_string_dtype(column.dtype) or column.dtype == object:
        for row, value in enumerate(values):
            if isinstance(value, bytes) or not pd.api.types.is_scalar(value):
                kind = KINDS.get(type(value), f"a {type(value).__name__}")
                raise DataError(
                    f"{where}: column '{name}' holds {kind} in row {row + 1}; it must be text or a number in "
                    "every row: convert it or remove it"
                )
    made = ["" if missing else str(value) for value, missing in zip(values, empty, strict=True)]
    return np.array(made, dtype=object)


def numbers(table: pd.DataFrame, name: str, where: str) -> np.ndarray:
    """The column ``name`` (N,) as float64, of whatever kind it is; NaN where it is no number.

    Raises:
        DataError: as `texts`.
    """
    column = table[name]
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(pd.to_numeric(pd.Series(texts(table, name, where)), errors="coerce"), dtype=np.float64)


def _named_index(table: pd.DataFrame) -> pd.DataFrame:
    """``table`` with the columns in front that pandas was told to index by: an index that has a name."""
    named = [name for name in table.index.names if name is not None and name not in table.columns]
    table = table.reset_index(level=named) if named else table
    return table.set_axis([str(name) for name in table.columns], axis=1)


def _check_fields(path: Path, separator: str) -> None:
    """Compare each line with the heading: pandas takes fields too many for an index, and shifts the columns.

    Raises:
        ValueError: a line has too many or too few, or a column is named twice.
        UnicodeDecodeError: it is not UTF-8.
        csv.Error: it cannot be read at all.
    """
    heading: list[str] = []
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, delimiter=separator)
        line = 1
        for fields in reader:
            blank = len(fields) < 2 and not "".join(fields).strip()
            if not heading and not blank:
                heading = fields
                twice = next((name for at, name in enumerate(fields) if name and name in fields[:at]), None)
                if twice is not None:
                    raise ValueError(f"line {line} names the column '{twice}' twice; rename one")
            elif not blank and len(fields) != len(heading):
                raise ValueError(
                    f"line {line} has {len(fields)} fields and the heading {len(heading)} "
                    f"({', '.join(heading)}); a value with a '{separator}' in it must stand in quotes"
                )
            line = reader.line_num + 1


def _not_text(path: Path) -> str:
    """The line of ``path`` that is not UTF-8, in words."""
    content = path.read_bytes()
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        return f"line {line} is not UTF-8 (byte 0x{byte:02x}); save the table as UTF-8"
    raise AssertionError(f"{path} is UTF-8")


def sibling(path: Path) -> str:
    """What lies near a path that does not exist, as the tail of an error message.

    Of one that does, or of what a file was taken for the folder of: that it is a file.
    """
    there = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    if there.is_file():
        return f"; {there} is a file"
    if there == path.absolute():
        return ""
    parent = path.absolute().parent
    while not parent.is_dir():
        path, parent = parent, parent.parent
    alike = difflib.get_close_matches(path.name, _names(parent), n=1, cutoff=0.6)
    return f"; did you mean {path.absolute().parent / alike[0]}?" if alike else ""


def _names(folder: Path) -> Iterable[str]:
    try:
        return sorted(one.name for one in folder.iterdir())
    except OSError:
        return []
