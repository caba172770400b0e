"""The field's benchmarks, read from the files as published, each with the protocol of its papers."""

from vsr.data.benchmarks.revisited import Revisited

__all__ = ["Revisited"]
