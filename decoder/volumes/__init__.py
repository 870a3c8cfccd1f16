"""Whole volumes of fMRI before they are features: their space, smoothing, alignment to a reference, sampling."""

from .preparation import VolumePreparation
from .space import MOTION_NAMES, VolumeSpace

__all__ = ["MOTION_NAMES", "VolumePreparation", "VolumeSpace"]
