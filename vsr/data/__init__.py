"""Files to catalogue to batches, and what is relevant to what."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
