"""Files to catalogue to batches, and what is relevant to what."""

from typing import TYPE_CHECKING, Any

from vsr.data.catalogue import Catalogue
from vsr.data.dataset import Batch, PictureDataset, collate
from vsr.data.epochs import EpochBatches, EpochLoader
from vsr.data.folder import Folder
from vsr.data.pictures import CataloguePictures, CorruptPictureError, decode, to_rgb
from vsr.data.positives import AugmentPositives, Examples, LabelPositives, PairPositives
from vsr.data.relevance import LabelRelevance, ListRelevance, relevance_of
from vsr.data.samplers import (
    BalancedBatches,
    CategoryBalancedBatches,
    HardClassBatches,
    LearningSampler,
    RandomBatches,
)
from vsr.data.shards import Shards, write_shards
from vsr.data.splits import split_by_label
from vsr.data.toystore import Toystore
from vsr.data.transforms import PictureTransforms

if TYPE_CHECKING:
    from vsr.data.datamodule import VisualSearchData

__all__ = [
    "AugmentPositives",
    "BalancedBatches",
    "Batch",
    "Catalogue",
    "CataloguePictures",
    "CategoryBalancedBatches",
    "CorruptPictureError",
    "EpochBatches",
    "EpochLoader",
    "Examples",
    "Folder",
    "HardClassBatches",
    "LabelPositives",
    "LabelRelevance",
    "LearningSampler",
    "ListRelevance",
    "PairPositives",
    "PictureDataset",
    "PictureTransforms",
    "RandomBatches",
    "Shards",
    "Toystore",
    "VisualSearchData",
    "collate",
    "decode",
    "relevance_of",
    "split_by_label",
    "to_rgb",
    "write_shards",
]


def __getattr__(name: str) -> Any:
    """Import Lightning only for who asks for the datamodule: a search service reads catalogues without it."""
    if name == "VisualSearchData":
        from vsr.data.datamodule import VisualSearchData

        return VisualSearchData
    raise AttributeError(f"module 'vsr.data' has no attribute '{name}'")
