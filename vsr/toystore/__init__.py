"""The drawing of products and photos: numpy and Pillow only.

It imports nothing else of `vsr`, so that ``python -m vsr.toystore`` starts a worker at once.
Every picture depends on the seed, its product's number
and its photo's number alone.
"""

from .order import CANNOT_WRITE, VERSION, Order, category, draw, write

__all__ = ["CANNOT_WRITE", "VERSION", "Order", "category", "draw", "write"]
