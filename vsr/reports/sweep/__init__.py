"""The report of a hyperparameter sweep, at its end or at any time during it."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
