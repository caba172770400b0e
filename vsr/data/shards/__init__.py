"""Tar shards in the WebDataset layout: data larger than one machine's memory or disk."""

from vsr.data.shards.reader import Shards
from vsr.data.shards.windows import ShardWindows
from vsr.data.shards.writer import write_shards

__all__ = ["ShardWindows", "Shards", "write_shards"]
