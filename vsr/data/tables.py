"""Tables that people bring: CSV, TSV or Parquet, with the mistakes in them named."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from vsr.errors import DataError, nearest

SEPARATORS = {".csv": ",", ".tsv": "\t"}


def read_table(path: Path, needed: Sequence[str], key: str) -> pd.DataFrame:
    """The table at ``path``; text columns of CSV stay text, so that the label ``007`` is not 7.

    Args:
        path: ``.csv``, ``.tsv`` or ``.parquet``.
        needed: columns it must have.
        key: configuration key that names it, for error messages.

    Raises:
        DataError: it is missing, empty, of another kind or damaged, or lacks a column.
    """
    kind = path.suffix.lower()
    if kind not in (*SEPARATORS, ".parquet"):
        raise DataError(f"{key}: {path} must end in .csv, .tsv or .parquet")
    if not path.is_file():
        raise DataError(f"{key}: no file {path}{sibling(path)}")
    try:
        if kind == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(
                path, sep=SEPARATORS[kind], dtype=str, keep_default_na=False, encoding="utf-8-sig"
            )
    except (ValueError, OSError) as error:  # pandas and pyarrow errors are both
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
