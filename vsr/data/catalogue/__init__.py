"""The catalogue: one table with a row per picture, and the files that it is read from."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
