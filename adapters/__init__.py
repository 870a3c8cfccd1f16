"""Linear maps from brain activity to a layer of a network: arrays in, arrays out."""

from .ridge import RidgeAdapter
from .whiten import Whitener

__all__ = ["RidgeAdapter", "Whitener"]
