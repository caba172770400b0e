"""Embeddings of a catalogue's pictures, by the model and the transform that measure and serve them."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from rich.progress import track
from torch import nn

from vsr.comparison.vectors import GALLERY, QUERIES, Labels, save, save_labels
from vsr.data import Catalogue
from vsr.errors import ConfigError, DataError, DivergedError, nearest

SPLITS = ("val", "test")


class Pictures(Protocol):
    """What is asked of `vsr.data.VisualSearchData`."""

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

    Raises:
        ConfigError: another split.
    """

    def __init__(self, model: nn.Module, data: Pictures, split: str, checkpoint: Path) -> None:
        if split not in SPLITS:
            raise ConfigError(f"split must be val or test, got {split}{nearest(split, SPLITS)}")
        self.model, self.data, self.split, self.checkpoint = model, data, split, checkpoint

    def identity(self) -> dict[str, Any]:
        """Checkpoint, catalogue and split."""
        stat = self.checkpoint.stat()
        return {
            "kind": "checkpoint",
            "checkpoint": str(self.checkpoint),
            "written": stat.st_mtime,
            "protocol": f"{self.data.catalogue.protocol}:{self.split}",
            "catalogue": self.data.catalogue.fingerprint,
        }

    def write(self, folder: Path, n_queries: int, seed: int) -> None:
        """See `vsr.comparison.vectors.Source`: the role column tells queries from gallery.

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
        device = accelerator or torch.device("cpu")
        model, parts, rows = self.model.to(device).eval(), [], []
        loader = self.data.loader(wanted)
        with torch.inference_mode():
            for batch in track(loader, "Embedding pictures", total=len(loader), transient=True):
                parts.append(model(batch.images.flatten(0, 1).to(device)).float().cpu().numpy())
                rows.append(batch.rows[:, 0].numpy())
        embeddings, rows = np.concatenate(parts), np.concatenate(rows)
        broken = ~np.isfinite(embeddings).all(axis=1)
        if broken.any():
            first = rows[broken][0]
            raise DivergedError(f"the embedding of row {first} is not finite; take an earlier checkpoint")
        return embeddings, rows


_ROLES = ("query", "gallery")
