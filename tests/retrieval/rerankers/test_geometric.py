import sys

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from vsr.data.catalogue.catalogue import Catalogue
from vsr.errors import ConfigError
from vsr.index.neighbors import Neighbors
from vsr.retrieval.rerankers.context import Context
from vsr.retrieval.rerankers.geometric import Geometric


def scene(seed):
    """A picture of 160 pixels with much to hold on to."""
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 256, (20, 20, 3), dtype=np.uint8))
    return small.resize((160, 160), Image.Resampling.BICUBIC)


@pytest.fixture
def pictures():
    """Row 0 is the query; 1 to 3 show other things, 4 shows the query's thing turned, smaller and moved."""
    turned = scene(0).rotate(25, resample=Image.Resampling.BICUBIC).resize((130, 130))
    moved = Image.new("RGB", (160, 160))
    moved.paste(turned, (25, 12))
    images = [scene(0), scene(1), scene(2), scene(3), moved]
    table = pd.DataFrame(
        {"item": list("abcde"), "image": range(5), "product": list("xyzwx"), "split": "test", "role": "both"}
    )
    pixels = np.stack([np.asarray(image) for image in images])
    return Catalogue(table, ("product",), "five/v1", pixels=pixels)


def context(catalogue):
    return Context(catalogue=catalogue, query_rows=np.array([0]), gallery_rows=np.array([1, 2, 3, 4]))


FOUND = Neighbors(np.array([[0, 1, 2, 3]]), np.array([[0.9, 0.8, 0.7, 0.6]], np.float32))
VECTORS = torch.ones(1, 2), torch.ones(4, 2)


@pytest.mark.parametrize("detector", ["sift", "orb"])
def test_the_same_thing_turned_and_moved_comes_first_and_the_rest_keep_their_order(pictures, detector):
    reranker = Geometric(detector=detector, least=12)
    reranker.prepare(context(pictures))
    found = reranker.rerank(*VECTORS, FOUND)
    assert found.ids.tolist() == [[3, 0, 1, 2]]
    assert found.scores[0, 0] >= 12
    assert (found.scores[0, 1:] < 1).all()


def test_what_stands_behind_n_is_not_looked_at(pictures):
    reranker = Geometric(n=3, least=12)
    reranker.prepare(context(pictures))
    assert reranker.rerank(*VECTORS, FOUND).ids.tolist() == [[0, 1, 2, 3]]


def test_a_picture_without_features_has_no_inlier(pictures):
    pictures.pixels[4] = 128
    reranker = Geometric(least=12)
    reranker.prepare(context(pictures))
    assert reranker.rerank(*VECTORS, FOUND).ids.tolist() == [[0, 1, 2, 3]]


def test_features_are_kept_within_the_memory_given(pictures):
    reranker = Geometric(cache_mib=0.1)
    reranker.prepare(context(pictures))
    bounded = reranker.rerank(*VECTORS, FOUND)
    assert reranker._bytes <= 0.1 * 2**20 or len(reranker._kept) == 1
    roomy = Geometric()
    roomy.prepare(context(pictures))
    np.testing.assert_array_equal(roomy.rerank(*VECTORS, FOUND).scores, bounded.scores)
    assert len(roomy._kept) == 5


def test_other_queries_than_it_was_prepared_for_are_told(pictures):
    reranker = Geometric()
    reranker.prepare(context(pictures))
    two = Neighbors(np.repeat(FOUND.ids, 2, axis=0), np.repeat(FOUND.scores, 2, axis=0))
    with pytest.raises(ConfigError, match="was prepared for 1 queries, got 2"):
        reranker.rerank(torch.ones(2, 2), VECTORS[1], two)


def test_a_machine_without_opencv_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ConfigError, match=r"OpenCV .*cv2.*: uv sync --extra geometric"):
        Geometric()
