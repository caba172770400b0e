"""A small network that looks at query and item together, learnt from training embeddings and their labels."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.data.dataset import seeded
from vsr.errors import ConfigError, DataError
from vsr.index import Neighbours
from vsr.retrieval.rerankers.context import Context, Vectors
from vsr.retrieval.rerankers.graph import self_neighbours
from vsr.retrieval.rerankers.order import rescored
from vsr.retrieval.rerankers.vectors import check_at_least, in_blocks, near_blocks, unit


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
    (hard negatives) in the training split. The scores are its logits.

    Args:
        n: neighbours that get a new order, >= 1.
        hidden: width of the hidden layer, >= 1.
        near: neighbours of each training picture to learn from, >= 1.
        steps: of training, >= 0.
        batch_size: pairs a step, >= 1.
        learning_rate: of Adam, > 0.
        seed: of initialization and batches.

    Attributes:
        network_: what it learnt; None before.
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
        """Learn from training embeddings and labels; without them, go on with what was learnt before."""
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
            pairs, same = _pairs(vectors, labels, self.near, np.random.default_rng(self.seed))
            if same.all() or not same.any():
                raise DataError("pairwise learns from pairs of one label and of two, and one kind is missing")
            self.network_ = PairNetwork(vectors.shape[1], self.hidden)
            self._train(self.network_, vectors, torch.from_numpy(pairs), torch.from_numpy(same).float())

    def rerank(self, queries: Tensor, gallery: Vectors, neighbours: Neighbours) -> Neighbours:
        """The first n neighbours in their new order, the others behind them.

        Raises:
            ConfigError: it has not learnt yet, or from embeddings of another width.
        """
        network = self.network_
        if network is None:
            raise ConfigError("rerank=pairwise has not learnt yet; call prepare, fit or load_state_dict")
        width = network.first.in_features // 2
        if queries.shape[1] != width:
            raise ConfigError(
                f"rerank=pairwise has learnt from embeddings {width} wide, these are {queries.shape[1]}"
            )
        ids = neighbours.ids[:, : self.n]
        scores = np.zeros(ids.shape, np.float32)
        network = copy.deepcopy(network).to(queries.device)
        with torch.no_grad():
            for span, own, near in near_blocks(queries, gallery, ids):
                for place in range(ids.shape[1]):  # one item of each query at a time: the features are wide
                    scores[span, place] = network(own, near[:, place]).cpu().numpy()
        return rescored(neighbours, scores)

    def state_dict(self) -> dict[str, Any]:
        """What it learnt, for `load_state_dict`."""
        return {} if self.network_ is None else dict(self.network_.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what another one of the same ``hidden`` learnt."""
        if not state:
            self.network_ = None
            return
        with seeded(self.seed):
            self.network_ = PairNetwork(state["first.weight"].shape[1] // 2, self.hidden)
        self.network_.load_state_dict(state)

    def _train(self, network: PairNetwork, vectors: Tensor, pairs: Tensor, same: Tensor) -> None:
        positive, negative = (same > 0).nonzero().squeeze(1), (same == 0).nonzero().squeeze(1)
        optimizer = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        half = max(1, self.batch_size // 2)
        target = torch.cat([torch.ones(half), torch.zeros(half)])
        for _ in range(self.steps):
            drawn = [
                kind[torch.randint(len(kind), (half,))] for kind in (positive, negative)
            ]  # as many of both
            query, item = pairs[torch.cat(drawn)].T
            loss = F.binary_cross_entropy_with_logits(network(vectors[query], vectors[item]), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _pairs(
    vectors: Tensor, labels: np.ndarray, near: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (P, 2) of each item, its neighbours and one item of its label; whether labels agree (P,)."""
    labels = np.asarray(labels)
    ids = self_neighbours(vectors, near).ids
    owner = np.repeat(np.arange(len(ids)), ids.shape[1])
    other = ids.reshape(-1)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], labels, side="left")
    sizes = np.searchsorted(labels[order], labels, side="right") - starts
    mate = order[starts + random.integers(0, sizes)]
    every = np.arange(len(ids))
    pairs = np.stack([np.concatenate([owner, every]), np.concatenate([other, mate])], axis=1)
    pairs = pairs[(pairs[:, 1] >= 0) & (pairs[:, 0] != pairs[:, 1])]
    return pairs, labels[pairs[:, 0]] == labels[pairs[:, 1]]
