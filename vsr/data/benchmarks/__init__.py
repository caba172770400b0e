"""Readers of the field's benchmarks: the files as published, the papers' protocols exactly."""

from vsr.data.benchmarks.cars196 import Cars196
from vsr.data.benchmarks.cub200 import Cub200
from vsr.data.benchmarks.gldv2 import GoogleLandmarks
from vsr.data.benchmarks.grocery import GroceryStore
from vsr.data.benchmarks.inat2018 import INat2018
from vsr.data.benchmarks.inshop import InShop
from vsr.data.benchmarks.revisited import Revisited
from vsr.data.benchmarks.sop import StanfordOnlineProducts
from vsr.data.benchmarks.torchvision_set import TorchvisionSet
from vsr.data.benchmarks.vehicleid import VehicleID

__all__ = [
    "Cars196",
    "Cub200",
    "GoogleLandmarks",
    "GroceryStore",
    "INat2018",
    "InShop",
    "Revisited",
    "StanfordOnlineProducts",
    "TorchvisionSet",
    "VehicleID",
]
