"""The drawing of products and photos: numpy and Pillow only.

A package that stands alone, so that ``python -m drawing`` from the folder above starts a worker without paying for
anything that the rest of `vsr` imports. Picture ``photo`` of product ``product`` depends on these two numbers and
the seed alone.
"""

from .order import VERSION, Order, category, draw, write

__all__ = ["VERSION", "Order", "category", "draw", "write"]
