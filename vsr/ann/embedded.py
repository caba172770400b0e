"""Embeddings of a catalogue's pictures, by the model and the transform that measure and serve them."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from rich.progress import track
from torch import nn

from vsr.ann.vectors import GALLERY, QUERIES, Labels, save, save_labels
from vsr.data.catalogue.catalogue import Catalogue
from vsr.errors import ConfigError, DataError, nearest
from vsr.precision import FULL
from vsr.retrieval.embed import embed

SPLITS = ("val", "test")


class Pictures(Protocol):
    """What is asked of `vsr.data.loading.VisualSearchData`."""

    catalogue: Catalogue

    def loader(self, rows: np.ndarray) -> Any:
        """Batches of the deterministic view of ``rows``."""
        ...


class Embedded:
    """Queries and gallery of one split of a catalogue.

    Args:
        model: pictures (B, 3, H, W) to embeddings (B, d), its weights loaded.
        data: the catalogue and its transform.
        split: val or test.
        checkpoint: the file that the weights came from.
        precision: one of `vsr.precision.PRECISIONS`.

    Raises:
        ConfigError: another split.
    """

    def __init__(
        self, model: nn.Module, data: Pictures, split: str, checkpoint: Path, precision: str = FULL
    ) -> None:
        if split not in SPLITS:
            raise ConfigError(f"split must be val or test, got {split}{nearest(split, SPLITS)}")
        self.model, self.data, self.split, self.checkpoint = model, data, split, checkpoint
        self.precision = precision

    def identity(self) -> dict[str, Any]:
        """Checkpoint, catalogue, split and precision."""
        stat = self.checkpoint.stat()
        return {
            "kind": "checkpoint",
            "checkpoint": str(self.checkpoint),
            "written": stat.st_mtime,
            "protocol": f"{self.data.catalogue.protocol}:{self.split}",
            "catalogue": self.data.catalogue.fingerprint,
            "precision": self.precision,
        }

    def write(self, folder: Path, n_queries: int, seed: int) -> None:
        """See `vsr.ann.vectors.Source`: the role column tells queries from gallery.

        Raises:
            DataError: the split has no query or no gallery picture.
        """
        catalogue = self.data.catalogue
        embeddings, rows = self._embedded(catalogue.rows(self.split))
        places = {role: np.flatnonzero(np.isin(rows, catalogue.rows(self.split, role))) for role in _ROLES}
        for role, at in places.items():
            if len(at) == 0:
                raise DataError(f"split {self.split} of {catalogue.protocol} has no {role} picture")
        asked = places["query"]
        if len(asked) > n_queries:
            asked = np.sort(np.random.default_rng(seed).choice(asked, n_queries, replace=False))
        save(folder, GALLERY, embeddings, places["gallery"])
        save(folder, QUERIES, embeddings, asked)
        asked, found = rows[asked], rows[places["gallery"]]
        codes = catalogue.codes
        save_labels(folder, Labels(codes[asked], codes[found], np.asarray(catalogue.gains), asked, found))

    def _embedded(self, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings (n, d) and the rows (n,) whose pictures could be decoded."""
        accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        loader = self.data.loader(wanted)
        batches = track(loader, "Embedding pictures", total=len(loader), transient=True)
        found = embed(self.model, batches, accelerator or "cpu", self.precision)
        return found.embeddings.numpy(), found.rows.numpy()


_ROLES = ("query", "gallery")
