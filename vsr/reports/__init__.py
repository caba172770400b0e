"""What was measured, shown: pages, figures and tables."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
