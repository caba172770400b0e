"""The report of a comparison of index methods."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
