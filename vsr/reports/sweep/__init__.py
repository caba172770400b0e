"""The report of a hyper-parameter sweep, at its end or at any time during it."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
