"""Is a data set fit to be trained on? Damage, copies and leaks, labels and queries that cannot work."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
