"""Judged rankings become numbers. Knows tensors only."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
