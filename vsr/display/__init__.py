"""Plain values to figures, tables, pages and terminal lines."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
