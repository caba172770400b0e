"""The kinds of products that the store sells."""

from collections.abc import Callable
from typing import NamedTuple

from ..chance import Chance
from ..colors import Palette
from ..part import Part
from .backpack import backpack
from .bag import bag
from .book import book
from .bottle import bottle
from .camera import camera
from .car import car
from .chair import chair
from .clock import clock
from .duck import duck
from .guitar import guitar
from .hat import hat
from .lamp import lamp
from .mug import mug
from .plant import plant
from .shoe import shoe
from .sofa import sofa
from .table import table
from .teapot import teapot
from .umbrella import umbrella
from .vase import vase


class Kind(NamedTuple):
    """A category: how one of its products is made, and how it is photographed.

    Attributes:
        name: the category's label.
        build: makes the parts of a random product.
        yaw: range of the product's turn, in degrees.
        pitch: range of the camera's look down, in degrees.
        mirror: whether a photo may be mirrored; not where something can be read.
    """

    name: str
    build: Callable[[Chance, Palette], list[Part]]
    yaw: tuple[float, float] = (-50, 50)
    pitch: tuple[float, float] = (6, 32)
    mirror: bool = True


KINDS = (
    Kind("lamp", lamp, (-180, 180)),
    Kind("mug", mug, (-70, 35), (10, 38)),
    Kind("chair", chair, (-65, 65), (8, 30)),
    Kind("shoe", shoe, (-48, 48), (8, 34)),
    Kind("bottle", bottle, (-55, 55), (4, 24), mirror=False),
    Kind("teapot", teapot, (-50, 50), (8, 34)),
    Kind("vase", vase, (-40, 40), (6, 30)),
    Kind("clock", clock, (-42, 42), (2, 22), mirror=False),
    Kind("bag", bag, (-48, 48), (6, 28)),
    Kind("hat", hat, (-60, 60), (8, 30)),
    Kind("sofa", sofa, (-48, 48), (10, 30)),
    Kind("table", table, (-65, 65), (10, 34)),
    Kind("book", book, (-45, 45), (4, 24), mirror=False),
    Kind("plant", plant, (-180, 180), (6, 30)),
    Kind("umbrella", umbrella, (-45, 45), (0, 22)),
    Kind("guitar", guitar, (-40, 40), (2, 20)),
    Kind("camera", camera, (-45, 45), (4, 28), mirror=False),
    Kind("car", car, (-60, 35), (8, 30)),
    Kind("duck", duck, (-60, 35), (6, 28)),
    Kind("backpack", backpack, (-48, 48), (4, 24)),
)
