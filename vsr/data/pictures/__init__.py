"""Pictures: decoding, transforms, and a cache of resized copies."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
