"""Training: Lightning module, callbacks, optimizers, checkpoints."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
