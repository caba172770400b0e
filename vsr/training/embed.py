"""Embeddings of rows of a catalogue, gathered from all devices, each row once."""

from collections.abc import Sequence
from typing import Any

import lightning as L
import numpy as np
import torch
from torch import Tensor

from vsr.errors import DataError
from vsr.retrieval.embed import embed


def train_split(pl_module: L.LightningModule, data: Any) -> tuple[Tensor, np.ndarray]:
    """Embeddings (n, D) and catalogue rows (n,), rising, of the training split, on every rank.

    The deterministic view of each picture, in the precision of validation; draws nothing from the global
    random generators. To be called within Lightning's evaluation loop: the module is left in evaluation mode.

    Args:
        pl_module: its ``trainer`` knows the devices.
        data: a `vsr.data.loading.VisualSearchData`.

    Raises:
        DataError: there is no training picture.
    """
    trainer = pl_module.trainer
    rows = data.catalogue.rows("train")[trainer.global_rank :: trainer.world_size]
    found = embed(pl_module.model, data.loader(rows), pl_module.device, pl_module.precision)  # pyright: ignore
    nothing = "a reranker learns from split train, which has no picture; check the split column"
    embeddings, kept = unique_rows(pl_module, [(found.embeddings, found.rows)], nothing)
    return embeddings, kept.cpu().numpy()


def unique_rows(
    pl_module: L.LightningModule, parts: Sequence[tuple[Tensor, Tensor]], nothing: str
) -> tuple[Tensor, Tensor]:
    """Embeddings (n, D) and rows (n,) of all ranks, rows rising, each kept once.

    Args:
        pl_module: its ``trainer`` knows the devices.
        parts: embeddings (b, D) and rows (b,) of this rank's batches, on any device; none where others have
            all.
        nothing: what to say when no rank has any.

    Raises:
        DataError: no rank has any; on all ranks at once, so that none waits for another.
    """
    parts = [(values, rows) for values, rows in parts if len(rows)]
    width = torch.tensor(parts[0][0].shape[1] if parts else 0, device=pl_module.device)
    if pl_module.trainer.world_size > 1:
        width = torch.as_tensor(pl_module.all_gather(width)).max()
    if not width:
        raise DataError(nothing)
    embeddings, rows = (
        torch.cat([values.to(pl_module.device) for values in (empty, *every)])
        for empty, every in (
            (torch.zeros(0, int(width)), [one for one, _ in parts]),
            (torch.zeros(0, dtype=torch.long), [one for _, one in parts]),
        )
    )
    if pl_module.trainer.world_size > 1:
        embeddings, rows = gather(pl_module, embeddings), gather(pl_module, rows)
    order = torch.argsort(rows, stable=True)
    rows, embeddings = rows[order], embeddings[order]
    first = torch.ones_like(rows, dtype=torch.bool)
    first[1:] = rows[1:] != rows[:-1]
    return embeddings[first], rows[first]


def gather(pl_module: L.LightningModule, values: Tensor) -> Tensor:
    """Concatenate ``values`` (n, …) of all ranks; n may differ from rank to rank."""
    length = torch.tensor(len(values), device=pl_module.device)
    lengths = torch.as_tensor(pl_module.all_gather(length)).flatten().tolist()
    padded = values.new_zeros((max(lengths), *values.shape[1:])).to(pl_module.device)
    padded[: len(values)] = values
    gathered = pl_module.all_gather(padded)  # (world, longest, …)
    return torch.cat([part[:length] for part, length in zip(gathered, lengths, strict=True)])
