"""What lies where in one tar shard: samples of files with a common name, as WebDataset defines them.

Layout: https://github.com/webdataset/webdataset#the-webdataset-format. Files that follow each other and have
the same path up to the first dot of the file's name are one sample; what comes after that dot says what a
file is: ``000123.jpg``, ``000123.json``, ``000123.cls``.
"""

import json
import posixpath
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from vsr.data.catalogue.walk import SUFFIXES
from vsr.data.names import escaped, is_utf8, not_utf8
from vsr.errors import DataError

BLOCK = 512  # bytes; a tar ends with blocks of zeros
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zX", b"\x28\xb5\x2f\xfd")  # gzip, bzip2, xz, zstd
TEXTS = ("json", "cls")


class Member(NamedTuple):
    """One file in a shard."""

    key: str
    extension: str  # lower case, without the dot
    offset: int  # of its first byte in the shard
    length: int


class ShardSample(NamedTuple):
    """One picture in a shard, with what stands beside it."""

    key: str
    offset: int
    length: int
    facts: dict[str, Any]  # of its .json, and ``cls``
    extensions: tuple[str, ...]  # of all its files


def samples(path: Path, picture: str | None = None) -> Iterator[ShardSample]:
    """The samples of a shard that have a picture, in their order.

    Args:
        path: of the shard.
        picture: extension of the picture, where samples have several; None: the only one.

    Raises:
        DataError: as `members`, or a sample has several pictures, or a .json or .cls cannot be read.
    """
    group: list[Member] = []
    with open(path, "rb") as file:
        for member in members(path):
            if group and member.key != group[0].key:
                yield from _sample(path, file, group, picture)
                group = []
            group.append(member)
        if group:
            yield from _sample(path, file, group, picture)


def members(path: Path) -> Iterator[Member]:
    """The files of a shard in their order, read by their headers alone.

    Raises:
        DataError: it is no uncompressed tar, is damaged, was cut off, or has a name that is not UTF-8.
    """
    last, size = "its beginning", path.stat().st_size
    _refuse_compressed(path)
    try:
        with tarfile.open(path, "r:") as tar:
            while (entry := tar.next()) is not None:
                tar.members = []  # pyright: ignore[reportAttributeAccessIssue] - it would keep every header
                if entry.isfile():
                    if entry.offset_data + entry.size > size:
                        raise tarfile.ReadError(f"cut off within '{entry.name}'")
                    wrong = not_utf8([entry.name], str(path))
                    if wrong:
                        raise DataError(f"data.shards: {wrong} and write the shard anew")
                    yield _member(entry)
                    last = f"'{entry.name}'"
            end = tar.offset
    except tarfile.ReadError as error:
        raise DataError(
            f"data.shards: {path} is no whole tar: {error}, after {last}; copy it again"
        ) from error
    with open(path, "rb") as file:
        file.seek(end)
        block = file.read(BLOCK)
    if len(block) < BLOCK or any(block):
        what = "damaged" if len(block) == BLOCK else "cut off"
        raise DataError(f"data.shards: {path} is {what} after {last}, at byte {end}; copy it again")


def _refuse_compressed(path: Path) -> None:
    with open(path, "rb") as file:
        start = file.read(4)
    if start.startswith(COMPRESSED):
        raise DataError(
            f"data.shards: {path} is compressed, so that nothing in it can be found without reading all; "
            "decompress it (pictures are compressed already)"
        )


def _member(entry: tarfile.TarInfo) -> Member:
    folder, _, name = posixpath.normpath(entry.name).rpartition("/")  # tar writes ./a.jpg of its own accord
    stem, _, extension = name.partition(".")
    return Member(f"{folder}/{stem}" if folder else stem, extension.lower(), entry.offset_data, entry.size)


def _sample(path: Path, file: Any, group: list[Member], picture: str | None) -> Iterator[ShardSample]:
    found = [one for one in group if _is_picture(one, picture)]
    if len(found) > 1:
        names = ", ".join(one.extension for one in found)
        raise DataError(
            f"data.shards: sample '{group[0].key}' of {path} has {len(found)} pictures ({names}); "
            f"say which, as in data.picture={found[0].extension}"
            f"{dotted(group[0].key, [one.extension for one in found])}"
        )
    if not found:
        return
    facts: dict[str, Any] = {}
    for member in group:
        if member.extension in TEXTS:
            facts |= _facts(path, file, member)
    yield ShardSample(
        group[0].key, found[0].offset, found[0].length, facts, tuple(one.extension for one in group)
    )


def dotted(key: str, extensions: Iterable[str]) -> str:
    """That a dot within a name may be why a sample is not what was meant, as the tail of an error message."""
    odd = next((one for one in extensions if "." in one), None)
    if odd is None:
        return ""
    return (
        f"; a name ends at its first dot, so '{key}.{odd}' is the file '{odd}' of sample '{key}': if "
        "that dot is part of the name, replace it by another sign and write the shard anew"
    )


def _is_picture(member: Member, picture: str | None) -> bool:
    if picture is not None:
        return member.extension == picture.lower().lstrip(".")
    return f".{member.extension}".endswith(SUFFIXES)


def _facts(path: Path, file: Any, member: Member) -> dict[str, Any]:
    file.seek(member.offset)
    try:
        text = file.read(member.length).decode("utf-8")
        if member.extension == "cls":
            return {"cls": text.strip()}
        facts = json.loads(text)
        if not isinstance(facts, dict):
            raise ValueError(f"it holds a {type(facts).__name__}, not an object")
        if "\\u" in text and not is_utf8(json.dumps(facts, ensure_ascii=False)):
            raise ValueError(f"it holds half a character: {escaped(json.dumps(facts, ensure_ascii=False))}")
    except ValueError as error:  # of the encoding or of JSON
        raise DataError(
            f"data.shards: '{member.key}.{member.extension}' of {path} cannot be read: {error}"
        ) from error
    return facts
