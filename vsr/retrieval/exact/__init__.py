"""Exact search in blocks: neighbors, and ranks of the relevant items over the whole gallery."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
