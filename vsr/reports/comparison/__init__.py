"""The page of two evaluations compared."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
