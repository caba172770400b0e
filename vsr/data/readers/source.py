"""Find a benchmark's published files, or download them; an error names the page that has them."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from torchvision.datasets.utils import download_and_extract_archive

from vsr.data.catalogue.tables import sibling
from vsr.errors import ConfigError, DataError


class Archive(NamedTuple):
    """An archive that may be downloaded without asking.

    Attributes:
        url: address of a .tgz or .zip file.
        md5: its checksum, 32 hexadecimal digits.
        folder: that it unpacks to.
    """

    url: str
    md5: str
    folder: str


def root_folder(root: str | None, what: str) -> Path:
    """``root`` as a path.

    Raises:
        ConfigError: it is None or empty.
    """
    if root is None or not str(root):
        raise ConfigError(f"data.root must name the folder with the files of {what}; give data.root=…")
    return Path(str(root)).expanduser()  # a folder called 2018 comes as a number


def need(path: Path, page: str) -> Path:
    """``path``, which is there.

    Raises:
        DataError: it is not; the message names ``page``, where the file is published.
    """
    if not path.exists():
        raise DataError(f"data.root: no {path}{sibling(path)}; it is published at {page}")
    return path


def locate(root: str | Path, names: Sequence[str], subfolders: Sequence[str], how: str) -> Path:
    """The folder that holds one of the files ``names``: ``root`` or one of its ``subfolders``.

    Args:
        root: as given in the configuration.
        names: of files or folders, any of which tells that this is the folder.
        subfolders: of ``root`` that may be it, too.
        how: where to get the files and where to put them, for the error.

    Raises:
        ConfigError: ``root`` is empty.
        DataError: there is no such file.
    """
    if not str(root):
        raise ConfigError(f"data.root is empty; {how}")
    root = Path(str(root)).expanduser()  # a folder called 2018 comes as a number
    for folder in (root, *(root / name for name in subfolders)):
        if any((folder / name).exists() for name in names):
            return folder
    if not root.is_dir():
        raise DataError(f"data.root: no folder {root}{sibling(root)}; {how}")
    places = " or ".join([str(root), *subfolders])
    raise DataError(f"data.root: no {' or '.join(names)} in {places}; {how}")


def download(archive: Archive, root: str | Path, page: str) -> None:
    """Fetch ``archive`` and unpack it below ``root``, unless its folder is there already.

    It is fetched and unpacked aside and renamed: whoever finds the folder finds it whole, also when a
    download is killed or two processes do it at once.

    Args:
        archive: what to fetch.
        root: folder that the archive's own folder goes into; made when missing.
        page: where a person finds the archive, for the error.

    Raises:
        DataError: it cannot be fetched, or its checksum is wrong.
    """
    root = Path(str(root)).expanduser()
    place = root / archive.folder
    if place.is_dir():
        return
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as aside:
        try:
            download_and_extract_archive(archive.url, aside, md5=archive.md5)
        except (OSError, RuntimeError) as error:  # torchvision's word for a wrong checksum is the second
            raise DataError(
                f"data.download: {archive.url} cannot be fetched whole ({' '.join(str(error).split())}); get "
                f"it from {page} and unpack it in {root}"
            ) from error
        unpacked = Path(aside) / archive.folder
        if not unpacked.is_dir():
            raise DataError(f"data.download: {archive.url} holds no folder {archive.folder}")
        try:
            os.rename(unpacked, place)
        except OSError:
            if not place.is_dir():  # otherwise another process was quicker
                raise
