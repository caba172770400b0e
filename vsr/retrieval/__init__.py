"""The spine: embed, search, rerank, judge, measure."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
