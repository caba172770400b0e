"""Rerankers: each takes neighbors and gives neighbors in a better order, or better ones."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
