"""Index methods measured against each other: build, memory, speed, recall, and what search loses."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
