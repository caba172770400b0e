"""What a script does: do, write, show, print; one file a script."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
