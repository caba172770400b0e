"""Vectors to neighbors: exact and approximate indexes behind the same verbs."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
