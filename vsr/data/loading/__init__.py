"""Catalogue to batches: dataset, epochs, positives, and the Lightning data module."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
