"""The page of a training run."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
