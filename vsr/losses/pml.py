"""Any loss of pytorch-metric-learning, with its miner and distance.

The library is optional: the extra ``pml``. Its losses are the long tail; where vsr has a loss of its
own, that one is quicker and smaller, and says which definition it is.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vsr.checks import check_batch
from vsr.errors import ConfigError, nearest
from vsr.extras import library
from vsr.losses.pairs import widened
from vsr.losses.proxies import index_of
from vsr.unit import damped

WIDTH = ("embedding_size", "descriptors_dim")  # how its losses with proxies call the embedding width
KINDS = {"losses": "BaseMetricLossFunction", "miners": "BaseMiner", "distances": "BaseDistance"}


class PML(nn.Module):
    """``pytorch_metric_learning.losses.<name>``, computed in float32 or float64.

    Losses with a weight for each label (`ArcFaceLoss`, `SoftTripleLoss`, …) are told number of labels and
    width by `set_up`, as vsr's proxy losses are, and train their weights along.

    Args:
        name: class of ``pytorch_metric_learning.losses``, such as ``LiftedStructureLoss``.
        options: its arguments, without the number of labels and the width.
        miner: class of ``pytorch_metric_learning.miners``; None for none.
        miner_options: its arguments.
        distance: class of ``pytorch_metric_learning.distances``; None for the loss's own.
        distance_options: its arguments.

    Raises:
        ConfigError: the library is not installed, has no such class, or the class refuses an argument; in
            ``forward``, the loss refuses the batch: some take no labels, others as many pictures of each.
    """

    known: Tensor | None

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any] | None = None,
        miner: str | None = None,
        miner_options: Mapping[str, Any] | None = None,
        distance: str | None = None,
        distance_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.name = name
        self.options = dict(options or {})
        if distance is not None:
            self.options["distance"] = _made("distances", distance, distance_options)
        self.miner = None if miner is None else _made("miners", miner, miner_options)
        taken = _arguments(_found("losses", name))
        self._of_labels = "num_classes" in taken and bool(taken & set(WIDTH))
        self._width_name = next((one for one in WIDTH if one in taken), WIDTH[0])
        self.loss = None if self._of_labels else _made("losses", name, self.options)
        self.register_buffer("known", None)

    def set_up(self, labels: Tensor, width: int, seed: int = 0) -> None:
        """Make the weights of a loss that has one for each label; others are left as they are.

        Args:
            labels: (E,) int: the labels of training, each any number of times.
            width: D, of the embeddings.
            seed: of the weights.
        """
        if not self._of_labels:
            return
        self.known = known = labels.unique()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            sizes = {"num_classes": len(known), self._width_name: width}
            self.loss = _made("losses", self.name, {**self.options, **sizes}).to(labels.device)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scalar float32 (float64 for float64 embeddings); 0, with a gradient of 0, for an empty batch.

        Args:
            embeddings: (B, D) float.
            labels: (B,) int.
        """
        check_batch(embeddings, labels)
        if self.loss is None:
            raise ConfigError(f"{self.name} has no weights yet; call set_up(labels, width) first")
        if self.known is not None:
            labels = index_of(labels, self.known)
        with torch.autocast(embeddings.device.type, enabled=False):
            vectors = damped(widened(embeddings))  # its distances divide by lengths as small as 1e-12
            if not len(labels):
                return vectors.sum()
            hard = None if self.miner is None else self.miner(vectors, labels)
            try:
                value = self.loss(vectors, labels, hard)
            except (NotImplementedError, ValueError) as error:
                raise ConfigError(
                    f"{self.name} of pytorch-metric-learning refuses the batch: {error}"
                ) from error
        _forget_graphs(self.loss)
        return value


def _found(module: str, name: str) -> type:
    """The class ``name`` of ``pytorch_metric_learning.<module>``."""
    place = f"pytorch_metric_learning.{module}"
    classes = vars(library(place, "loss=pml", "pytorch-metric-learning", "pml"))
    base = classes[KINDS[module]]
    known = {
        one: value
        for one, value in classes.items()
        if inspect.isclass(value) and issubclass(value, base) and value is not base
    }
    if name not in known:
        by_itself = " that stands by itself" if name in classes else ""
        close = nearest(str(name), known)
        raise ConfigError(f"pytorch-metric-learning has no {module}.{name}{by_itself}{close}")
    return known[name]


def _made(module: str, name: str, options: Mapping[str, Any] | None) -> Any:
    """An object of the class ``name`` of ``pytorch_metric_learning.<module>``."""
    made = _found(module, name)
    try:
        return made(**(options or {}))
    except (TypeError, AssertionError, ValueError) as error:
        raise ConfigError(
            f"{module}.{name} of pytorch-metric-learning refuses its options: {error}"
        ) from error


def _forget_graphs(loss: nn.Module) -> None:
    """Cut what ``loss`` keeps for the next batch from this one's graph; `DynamicSoftMarginLoss` does not."""
    for part in loss.modules():
        kept = {name: value for name, value in vars(part).items() if isinstance(value, Tensor)}
        vars(part).update({name: value.detach() for name, value in kept.items()})


def _arguments(made: type) -> set[str]:
    """Names that the constructors of a class and of those it inherits from take: its own say ``**kwargs``."""
    inits = [vars(one)["__init__"] for one in made.__mro__ if "__init__" in vars(one) and one is not object]
    return {name for init in inits for name in inspect.signature(init).parameters}
