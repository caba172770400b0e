"""The page of an inspection."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
