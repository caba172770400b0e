"""Which examples share a batch, decided anew every epoch by a generator and nothing else."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
