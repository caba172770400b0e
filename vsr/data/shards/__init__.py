"""Tar shards in the WebDataset layout: data larger than one machine's memory or disk."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
