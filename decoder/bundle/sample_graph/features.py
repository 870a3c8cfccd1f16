"""How fitted features are written into a graph.

Products of matrices and logarithms are float64 as in `hotwire.decoder.features`, but by another library: their last bit
may differ. Rounded to float32, as the decoder takes them, they are the same but where a number lies on the border.
"""

from __future__ import annotations

import numpy as np

from ....errors import InputError
from ...features.base import FittedFeatures
from ...features.csp import FittedCSP
from ...features.log_variance import FittedLogVariance
from ...features.spectrum import FittedSpectrum
from ...features.xdawn import FittedXDawn
from .nodes import Nodes
from .sums import sum_of_rows


def write_features(g: Nodes, features: FittedFeatures, x: str) -> str:
    """Write fitted features of a window x, float32 (n_times, n_channels), and return them, float64."""
    double = g.as_double(x)
    if isinstance(features, FittedLogVariance):
        n_times, n_channels = (int(n) for n in features.shape)
        centred = _centred(g, double, n_times, n_channels)
        return _log(g, _mean_square(g, centred, n_times, n_channels), features.floor)
    if isinstance(features, FittedCSP):
        n_times, n_channels = (int(n) for n in features.shape)
        filtered = g("MatMul", _centred(g, double, n_times, n_channels), features.filters)
        return _log(g, _mean_square(g, filtered, n_times, features.n_out), features.floor)
    if isinstance(features, FittedXDawn):
        return g("MatMul", double, features.filters)
    if isinstance(features, FittedSpectrum) and features.measure == "power":
        along = g("MatMul", features.line, g("MatMul", features.line.T.copy(), double))
        amplitudes = g("MatMul", features.waves.swapaxes(1, 2).copy(), g("Sub", double, along))
        power = g("ReduceSum", g("Mul", amplitudes, amplitudes), np.array([1]), keepdims=0)
        return _log(g, g("Div", g("Reshape", power, np.array([-1])), float(features.shape[0])), features.floor)
    raise InputError(
        f"{features.kind}: it needs eigenvalues or singular values, for which ONNX has no operator; fit with CSP, "
        "LogVariance, XDawn, or Spectrum with measure = 'power'"
    )


def _centred(g: Nodes, x: str, n_times: int, n_channels: int) -> str:
    return g("Sub", x, g("Div", sum_of_rows(g, x, n_times, n_channels), float(n_times)))


def _mean_square(g: Nodes, x: str, n_times: int, n_columns: int) -> str:
    return g("Div", sum_of_rows(g, g("Mul", x, x), n_times, n_columns), float(n_times))


def _log(g: Nodes, power: str, floor: np.ndarray) -> str:
    return g("Log", g("Max", power, floor))
