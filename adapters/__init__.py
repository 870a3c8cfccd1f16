"""Linear maps from brain activity to a layer of a network: arrays in, arrays out."""

from .covariance_alignment import CovarianceAligner
from .hyperalignment import Hyperalignment
from .procrustes import ProcrustesAligner
from .ridge import RidgeAdapter
from .whiten import Whitener

__all__ = ["CovarianceAligner", "Hyperalignment", "ProcrustesAligner", "RidgeAdapter", "Whitener"]
