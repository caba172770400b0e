"""The embedded catalogue: a procedurally drawn store."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.catalogue.splits import hold_out_fold
from vsr.data.readers.product_splits import product_splits
from vsr.data.readers.toystore_cache import pixels
from vsr.toystore import VERSION, Order, category


class Toystore:
    """A store of drawn products, photographed; made on first use in seconds and kept on disk.

    Products of a category differ in shape, colors, pattern, material; photos of a product in pose, scale,
    light, background, crop, occlusion, blur and noise. A picture depends on the seed, the product's number
    and the photo's number alone: a larger store contains the smaller one, each product in the same split.

    Args:
        products: in all; the first ones come four to a category, up to 20 categories.
        photos: of every product.
        image_size: height and width that the network sees, in pixels, 16..512; read by the transforms.
        photo_size: height and width of the pictures as drawn; None draws them at ``image_size``.
        seed: another seed, another store.
        gains: graded relevance of the same product and of the same category.
        val_fraction: share of the products for validation.
        test_fraction: share of the products for testing.
        folds: parts of the training and validation products, where ``fold`` is given.
        fold: the part that is the validation split instead, 0..folds - 1; a larger store has other folds.
        query_photos: of every validation and test product; the other photos are the gallery.
        cache_dir: where pixels are kept; None takes the environment's VSR_CACHE, else the platform's cache.

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(
        self,
        products: int = 160,
        photos: int = 8,
        image_size: int = 96,
        photo_size: int | None = None,
        seed: int = 0,
        gains: Sequence[float] = (3.0, 1.0),
        val_fraction: float = 0.15,
        test_fraction: float = 0.25,
        folds: int = 4,
        fold: int | None = None,
        query_photos: int = 2,
        cache_dir: str | None = None,
    ) -> None:
        for name, value, low, high in (
            ("products", products, 3, None),
            ("photos", photos, 2, None),
            ("image_size", image_size, 16, 512),
            ("photo_size", image_size if photo_size is None else photo_size, 16, 512),
            ("seed", seed, 0, None),
            ("query_photos", query_photos, 1, None),
        ):
            _check_whole(name, value, low, high)
        if query_photos >= photos:
            raise ValueError(
                f"query_photos must be < photos ({photos}) so that a gallery is left, got {query_photos}; "
                "lower it or raise photos"
            )
        _check_shares(val_fraction, test_fraction)
        if len(gains) != 2 or not all(np.isfinite(gain) and gain > 0 for gain in gains):
            raise ValueError(f"gains must be two numbers > 0, for product and category, got {list(gains)}")
        self.products = products
        self.photos = photos
        self.image_size = image_size
        self.photo_size = image_size if photo_size is None else photo_size
        self.seed = seed
        self.gains = tuple(float(gain) for gain in gains)
        self.val_fraction = val_fraction
        self.test_fraction = test_fraction
        self.folds = folds
        self.fold = fold
        self.query_photos = query_photos
        self.cache_dir = cache_dir

    def read(self) -> Catalogue:
        """The catalogue, a row a picture, product after product; levels ``product`` and ``category``.

        Training pictures play both roles. The pixels are memory-mapped from the cache, drawn on first use.

        Raises:
            ConfigError: ``fold`` is not one of ``folds``.
            DataError: the cache folder cannot be written or has no room.
        """
        order = Order(self.seed, self.products, self.photos, self.photo_size)
        return Catalogue(
            table=self._table(),
            levels=("product", "category"),
            protocol=f"toystore/v{VERSION}",
            pixels=pixels(order, self.cache_dir),
            gains=self.gains,
        )

    def _table(self) -> pd.DataFrame:
        categories = [category(k) for k in range(self.products)]
        names = [f"{label}-{k:04d}" for k, label in enumerate(categories)]
        splits = product_splits(categories, self.val_fraction, self.test_fraction)
        if self.fold is not None:
            splits = hold_out_fold(names, splits, self.folds, self.fold, self.seed)
        photo = np.tile(np.arange(self.photos), self.products)
        table = pd.DataFrame({"product": names, "category": categories, "split": splits})
        table = table.loc[np.repeat(np.arange(self.products), self.photos)].reset_index(drop=True)
        searched = np.where(photo < self.query_photos, "query", "gallery")
        table["role"] = np.where(table["split"] == "train", "both", searched)
        table["image"] = np.arange(len(table))
        table["item"] = [f"{name}-{number:02d}" for name, number in zip(table["product"], photo, strict=True)]
        return table[["item", "image", "product", "category", "split", "role"]]


def _check_whole(name: str, value: int, low: int, high: int | None) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise ValueError(f"{name} must be a whole number, got {value!r}")
    if value < low or (high is not None and value > high):
        wanted = f">= {low}" if high is None else f"in {low}..{high}"
        raise ValueError(f"{name} must be {wanted}, got {value}")


def _check_shares(val_fraction: float, test_fraction: float) -> None:
    for name, value in (("val_fraction", val_fraction), ("test_fraction", test_fraction)):
        if not 0 <= value < 1:
            raise ValueError(f"{name} must be >= 0 and < 1, got {value}")
    if val_fraction + test_fraction >= 1:
        raise ValueError(
            f"val_fraction + test_fraction must be < 1 so that training products are left, "
            f"got {val_fraction} + {test_fraction}; lower one of them"
        )
