"""The embedded catalogue: products and photos drawn by rule, no download."""

from vsr.data.toystore.store import Toystore

__all__ = ["Toystore"]
