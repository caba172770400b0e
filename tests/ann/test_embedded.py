from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from vsr.ann.embedded import Embedded
from vsr.ann.vectors import prepared
from vsr.data.loading.datamodule import VisualSearchData
from vsr.data.loading.positives import LabelPositives
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.samplers.balanced import BalancedBatches
from vsr.errors import ConfigError, DivergedError


class Mean(nn.Module):
    """Mean color: an embedding of three numbers."""

    def __init__(self, scale=1.0):
        super().__init__()
        self.scale = scale

    def forward(self, images):
        return images.float().mean((2, 3)) * self.scale


@pytest.fixture
def data(make_catalogue):
    catalogue = make_catalogue(train={"a": 2}, test={"b": 3, "c": 4})
    return VisualSearchData(catalogue, PictureTransforms(8), LabelPositives(), BalancedBatches(4, 2))


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "best.ckpt"
    path.write_bytes(b"")
    return path


def test_a_split_is_embedded_by_model_and_transform(data, checkpoint, tmp_path):
    found = prepared(Embedded(Mean(), data, "test", checkpoint), tmp_path / "v", 100, 0)
    batch = next(iter(data.loader(data.catalogue.rows("test"))))
    assert np.allclose(found.gallery, Mean()(batch.images[:, 0]).numpy())
    assert found.gallery.shape == (7, 3)


def test_relevance_is_that_of_the_catalogue_and_the_query_is_ignored(data, checkpoint, tmp_path):
    found = prepared(Embedded(Mean(), data, "test", checkpoint), tmp_path / "v", 100, 0)
    relevance = found.relevance()
    every = np.arange(7)
    assert relevance.ideal(every).counts.ravel().tolist() == [2, 2, 2, 3, 3, 3, 3]
    assert relevance.ignored(every).items.tolist() == every.tolist()


def test_fewer_queries_are_drawn_and_keep_their_identity(data, checkpoint, tmp_path):
    found = prepared(Embedded(Mean(), data, "test", checkpoint), tmp_path / "v", 3, 0)
    assert len(found.queries) == 3
    own = found.relevance().ignored(np.arange(3)).items
    assert np.array_equal(found.gallery[own], found.queries)


def test_a_model_that_diverged_is_said(data, checkpoint, tmp_path):
    with pytest.raises(
        DivergedError, match=r"embeddings of rows 2, 3, 4, 5, 6 … \(7 in all\) are not finite"
    ):
        prepared(Embedded(Mean(torch.nan), data, "test", checkpoint), tmp_path / "v", 3, 0)


def test_an_unknown_split_is_named(data):
    with pytest.raises(ConfigError, match="split must be val or test, got tset"):
        Embedded(Mean(), data, "tset", Path("x"))


def test_vectors_of_another_precision_are_others(data, checkpoint):
    full = Embedded(Mean(), data, "test", checkpoint)
    half = Embedded(Mean(), data, "test", checkpoint, "bf16-mixed")
    assert full.identity() != half.identity()
