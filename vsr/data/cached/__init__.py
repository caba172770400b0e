"""Resized pictures kept on disk, so that a run after the first decodes nothing."""

from vsr.data.cached.pictures import CachedPictures, cached_pictures
from vsr.data.cached.shrink import EvaluationView, ShortSide, Shrink

__all__ = ["CachedPictures", "EvaluationView", "ShortSide", "Shrink", "cached_pictures"]
