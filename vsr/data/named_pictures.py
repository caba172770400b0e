"""The pictures that lists name: looked for, and what is not there refused, or left out and counted."""

import logging
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.names import otherwise_spelled, plain_path
from vsr.errors import ConfigError, DataError

log = logging.getLogger(__name__)

CHOICES = ("stop", "skip")
MEND = "set data.root to the folder that the paths start from"


class NamedPictures:
    """What one reading of a data set finds of the pictures that its lists name; they are not opened.

    Args:
        on_missing: ``stop`` at a picture that is not there, or ``skip``: leave it out of the catalogue.

    Raises:
        ConfigError: ``on_missing`` is neither.
    """

    def __init__(self, on_missing: str) -> None:
        if on_missing not in CHOICES:
            raise ConfigError(f"data.on_missing must be stop or skip, got {on_missing}")
        self.on_missing = on_missing
        self._first = ""  # of the missing ones, and where it is named
        self._missing: list[str] = []
        self._seen: set[str] = set()

    def look(
        self, images: pd.Series, root: Path, where: str | Path, page: str = "", once: bool = True
    ) -> None:
        """Look for the pictures of one list.

        Args:
            images: paths below ``root``; where the index has a name, such as ``line``, it counts those of the
                list.
            root: folder that they start from.
            where: path of the list, perhaps with the configuration key that gives it, for the error.
            page: where the pictures are published, likewise.
            once: refuse a picture that is named twice, here or in a list before, however it is spelled.

        Raises:
            DataError: a picture is not there and is not to be skipped, or one is named twice; the error names
                the first and its line.
        """

        def named(at: int) -> str:
            line = f": {images.index.name} {images.index[at]}" if images.index.name else ""
            return f"{where}{line} names '{images.iloc[at]}'"

        if once:
            plain = images.map(lambda image: plain_path(image, root))
            twice = (plain.duplicated() | plain.isin(self._seen)).to_numpy()
            if twice.any():
                raise DataError(f"{named(int(np.argmax(twice)))} a second time; remove one")
            self._seen.update(plain)
        missing = np.array([not os.path.isfile(os.path.join(root, image)) for image in images], dtype=bool)
        if not missing.any():
            return
        at = int(np.argmax(missing))
        first = f"{named(at)}, which is not in {root}"
        if self.on_missing == "stop":
            mend = f"unpack all of them there, from {page}" if page else MEND
            mend = otherwise_spelled(str(images.iloc[at]), root) or mend
            raise DataError(
                f"{first} ({missing.sum()} of {len(images)} pictures are not); {mend}, or leave out what is "
                "missing with data.on_missing=skip"
            )
        self._first = self._first or first
        self._missing += images[missing].tolist()

    def there(self, catalogue: Catalogue) -> Catalogue:
        """The catalogue without the rows whose pictures are missing, which it keeps as `Catalogue.missing`.

        Splits are as they would be with all pictures. The protocol's name tells how many pictures lack.

        Raises:
            DataError: no picture is left, or none that the lists of relevance judge.
        """
        if not self._missing:
            return catalogue
        table = catalogue.table
        images, missing = table["image"].to_numpy(dtype=object), set(self._missing)
        gone = np.array([image in missing for image in images])
        lost, named = len(set(images[gone])), len(set(images))
        if gone.all():
            raise DataError(f"{self._first}, and neither is any other of {named}; {MEND}")
        log.warning("data.on_missing=skip: %d of %d pictures are left out; %s", lost, named, self._first)
        return replace(
            catalogue,
            table=table[~gone],
            protocol=f"{catalogue.protocol}/{lost}-missing",
            qrels=_kept(catalogue, ~gone),
            missing=table[gone].reset_index(drop=True),
        )


def _kept(catalogue: Catalogue, keep: np.ndarray) -> pd.DataFrame | None:
    """The lists of relevance of the rows to ``keep`` (N,), by their new numbers."""
    qrels = catalogue.qrels
    if qrels is None:
        return None
    rows = qrels[["query", "answer"]].to_numpy()
    kept = keep[rows].all(axis=1)
    if len(qrels) and not kept.any():
        raise DataError(
            f"{catalogue.protocol}: of every query or of all that is listed for it the pictures are missing"
        )
    new = (np.cumsum(keep) - 1)[rows[kept]]
    return qrels[kept].assign(query=new[:, 0], answer=new[:, 1])
