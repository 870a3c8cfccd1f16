"""Features of trials: from the samples of a trial to the numbers that the adapter takes."""

from .base import Features, FittedFeatures
from .catalogue import FEATURES, features_from_dict
from .csp import CSP
from .log_variance import LogVariance
from .spectrum import Spectrum
from .tangent_space import TangentSpace
from .xdawn import XDawn

__all__ = [
    "CSP",
    "FEATURES",
    "Features",
    "FittedFeatures",
    "LogVariance",
    "Spectrum",
    "TangentSpace",
    "XDawn",
    "features_from_dict",
]
