"""Sweeps: which jobs there are, which comes next, where they run, and what came of each."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
