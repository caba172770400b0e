"""Pictures resized once, for all workers and runs."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
