"""Filters designed without scipy: Butterworth's, and the notch, as second-order sections.

A section is a row ``b0, b1, b2, 1, a1, a2``: ``y[t] = b0 x[t] + b1 x[t-1] + b2 x[t-2] - a1 y[t-1] - a2 y[t-2]``.
"""

from __future__ import annotations

from math import cos, pi, tan
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError

Kind = Literal["low", "high", "band"]


def butterworth(kind: Kind, cutoff_hz: float | tuple[float, float], order: int, rate_hz: float) -> NDArray[np.float64]:
    """Return a Butterworth filter as second-order sections (n_sections, 6), as ``scipy.signal.butter(output="sos")``
    does.

    The gain is ``1 / sqrt(2)`` at `cutoff_hz`: one frequency, or two for a band, above 0 and below half the rate.
    `order` is that of the low-pass that the filter is made from: a band has twice as many poles. InputError where
    float64 cannot distinguish the filter from an unstable one: the order is too high, or a cut-off too near to 0.

    References
    ----------
    Parks & Burrus (1987), Digital filter design, chapter 7.

    Examples
    --------
    >>> butterworth("low", 20.0, 2, 100.0).round(4)
    array([[ 0.2066,  0.4131,  0.2066,  1.    , -0.3695,  0.1958]])
    """
    # The analogue low-pass with its cut-off at 1 has its poles evenly on the left half of the unit circle.
    poles: NDArray[np.complex128] = -np.exp(1j * pi * np.arange(1 - order, order, 2) / (2 * order))
    # The bilinear transform z = (4 + s) / (4 - s) bends frequencies, so they are bent the other way first.
    bent = 4.0 * np.tan(pi * np.atleast_1d(np.asarray(cutoff_hz, np.float64)) / rate_hz)
    if kind == "low":
        poles, zeros, gain = bent[0] * poles, [-1.0] * order, bent[0] ** order
    elif kind == "high":
        poles, zeros, gain = bent[0] / poles, [1.0] * order, 4.0**order
    else:
        half = poles * (bent[1] - bent[0]) / 2
        root = np.sqrt(half**2 - bent[0] * bent[1])
        poles, zeros = np.concatenate([half + root, half - root]), [-1.0] * order + [1.0] * order
        gain = (bent[1] - bent[0]) ** order * 4.0**order
    sections = _sections((4.0 + poles) / (4.0 - poles), zeros)
    sections[0, :3] *= gain / np.prod(4.0 - poles).real
    if not is_stable(sections):
        raise InputError(
            f"order: a filter of order {order} at {cutoff_hz} Hz is not stable at {rate_hz:g} samples per second; "
            "use a lower order, cut-offs that are further apart or further from 0, or a lower rate"
        )
    return sections


def _sections(poles: NDArray[np.complex128], zeros: list[float]) -> NDArray[np.float64]:
    """Pair poles with zeros as scipy does: those nearest to the unit circle last, with the zeros nearest to them."""
    real = sorted(poles.real[poles.imag == 0], key=lambda pole: abs(1 - abs(pole)))
    pairs = [(pole, pole.conjugate()) for pole in poles[poles.imag > 0]]
    if len(real) == 1:  # an odd order: one section of the first order, padded
        real, zeros = [*real, 0.0], [*zeros, 0.0]
    if real:
        pairs.append((complex(real[0]), complex(real[1])))
    pairs.sort(key=lambda pair: abs(1 - abs(pair[0])))
    left, sections = sorted(zeros), []
    for p, q in pairs:
        z, w = (left.pop(min(range(len(left)), key=lambda i: abs(left[i] - p))) for _ in range(2))
        sections.append([1.0, -(z + w), z * w, 1.0, -(p + q).real, (p * q).real])
    return np.array(sections[::-1])


def is_stable(sections: NDArray[np.float64]) -> bool:
    """Return whether every pole is within the unit circle (Jury's criterion)."""
    a1, a2 = sections[:, 4], sections[:, 5]
    return bool(np.isfinite(sections).all() and (np.abs(a2) < 1).all() and (np.abs(a1) < 1 + a2).all())


def notch(frequency_hz: float, quality: float, rate_hz: float) -> NDArray[np.float64]:
    """Return a filter that removes one frequency, as one section (1, 6), as ``scipy.signal.iirnotch`` does.

    `quality` is the frequency divided by the width of the band that is removed (gain below ``1 / sqrt(2)``).

    References
    ----------
    Orfanidis (1996), Introduction to signal processing, equations 11.3.6, 11.3.7 and 11.3.21.

    Examples
    --------
    >>> notch(50.0, 30.0, 500.0).round(4)
    array([[ 0.9896, -1.6013,  0.9896,  1.    , -1.6013,  0.9793]])
    """
    angle = 2 * pi * frequency_hz / rate_hz
    gain = 1.0 / (1.0 + tan(angle / quality / 2))
    return np.array([[gain, -2 * gain * cos(angle), gain, 1.0, -2 * gain * cos(angle), 2 * gain - 1.0]])


def group_delay(sections: NDArray[np.float64], frequency_hz: float, rate_hz: float) -> float:
    """Return by how many samples the filter delays the envelope of an oscillation of this frequency.

    Minus the derivative of the phase by the frequency: of each polynomial ``sum c[k] z**-k`` the real part of
    ``sum k c[k] z**-k / sum c[k] z**-k``, the numerators' less the denominators'.

    Examples
    --------
    >>> group_delay(np.array([[0.0, 0.0, 1.0, 1.0, 0.0, 0.0]]), 10.0, 100.0)
    2.0
    """
    z = np.exp(-2j * pi * frequency_hz / rate_hz) ** np.arange(3)
    numerators, denominators = (
        float(np.sum(((c * z) @ np.arange(3) / (c @ z)).real)) for c in (sections[:, :3], sections[:, 3:])
    )
    return numerators - denominators
