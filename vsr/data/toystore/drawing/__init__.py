"""The drawing of products and photos: numpy and Pillow only.

A package that stands alone, so that ``python -m drawing`` from the folder above starts a worker without
paying for anything that the rest of `vsr` imports. Every picture depends on the seed, its product's number
and its photo's number alone.
"""

from .order import CANNOT_WRITE, VERSION, Order, category, draw, write

__all__ = ["CANNOT_WRITE", "VERSION", "Order", "category", "draw", "write"]
