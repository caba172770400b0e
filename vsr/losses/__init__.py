"""Contrastive losses: embeddings and labels to a scalar."""

from vsr.losses.circle import Circle
from vsr.losses.combined import Combined
from vsr.losses.contrastive import Contrastive
from vsr.losses.dcl import DCL
from vsr.losses.hierarchical import Hierarchical
from vsr.losses.infonce import InfoNCE
from vsr.losses.levels import labels_for
from vsr.losses.multi_similarity import MultiSimilarity
from vsr.losses.npair import NPair
from vsr.losses.ntxent import NTXent
from vsr.losses.pairs import PairLoss
from vsr.losses.pml import PML
from vsr.losses.proxies import ProxyLoss, set_up
from vsr.losses.proxy_anchor import ProxyAnchor
from vsr.losses.recall_at_k import RecallAtK
from vsr.losses.siglip import SigLIP
from vsr.losses.smooth_ap import SmoothAP
from vsr.losses.softmax import ArcFace, CosFace, NormSoftmax, ProxyNCA, SubcenterArcFace
from vsr.losses.supcon import SupConIn
from vsr.losses.triplet import BatchAllTriplet, BatchHardTriplet, SemiHardTriplet
from vsr.losses.two_tower import CLIP, OneWayInfoNCE

__all__ = [
    "CLIP",
    "DCL",
    "PML",
    "ArcFace",
    "BatchAllTriplet",
    "BatchHardTriplet",
    "Circle",
    "Combined",
    "Contrastive",
    "CosFace",
    "Hierarchical",
    "InfoNCE",
    "MultiSimilarity",
    "NPair",
    "NTXent",
    "NormSoftmax",
    "OneWayInfoNCE",
    "PairLoss",
    "ProxyAnchor",
    "ProxyLoss",
    "ProxyNCA",
    "RecallAtK",
    "SemiHardTriplet",
    "SigLIP",
    "SmoothAP",
    "SubcenterArcFace",
    "SupConIn",
    "labels_for",
    "set_up",
]
