"""The health of a run while it trains: does the embedding use its space, is all that moves finite?"""

import logging
from collections.abc import Iterable, Mapping

import lightning as L
import torch
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor, nn
from torch.optim import Optimizer

from vsr.data.loading.dataset import Batch
from vsr.training.distributed import gather, gather_sizes
from vsr.unit import unit_length

log = logging.getLogger(__name__)

_TIES = "metrics mean nothing where scores are equal, for these stand in gallery order"
FEWEST = 3  # pictures without which none of the numbers means anything


def embedding_health(embeddings: Tensor, labels: Tensor, k: int = 10) -> dict[str, float]:
    """What the embeddings (N, D) of pictures with labels (N,) look like, after scaling to unit length.

    - ``alignment``: mean squared distance of positive pairs; 0 is best (Wang & Isola 2020, arXiv 2005.10242,
      eq. 1 with alpha = 2).
    - ``uniformity``: log of the mean of exp(-2 squared distance) over all pairs; 0 when all lie on one
      point, about -4 when they are spread over the sphere (eq. 2 with t = 2).
    - ``effective_rank``: exp of the entropy of the singular values, in 1..min(N, D) (Roy & Vetterli 2007;
      RankMe, arXiv 2210.02885, eq. 1).
    - ``positive_similarity`` and ``negative_similarity``: mean cosines.
    - ``hubness``: skewness of how often a picture is among the k nearest of others; 0 is even, above 3 a few
      pictures are everybody's neighbors (Radovanović et al. 2010, JMLR 11).

    Numbers of positive pairs are NaN where no label repeats.
    """
    unit = unit_length(embeddings.float())
    cosine = unit @ unit.T  # (N, N)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    same = labels[:, None] == labels[None, :]
    positive, negative = same & ~itself, ~same
    squared = (2 - 2 * cosine).clamp(min=0)
    pairs = squared[~itself]
    spectrum = torch.linalg.svdvals(unit)
    share = spectrum / spectrum.sum().clamp(min=1e-30)  # zeros lie on one point too
    entropy = -torch.special.xlogy(share, share).sum()
    nearest = cosine.masked_fill(itself, -2).topk(min(k, len(unit) - 1), dim=1).indices
    return {
        "alignment": float(squared[positive].mean()),
        "uniformity": float((-2 * pairs).logsumexp(dim=0) - torch.tensor(float(len(pairs))).log()),
        "effective_rank": float(entropy.exp()),
        "positive_similarity": float(cosine[positive].mean()),
        "negative_similarity": float(cosine[negative].mean()),
        "hubness": float(_skewness(nearest.flatten().bincount(minlength=len(unit)).float())),
    }


def _skewness(values: Tensor) -> Tensor:
    deviation = values - values.mean()
    spread = deviation.square().mean().sqrt()
    return (deviation**3).mean() / spread**3 if spread > 0 else spread


def complaints(health: Mapping[str, float], width: int) -> dict[str, str]:
    """What is wrong with an embedding of ``width`` numbers, in words, by the measure that tells it."""
    found = {}
    rank, apart = health["effective_rank"], health["negative_similarity"]
    if rank < max(2.0, 0.02 * width):
        found["effective_rank"] = (
            f"the embeddings use {rank:.1f} of {width} dimensions: they have collapsed; lower optimizer.lr "
            "or raise loss.temperature, and check that batches hold negatives; " + _TIES
        )
    if apart > 0.95:
        found["negative_similarity"] = (
            f"pictures of different labels have a mean cosine of {apart:.3f}: all embeddings lie on nearly "
            "one point; lower optimizer.lr, or take a loss with more negatives; " + _TIES
        )
    if health["hubness"] > 10:
        found["hubness"] = (
            f"the skewness of how often pictures are neighbors is {health['hubness']:.1f}: a few hubs are "
            "found for most queries"
        )
    return found


def not_finite(module: nn.Module, optimizers: Iterable[Optimizer]) -> str | None:
    """The first weight, or number that an optimizer keeps of one, that is not finite; None where all are.

    A second moment of inf, from a gradient whose square overflows, leaves losses as they are and its weight
    where it is, for ever. Looking takes as long as two steps of the optimizer (0.25 s for a ResNet-50 under
    AdamW on one core), so once an epoch will do.
    """
    names: dict[Tensor, str] = {weight: name for name, weight in module.named_parameters()}
    kept = [(name, weight) for weight, name in names.items()]
    for optimizer in optimizers:
        for weight, state in optimizer.state.items():
            of = f" of {names.get(weight, 'a weight')} in the optimizer"
            kept += [(key + of, value) for key, value in state.items() if isinstance(value, Tensor)]
    if not kept:
        return None
    device = kept[0][1].device
    finite = torch.stack([torch.isfinite(value).all().to(device) for _, value in kept])  # one wait for all
    return None if finite.all() else f"{kept[int(finite.int().argmin())][0]} is not finite"


class EmbeddingHealth(L.Callback):
    """Log ``health/…`` of the validation split after every epoch, and warn of a collapse in words, once.

    All devices' embeddings are looked at, so that every rank logs the same. The untrained network is measured
    too, but not complained of.

    Args:
        pictures: at most so many, evenly chosen: time and memory grow with their square.
        k: neighbors for ``hubness``.

    Raises:
        ValueError: ``pictures`` < 3 or ``k`` < 1.
    """

    def __init__(self, pictures: int = 2000, k: int = 10) -> None:
        if pictures < FEWEST:
            raise ValueError(f"pictures must be >= {FEWEST}, got {pictures}")
        if k < 1:
            raise ValueError(f"k must be >= 1, got {k}")
        self.pictures = pictures
        self.k = k
        self._seen: list[tuple[Tensor, Tensor]] = []
        self._told: set[str] = set()

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Forget the last pass."""
        self._seen = []

    def on_validation_batch_end(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Tensor,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the batch's embeddings, finest labels and rows."""
        numbers = torch.stack([batch.labels[:, 0], batch.rows[:, 0]], dim=1)
        self._seen.append((outputs.detach().float(), numbers))

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Measure, log and warn, unless this is Lightning's sanity check of a few batches."""
        if trainer.sanity_checking or not self._seen:
            return
        embeddings, labels = self._sample()
        if len(labels) < FEWEST:
            return
        health = embedding_health(embeddings, labels, self.k)
        pl_module.log_dict({f"health/{name}": value for name, value in health.items()})
        if trainer.state.fn != TrainerFn.FITTING or not trainer.is_global_zero:
            return
        for name, words in complaints(health, embeddings.shape[1]).items():
            if name not in self._told:
                self._told.add(name)
                log.warning("after epoch %d %s", trainer.current_epoch + 1, words)

    def _sample(self) -> tuple[Tensor, Tensor]:
        """Embeddings (n, D) and labels (n,) of all devices, evenly chosen in the order of the catalogue."""
        embeddings, numbers = (torch.cat(parts) for parts in zip(*self._seen, strict=True))
        self._seen = []
        sizes = gather_sizes(len(numbers), numbers.device)
        embeddings, numbers = gather(embeddings, sizes), gather(numbers, sizes)
        order = numbers[:, 1].argsort()
        every = -(-len(order) // self.pictures)
        chosen = order[::every]
        return embeddings[chosen], numbers[chosen, 0]
