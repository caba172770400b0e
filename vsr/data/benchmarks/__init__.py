"""The field's benchmarks, read from the files as published, each with the protocol of its papers."""

from vsr.data.benchmarks.gldv2 import GoogleLandmarks
from vsr.data.benchmarks.inat2018 import INat2018
from vsr.data.benchmarks.revisited import Revisited
from vsr.data.benchmarks.torchvision_set import TorchvisionSet

__all__ = ["GoogleLandmarks", "INat2018", "Revisited", "TorchvisionSet"]
