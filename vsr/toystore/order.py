"""What is to be drawn, and drawing it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .chance import Chance
from .cloud import sample
from .colors import palette
from .lens import exposed, taken
from .photo import photo, pose
from .surfaces import Array
from .things import KINDS, Kind

VERSION = 1  # raise it whenever a picture changes: caches and the protocol's name hang on it
CANNOT_WRITE = 3  # with which a worker ends when the file cannot be written
FIRST = 4  # products of a kind before the next kind begins: a small store has few kinds, each of several
SPACING = 1.0  # of a product's points, in pixels of the fine picture when two half extents fill it


class Order(NamedTuple):
    """Everything that the pixels of a store depend on."""

    seed: int
    products: int
    photos: int
    size: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(M, H, W, 3) of all pictures, product after product."""
        return self.products * self.photos, self.size, self.size, 3


def kind(product: int) -> Kind:
    """The kind of a product: four of each kind first, then one of each in turn."""
    start = FIRST * len(KINDS)
    return KINDS[product // FIRST] if product < start else KINDS[(product - start) % len(KINDS)]


def category(product: int) -> str:
    """The name of a product's kind."""
    return kind(product).name


def draw(order: Order, product: int) -> Array:
    """(photos, size, size, 3) uint8: all photos of one product."""
    chance, what = Chance(order.seed, product, 0), kind(product)
    fine = 3 * order.size // 2 if order.size > 64 and order.size % 2 == 0 else 2 * order.size
    cloud = sample(what.build(chance, palette(chance)), spacing=2 * SPACING / fine)
    pictures = np.empty((order.photos, *order.shape[1:]), dtype=np.uint8)
    for number in range(order.photos):
        chance = Chance(order.seed, product, number + 1)
        where, mirror = pose(chance, what.yaw, what.pitch), what.mirror and chance.maybe(0.5)
        linear = photo(cloud, where, chance, order.size, fine)
        pictures[number] = taken(exposed(linear, chance), chance, mirror)
    return pictures


def write(order: Order, products: Iterable[int], file: str | Path, offset: int) -> Iterator[int]:
    """Draw ``products`` into their places in a file whose pictures begin at byte ``offset``.

    Yields:
        The number of each product once it is written.

    Raises:
        OSError: the file cannot be written. (On a full disk a memory map would kill the process instead.)
    """
    with open(file, "r+b") as out:
        for product in products:
            pictures = draw(order, product)
            out.seek(offset + product * pictures.nbytes)
            out.write(pictures.tobytes())
            out.flush()
            yield product
