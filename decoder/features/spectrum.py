"""Oscillations at known frequencies, whatever their phase: what flickering stimuli evoke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..steps.settings import check_choice, check_count, check_number
from .base import Features, FittedFeatures
from .trials import OfArrays, check_trials, floor_of

MEASURES = ("cca", "power")
DEPENDENT = 1e-5
"""A direction with so small a part of the largest spread within a trial is rounding, not activity."""


@dataclass(frozen=True, eq=False)
class FittedSpectrum(OfArrays):
    """Holds straight lines and oscillations.

    `measure` is a text; `line` (n_times, 2) is orthonormal, a constant and a slope. `waves` (n_waves, n_times, k), with
    k = 2 or 2 harmonics, holds orthonormal sines and cosines for each frequency (and, for power, each harmonic).
    `floor` has the least power that counts, one for each wave and channel.
    """

    kind: ClassVar[str] = "Spectrum"
    measure: NDArray[np.str_]
    line: NDArray[np.float64]
    waves: NDArray[np.float64]
    floor: NDArray[np.float64]

    @property
    def n_out(self) -> int:  # type: ignore[override]
        return len(self.waves) * (1 if self.measure == "cca" else int(self.shape[1]))

    def _one(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.measure == "power":
            return np.log(np.maximum(self.power(x), self.floor))
        directions, spread, _ = np.linalg.svd(self._without_line(x), full_matrices=False)
        directions = directions[:, spread > DEPENDENT * spread[0]]
        if not directions.size:
            return np.zeros(len(self.waves))
        shared = np.linalg.svd(directions.T @ self.waves, compute_uv=False)[:, 0]
        return np.minimum(shared, 1.0)

    def power(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean square of the oscillation at each frequency and harmonic in each channel, as a vector."""
        amplitudes = self.waves.swapaxes(1, 2) @ self._without_line(x)
        return np.sum(amplitudes * amplitudes, axis=1).reshape(-1) / len(x)

    def _without_line(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return x - self.line @ (self.line.T @ x)


@dataclass(frozen=True)
class Spectrum(Features):
    """How strongly a trial oscillates at some frequencies; a straight line is subtracted from every channel first.

    Parameters
    ----------
    frequencies_hz : sequence of float
        Those at which stimuli flicker.
    harmonics : int
        How many multiples to use: 1 is the frequency itself, 2 also twice the frequency.
    measure : {"cca", "power"}
        ``"cca"``: one number for each frequency, the largest correlation between any mixture of the channels and any
        mixture of sines and cosines at the frequency and its harmonics. ``"power"``: the natural logarithm of the power
        at each frequency and harmonic in each channel.

    References
    ----------
    Lin, Zhang, Wu & Gao (2006), Frequency recognition based on canonical correlation analysis for SSVEP-based BCIs.
    IEEE Trans. Biomedical Engineering 53, 2610-2614.

    Examples
    --------
    >>> times_s = np.arange(200) / 100
    >>> X = np.sin(2 * np.pi * 8 * times_s + np.arange(6)[:, None])[..., None]
    >>> Spectrum([8.0, 12.0]).fit(X, np.zeros(6, int), 100.0).one(X[0]).round(2)
    array([1., 0.])
    """

    fitted: ClassVar[type[FittedFeatures]] = FittedSpectrum

    frequencies_hz: Sequence[float]
    harmonics: int = 2
    measure: Literal["cca", "power"] = "cca"

    def __post_init__(self) -> None:
        if isinstance(self.frequencies_hz, str) or not len(self.frequencies_hz):
            raise InputError(f"frequencies_hz: expected one or more numbers, got {self.frequencies_hz!r}")
        for frequency_hz in self.frequencies_hz:
            check_number("frequencies_hz", frequency_hz, may_be_least=False)
        object.__setattr__(self, "frequencies_hz", tuple(map(float, self.frequencies_hz)))
        check_count("harmonics", self.harmonics, 1)
        check_choice("measure", self.measure, MEASURES)

    def fit(self, X: NDArray, classes: NDArray[np.intp], rate_hz: float) -> FittedSpectrum:
        check_trials(X)
        n_times, n_channels = X.shape[1:]
        self._check_length(n_times, n_channels, rate_hz)
        times_s = (np.arange(n_times) - (n_times - 1) / 2) / rate_hz
        line = np.linalg.qr(np.stack([np.ones(n_times), times_s], axis=1))[0]
        waves = [self._waves(frequency_hz, times_s, line) for frequency_hz in self.frequencies_hz]
        fitted = FittedSpectrum(
            shape=np.array(X.shape[1:]),
            measure=np.array(self.measure),
            line=line,
            waves=np.concatenate(waves),
            floor=np.zeros(n_channels * len(self.frequencies_hz) * self.harmonics),
        )
        if self.measure == "cca":
            return fitted
        power = np.array([fitted.power(x.astype(np.float64)) for x in X])
        return replace(fitted, floor=floor_of(power))

    def _check_length(self, n_times: int, n_channels: int, rate_hz: float) -> None:
        if not rate_hz > 0:
            raise InputError(f"rate_hz: expected the number of samples per second, got {rate_hz}; frequencies need it")
        if min(self.frequencies_hz) * n_times < rate_hz:
            raise InputError(
                f"frequencies_hz: expected at least one cycle in a window of {n_times / rate_hz:g} s, got "
                f"{min(self.frequencies_hz):g} Hz; use longer windows"
            )
        if max(self.frequencies_hz) * self.harmonics >= rate_hz / 2:
            raise InputError(
                f"harmonics: expected frequencies below half the rate of {rate_hz:g} Hz, got "
                f"{max(self.frequencies_hz) * self.harmonics:g} Hz; use fewer harmonics"
            )
        n_needed = 2 * self.harmonics + 2 + (n_channels if self.measure == "cca" else 0)
        if n_times <= n_needed:
            raise InputError(
                f"X: expected more than {n_needed} samples in a trial, or mixtures of so many channels fit any "
                f"oscillation, got {n_times}; use longer windows, fewer channels or fewer harmonics"
            )

    def _waves(
        self, frequency_hz: float, times_s: NDArray[np.float64], line: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return sines and cosines without straight line: (1, n_times, 2 harmonics) or (harmonics, n_times, 2)."""
        angles = 2 * np.pi * frequency_hz * np.outer(times_s, np.arange(1, self.harmonics + 1))
        pairs = np.stack([np.sin(angles), np.cos(angles)], axis=2)  # (n_times, harmonics, 2)
        waves = pairs.reshape(1, len(times_s), -1) if self.measure == "cca" else pairs.swapaxes(0, 1)
        return np.linalg.qr(waves - line @ (line.T @ waves))[0]
