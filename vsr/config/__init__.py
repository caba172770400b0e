"""Configuration to objects: the one place that knows Hydra."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
