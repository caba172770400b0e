"""A small network that looks at query and item together, learned from embeddings and labels of training."""

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.data.loading.dataset import seeded
from vsr.errors import ConfigError, DataError
from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Context, Vectors
from vsr.retrieval.rerankers.graph import self_neighbors
from vsr.retrieval.rerankers.order import rescored
from vsr.retrieval.rerankers.vectors import check_at_least, in_blocks, near_blocks, unit

_CHECK_EVERY = 50  # steps
_CHECKED = 1 << 14  # pairs looked at at a time


class PairNetwork(nn.Module):
    """Logits that two embeddings are of one label; before training, ten times their cosine.

    Args:
        width: d of the embeddings.
        hidden: width of the hidden layer.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(10.0))
        self.first = nn.Linear(2 * width + 1, hidden)
        self.last = nn.Linear(hidden, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, query: Tensor, item: Tensor) -> Tensor:
        """Logits (…) from unit embeddings (…, d) and (…, d), the same when the two change places."""
        width = query.shape[-1]
        product = query * item
        cosine = product.sum(dim=-1, keepdim=True)
        features = torch.cat([product * width, (query - item).abs() * width**0.5, cosine], dim=-1)
        return (self.scale * cosine + self.last(F.relu(self.first(features)))).squeeze(-1)


class Pairwise:
    """Order the nearest n by a small network of product, difference and cosine of query and item.

    It learns, with a seed of its own, to tell pairs of one label from the nearest pairs of different labels
    (hard negatives) in the training split. A fifth of the labels is held out: the network is kept as it was
    when it told their pairs apart best, which may be before training, when it orders by cosine. The scores
    are its logits.

    Args:
        n: neighbors that get a new order, >= 1.
        hidden: width of the hidden layer, >= 1.
        near: neighbors of each training picture to learn from, >= 1.
        steps: of training, >= 0.
        batch_size: pairs a step, >= 1.
        learning_rate: of Adam, > 0.
        seed: of initialization and batches.

    Attributes:
        network_: what it learned; None before.
    """

    learns = True

    def __init__(
        self,
        n: int = 50,
        hidden: int = 64,
        near: int = 20,
        steps: int = 500,
        batch_size: int = 512,
        learning_rate: float = 1e-3,
        seed: int = 0,
    ) -> None:
        check_at_least(1, n=n, hidden=hidden, near=near, batch_size=batch_size)
        check_at_least(0, steps=steps)
        if learning_rate <= 0:
            raise ValueError(f"learning_rate must be > 0, got {learning_rate}")
        self.n, self.hidden, self.near = n, hidden, near
        self.steps, self.batch_size, self.learning_rate, self.seed = steps, batch_size, learning_rate, seed
        self.network_: PairNetwork | None = None

    def prepare(self, context: Context) -> None:
        """Learn from training embeddings and labels; without them, go on with what was learned before."""
        if self.network_ is None:
            context.required("train_embeddings", "pairwise")
            context.required("train_labels", "pairwise")
        if context.train_embeddings is not None and context.train_labels is not None:
            self.fit(context.train_embeddings, context.train_labels)

    def fit(self, embeddings: Tensor, labels: np.ndarray) -> None:
        """Learn from ``embeddings`` (n, d) and ``labels`` (n,) int.

        Raises:
            DataError: no two of them share a label, or all do.
        """
        with torch.inference_mode(False), torch.enable_grad(), seeded(self.seed):
            vectors = in_blocks(embeddings.clone().cpu(), unit)
            random = np.random.default_rng(self.seed)
            held = _held_out(np.asarray(labels), random)
            learn = _pairs(vectors[~held], labels[~held], self.near, random)
            check = _pairs(vectors[held], labels[held], self.near, random)
            if not learn.both:
                raise DataError("pairwise learns from pairs of one label and of two, and one kind is missing")
            self.network_ = PairNetwork(vectors.shape[1], self.hidden)
            self._train(self.network_, learn, check)

    def rerank(self, queries: Tensor, gallery: Vectors, neighbors: Neighbors) -> Neighbors:
        """The first n neighbors in their new order, the others behind them.

        Raises:
            ConfigError: it has not learned yet, or from embeddings of another width.
        """
        network = self.network_
        if network is None:
            raise ConfigError("rerank=pairwise has not learned yet; call prepare, fit or load_state_dict")
        width = network.first.in_features // 2
        if queries.shape[1] != width:
            raise ConfigError(
                f"rerank=pairwise has learned from embeddings {width} wide, these are {queries.shape[1]}"
            )
        ids = neighbors.ids[:, : self.n]
        scores = np.zeros(ids.shape, np.float32)
        network = copy.deepcopy(network).to(queries.device)
        with torch.no_grad():
            for span, own, near in near_blocks(queries, gallery, ids):
                for place in range(ids.shape[1]):  # one item of each query at a time: the features are wide
                    scores[span, place] = network(own, near[:, place]).cpu().numpy()
        return rescored(neighbors, scores)

    def state_dict(self) -> dict[str, Any]:
        """What it learned, for `load_state_dict`."""
        return {} if self.network_ is None else dict(self.network_.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what another one of the same ``hidden`` learned."""
        if not state:
            self.network_ = None
            return
        with seeded(self.seed):
            self.network_ = PairNetwork(state["first.weight"].shape[1] // 2, self.hidden)
        self.network_.load_state_dict(state)

    def _train(self, network: PairNetwork, learn: "_Pairs", check: "_Pairs") -> None:
        optimizer = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        half = max(1, self.batch_size // 2)
        target = torch.cat([torch.ones(half), torch.zeros(half)])
        best, kept = check.told_apart(network), copy.deepcopy(network.state_dict())
        for step in range(1, self.steps + 1):
            drawn = [kind[torch.randint(len(kind), (half,))] for kind in (learn.alike, learn.different)]
            query, item = torch.cat(drawn).T
            loss = F.binary_cross_entropy_with_logits(
                network(learn.vectors[query], learn.vectors[item]), target
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if check.both and (step % _CHECK_EVERY == 0 or step == self.steps):
                share = check.told_apart(network)
                if share > best:
                    best, kept = share, copy.deepcopy(network.state_dict())
        if check.both:
            network.load_state_dict(kept)


class _Pairs(NamedTuple):
    """Pairs of the rows of ``vectors`` (n, d): those of one label (P, 2), and near ones of two (M, 2)."""

    vectors: Tensor
    alike: Tensor
    different: Tensor

    @property
    def both(self) -> bool:
        return len(self.alike) > 0 and len(self.different) > 0

    def told_apart(self, network: PairNetwork) -> float:
        """How often a pair of one label has a higher logit than one of two (area under the ROC)."""
        if not self.both:
            return 0.0
        with torch.no_grad():
            logits = torch.cat(
                [
                    network(self.vectors[part[:, 0]], self.vectors[part[:, 1]])
                    for kind in (self.alike, self.different)
                    for part in kind.split(_CHECKED)
                ]
            )
        ranks = torch.empty(len(logits), dtype=torch.float64)
        ranks[logits.argsort(stable=True)] = torch.arange(1, len(logits) + 1, dtype=torch.float64)
        n_alike = len(self.alike)
        return float((ranks[:n_alike].mean() - (n_alike + 1) / 2) / len(self.different))


def _held_out(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """True (n,) for the items of a fifth of the labels, drawn at random."""
    values = random.permutation(np.unique(labels))
    return np.isin(labels, values[: len(values) // 5])


def _pairs(vectors: Tensor, labels: np.ndarray, near: int, random: np.random.Generator) -> _Pairs:
    """Each item with its neighbors and with one item of its label."""
    ids = self_neighbors(vectors, near).ids
    owner = np.repeat(np.arange(len(ids)), ids.shape[1])
    other = ids.reshape(-1)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], labels, side="left")
    sizes = np.searchsorted(labels[order], labels, side="right") - starts
    mate = order[starts + random.integers(0, sizes)]
    every = np.arange(len(ids))
    pairs = np.stack([np.concatenate([owner, every]), np.concatenate([other, mate])], axis=1)
    pairs = pairs[(pairs[:, 1] >= 0) & (pairs[:, 0] != pairs[:, 1])]
    same = labels[pairs[:, 0]] == labels[pairs[:, 1]]
    return _Pairs(vectors, torch.from_numpy(pairs[same]), torch.from_numpy(pairs[~same]))
