"""Which gallery rows are relevant to a query, and with which gain."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
