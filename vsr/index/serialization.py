"""Indexes as files: one zip archive, uncompressed, whose parts carry checksums.

It holds ``manifest.json`` (format, version, backend, arguments), ``ids.npy`` and what the library writes.
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from vsr.errors import IndexFileError
from vsr.files import written_whole

FORMAT, VERSION = "vsr-index", 1


class Archive:
    """The parts of an index file being written, or read."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file

    def write(self, name: str) -> IO[bytes]:
        """A stream for the part ``name``."""
        return self._file.open(name, "w", force_zip64=True)

    def read(self, name: str) -> IO[bytes]:
        """The stream of the part ``name``."""
        return self._file.open(name)

    def __contains__(self, name: str) -> bool:
        return name in self._file.namelist()

    def save_array(self, name: str, array: np.ndarray) -> None:
        """Write ``array`` as the part ``name``."""
        with self.write(name) as stream:
            np.lib.format.write_array(stream, array, allow_pickle=False)

    def load_array(self, name: str) -> np.ndarray:
        """The array in the part ``name``."""
        with self.read(name) as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)

    def save_with(self, name: str, write: Callable[[str], Any]) -> None:
        """Let a library that insists on a path write the part ``name``."""
        with tempfile.TemporaryDirectory(prefix="vsr-index-") as folder:
            path = Path(folder) / name
            write(str(path))
            with path.open("rb") as source, self.write(name) as stream:
                shutil.copyfileobj(source, stream, 1 << 20)

    @contextmanager
    def as_path(self, name: str) -> Iterator[str]:
        """The part ``name`` as a file for a library that insists on a path, gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="vsr-index-") as folder:
            yield self._file.extract(name, folder)

    @property
    def names(self) -> list[str]:
        """The parts' names."""
        return self._file.namelist()


class Opened(NamedTuple):
    """An index file opened for reading."""

    manifest: dict[str, Any]
    ids: np.ndarray
    archive: Archive


def write(
    path: str | Path, manifest: dict[str, Any], ids: np.ndarray, payload: Callable[[Archive], None] | None
) -> None:
    """Write an index to ``path``, whole or not at all; ``payload``, if any, writes the library's part."""
    with written_whole(path) as aside, zipfile.ZipFile(aside, "w", allowZip64=True) as file:
        file.writestr("manifest.json", json.dumps({"format": FORMAT, "version": VERSION, **manifest}))
        archive = Archive(file)
        archive.save_array("ids.npy", ids)
        if payload is not None:
            payload(archive)


@contextmanager
def opened(path: str | Path) -> Iterator[Opened]:
    """The index file ``path``, every checksum verified.

    Raises:
        IndexFileError: not there, not an index file, cut off or damaged, or of a newer version.
    """
    path = Path(path)
    if not path.is_file():
        raise IndexFileError(f"{path} is not an index file: there is no such file")
    if not zipfile.is_zipfile(path):
        raise IndexFileError(f"{path} is not an index file, or was cut off: save the index again")
    with zipfile.ZipFile(path) as file:
        yield Opened(*_checked(path, file))


def _checked(path: Path, file: zipfile.ZipFile) -> tuple[dict[str, Any], np.ndarray, Archive]:
    if "manifest.json" not in file.namelist():
        raise IndexFileError(f"{path} is not an index file: it has no manifest.json")
    try:
        broken = file.testzip()  # before any library sees it: they may crash on flipped bits
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        broken = str(error)
    if broken is not None:
        raise IndexFileError(f"{path} is damaged ({broken}): save the index again")
    try:
        manifest = json.loads(file.read("manifest.json"))
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise IndexFileError(f"{path} is not an index file: its manifest.json is of something else")
    if manifest["version"] > VERSION:
        raise IndexFileError(
            f"{path} is of version {manifest['version']}, this program reads up to {VERSION}: update vsr"
        )
    archive = Archive(file)
    return manifest, archive.load_array("ids.npy"), archive
