"""A small world to search in: clustered embeddings, a catalogue with pictures, a training split."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.retrieval.rerankers.context import Context
from vsr.retrieval.search import Search


def clustered(n, d, n_labels, seed, noise=0.9):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % n_labels
    centers = torch.randn(n_labels, d, generator=torch.Generator().manual_seed(99))
    vectors = centers[labels] + noise * torch.randn(n, d, generator=generator)
    return torch.nn.functional.normalize(vectors, dim=1), labels.numpy()


@pytest.fixture
def world():
    """20 queries, 80 gallery items of 8 labels, 160 training embeddings; pictures of random blocks."""
    (train, train_labels), (every, labels) = clustered(160, 12, 8, 1), clustered(100, 12, 8, 2)
    random = np.random.default_rng(0)
    pixels = np.kron(random.integers(0, 256, (100, 8, 8, 3), dtype=np.uint8), np.ones((1, 8, 8, 1), np.uint8))
    table = pd.DataFrame(
        {
            "item": [f"p{row}" for row in range(100)],
            "image": np.arange(100),
            "product": labels,
            "in_stock": np.arange(100) % 3 > 0,
            "split": "test",
            "role": ["query"] * 20 + ["gallery"] * 80,
        }
    )
    catalogue = Catalogue(table, ("product",), "small/v1", pixels=pixels)
    query_rows, gallery_rows = np.arange(20), np.arange(20, 100)
    relevance = LabelRelevance.from_catalogue(catalogue, query_rows, gallery_rows)
    queries, gallery = every[:20], every[20:]
    context = Context(
        gallery=gallery,
        train_embeddings=train,
        train_labels=train_labels,
        catalogue=catalogue,
        query_rows=query_rows,
        gallery_rows=gallery_rows,
    )
    return SimpleNamespace(
        queries=queries,
        gallery=gallery,
        labels=labels[20:],
        query_labels=labels[:20],
        relevance=relevance,
        context=context,
        neighbors=Search(relevance, 30)(queries, gallery),
    )
