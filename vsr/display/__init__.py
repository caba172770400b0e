"""Figures, tables, pages and terminal lines from plain values."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
