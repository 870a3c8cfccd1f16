"""A synthetic brain of known truth: recordings of known activations, with known noise.

The `Recording` has runs and events, and everything runs on it that runs on real ones; the right result is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, ShapeError, UnknownNameError
from .events import Events, check_events, first_sample_at
from .recording import Recording

HAEMODYNAMICS = ("glover", "none")
N_DRIFTS = 3
BLOCK_ELEMENTS = 2**22
"""How many entries of the map are in memory at once."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """Which stimuli occur when.

    Attributes
    ----------
    events : Events
        Each with a duration. An event's stimulus, or where it has none its label, is its key.
    run_lengths : mapping of int or str to int
        The number of samples of each run, in order.
    """

    events: Events
    run_lengths: Mapping[int | str, int]

    @property
    def keys(self) -> NDArray[np.str_]:
        """Return the key of each event, (n_events,)."""
        return self.events.label if self.events.stimulus is None else self.events.stimulus


def block_design(
    keys: Sequence[str], n_runs: int, *, rate_hz: float, duration_s: float, rest_s: float = 0.0, seed: int = 0
) -> Design:
    """Present every key once in each run, in random order, with rest before, between and after.

    Parameters
    ----------
    keys : sequence of str
    n_runs : int
    rate_hz : float
    duration_s, rest_s : float
        Of each block, and of each rest.
    seed : int

    Examples
    --------
    >>> design = block_design(["cat", "face"], 3, rate_hz=0.5, duration_s=10.0, rest_s=6.0)
    >>> design.run_lengths, design.events.onset_s[:2].tolist()
    ({1: 19, 2: 19, 3: 19}, [6.0, 22.0])
    """
    if n_runs < 1 or not keys or len(set(keys)) != len(keys):
        raise InputError(f"expected at least one run and different keys, got {n_runs} runs and {len(keys)} keys")
    if not (duration_s > 0 and rest_s >= 0):
        raise InputError(f"expected duration_s above 0 and rest_s of at least 0, got {duration_s} and {rest_s}")
    rng = np.random.default_rng(seed)
    shown = np.array([np.array(keys)[rng.permutation(len(keys))] for _ in range(n_runs)]).ravel()
    names = np.arange(1, n_runs + 1)
    onsets = rest_s + (duration_s + rest_s) * np.arange(len(keys))
    events = Events(
        run=names.repeat(len(keys)),
        onset_s=np.tile(onsets, n_runs).astype(np.float64),
        duration_s=np.full(len(shown), duration_s),
        label=shown,
        stimulus=shown,
    )
    length = first_sample_at(rest_s + (duration_s + rest_s) * len(keys), rate_hz)
    return Design(events, dict.fromkeys(names.tolist(), length))


@dataclass(frozen=True)
class SyntheticBrain:
    """Features that respond linearly to the activations of a layer, and noise.

    Every feature (voxel, electrode) weighs all units at random. It records its response, delayed by the blood flow,
    plus noise; both together have a variance of about 1. The same settings always give the same recording.

    Parameters
    ----------
    n_features : int
    rate_hz : float
        Samples per second.
    signal_to_noise : float
        Variance of a feature's sustained response over all keys, divided by the variance of its noise in one sample, on
        average over features. 0: noise alone; infinity: no noise.
    haemodynamics : {"glover", "none"}
        `response_to` of a person's auditory cortex; or, for electrodes, a response without delay that lasts as long as
        the stimulus.
    noise_autocorrelation : float
        Of the noise from one sample to the next: it is a first-order autoregression.
    drift : float
        Standard deviation of slow drifts over a run (random polynomials up to order 3), in units of that of the noise.
    seed : int
        Of the map and of the noise.

    Examples
    --------
    >>> brain = SyntheticBrain(n_features=5, rate_hz=0.5, signal_to_noise=np.inf)
    >>> design = block_design(["cat", "face"], 2, rate_hz=0.5, duration_s=20.0, rest_s=20.0)
    >>> recording = brain.record(design, {"cat": [1.0, 0.0, 0.0], "face": [0.0, 1.0, 0.0]})
    >>> recording
    <Recording: 100 samples x 5 features (a.u.) at 0.5 Hz, 2 runs, 4 events, from a synthetic brain>
    """

    n_features: int = 200
    rate_hz: float = 0.5
    signal_to_noise: float = 0.1
    haemodynamics: Literal["glover", "none"] = "glover"
    noise_autocorrelation: float = 0.0
    drift: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_features < 1:
            raise InputError(f"n_features: expected at least 1, got {self.n_features}")
        if not (np.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise InputError(f"rate_hz: expected a positive number of samples per second, got {self.rate_hz}")
        if not self.signal_to_noise >= 0:
            raise InputError(f"signal_to_noise: expected a ratio from 0 to infinity, got {self.signal_to_noise}")
        if self.haemodynamics not in HAEMODYNAMICS:
            raise UnknownNameError("haemodynamics", self.haemodynamics, HAEMODYNAMICS)
        if not 0 <= self.noise_autocorrelation < 1:
            raise InputError(f"noise_autocorrelation: expected 0 to below 1, got {self.noise_autocorrelation}")
        if not (np.isfinite(self.drift) and self.drift >= 0):
            raise InputError(f"drift: expected a number of at least 0, got {self.drift}")

    @property
    def noise_sd(self) -> float:
        """Return the standard deviation of the noise in a sample."""
        return float(np.sqrt(1.0 / (1.0 + self.signal_to_noise)))

    def record(self, design: Design, activations: Mapping[str, ArrayLike], *, session: int = 0) -> Recording:
        """Return the brain's recording of a design.

        Parameters
        ----------
        design : Design
        activations : mapping of str to array (n_units,)
            Of all stimuli, by key; those that are not in this design still count for the size of the responses.
        session : int
            Another session has other noise.

        Raises
        ------
        InputError
            A key of the design has no activation, or an event has no duration.
        ShapeError
            The activations differ in length.
        """
        runs = list(design.run_lengths)
        lengths = list(design.run_lengths.values())
        return Recording(
            data=(self.clean(design, activations) + self._noise(lengths, session)).astype(np.float32),
            rate_hz=self.rate_hz,
            feature_names=tuple(f"feature_{i}" for i in range(self.n_features)),
            run=np.repeat(np.array(runs), lengths),
            events=design.events,
            source="a synthetic brain",
        )

    def clean(self, design: Design, activations: Mapping[str, ArrayLike]) -> Floats:
        """Return the recording without noise, (n_samples, n_features)."""
        check_events(design.events, dict(design.run_lengths), self.rate_hz)
        names, table = _table(activations)
        for key in design.keys.tolist():
            if key not in names:
                raise UnknownNameError("key", key, names)
        if not (design.events.duration_s > 0).all():
            raise InputError("design: expected events that last; a response to a moment has no sustained size")
        patterns = self.patterns(table)
        at = {key: i for i, key in enumerate(names)}
        parts = []
        for run, length in design.run_lengths.items():
            events = np.flatnonzero(design.events.run == run)
            courses = np.zeros((length, len(names)))
            for i in events.tolist():
                courses[:, at[design.keys[i]]] += self._course(design.events, i, length)
            parts.append(courses @ patterns)
        return np.concatenate(parts)

    def patterns(self, table: NDArray) -> Floats:
        """Return the sustained responses (n_keys, n_features) to a table of activations (n_keys, n_units).

        They are ``(table - its mean) @ map_of(table)``; the table is read in blocks along the wide axis, and the whole
        map is never in memory.
        """
        raw = self._raw_patterns(table)
        return raw * self._size(raw)

    def map_of(self, table: NDArray) -> Floats:
        """Return the true map, (n_units, n_features), scaled for these activations (n_keys, n_units)."""
        weights = np.random.default_rng(self.seed).standard_normal((table.shape[1], self.n_features))
        return weights * self._size(self._raw_patterns(table))

    def _raw_patterns(self, table: NDArray) -> Floats:
        rng = np.random.default_rng(self.seed)
        raw = np.zeros((len(table), self.n_features))
        width = max(1, BLOCK_ELEMENTS // self.n_features)
        for start in range(0, table.shape[1], width):
            block = np.asarray(table[:, start : start + width], np.float64)
            raw += (block - block.mean(axis=0)) @ rng.standard_normal((block.shape[1], self.n_features))
        return raw

    def _size(self, raw: Floats) -> float:
        """Return the factor that gives responses the size for the signal-to-noise ratio."""
        variance = raw.var(axis=0, ddof=1).mean() if len(raw) > 1 else 0.0
        if not variance > 0:
            raise InputError("activations: expected two or more that differ; all alike leave nothing to tell apart")
        return float(np.sqrt((1.0 - self.noise_sd**2) / variance))

    def _course(self, events: Events, i: int, length: int) -> Floats:
        """Return how strongly a run's samples respond to one of its events; 1 once the response is sustained."""
        onset_s, stop_s = events.onset_s[i], events.onset_s[i] + events.duration_s[i]
        if self.haemodynamics == "none":
            course = np.zeros(length)
            course[first_sample_at(onset_s, self.rate_hz) : first_sample_at(stop_s, self.rate_hz)] = 1.0
            return course
        time_s = np.arange(length) / self.rate_hz
        return response_to(time_s - onset_s) - response_to(time_s - stop_s)

    def _noise(self, lengths: Sequence[int], session: int) -> Floats:
        from scipy.signal import lfilter

        rng = np.random.default_rng([self.seed, session, 1])
        rho = self.noise_autocorrelation
        parts = []
        for length in lengths:
            fresh = rng.standard_normal((length, self.n_features))
            fresh[1:] *= np.sqrt(1.0 - rho**2)  # the first sample is not scaled, so that all have the same variance
            noise = np.asarray(lfilter([1.0], [1.0, -rho], fresh, axis=0))
            slow = rng.standard_normal((N_DRIFTS, self.n_features)) / np.sqrt(N_DRIFTS)
            parts.append(noise + self.drift * _polynomials(length) @ slow)
        return self.noise_sd * np.concatenate(parts)


def response_to(time_s: ArrayLike) -> Floats:
    """Return the haemodynamic response to a stimulus from time 0 on: it rises, overshoots, and settles at 1.

    It is the integral of the difference of two gamma functions ``(t/d)^a exp(-(t - d)/b)`` with d = a b: a = 6, b = 0.9
    s, less 0.35 times a = 12, b = 0.9 s. The difference itself is largest 5.2 s after a moment. The response before 0
    is 0.

    References
    ----------
    Glover (1999), Deconvolution of impulse response in event-related BOLD fMRI. NeuroImage 9, 416-429, for the
    auditory cortex.

    Examples
    --------
    >>> response_to([-1.0, 0.0, 5.0, 60.0]).round(3)
    array([0.  , 0.  , 0.63, 1.  ])
    """
    from scipy.special import gamma, gammainc

    def integral(a: float) -> tuple[Floats, float]:
        whole = (np.e / (a * 0.9)) ** a * 0.9 ** (a + 1) * gamma(a + 1)
        return whole * gammainc(a + 1, np.maximum(np.asarray(time_s, np.float64), 0.0) / 0.9), whole

    (rise, risen), (fall, fallen) = integral(6.0), integral(12.0)
    return (rise - 0.35 * fall) / (risen - 0.35 * fallen)


def _polynomials(length: int) -> Floats:
    """Return polynomials of order 1 to `N_DRIFTS` over a run, orthogonal, of variance 1; (length, N_DRIFTS)."""
    basis = np.vander(np.linspace(-1, 1, length), N_DRIFTS + 1, increasing=True)
    orthogonal = np.linalg.qr(basis)[0][:, 1:] * np.sqrt(length)
    return np.pad(orthogonal, ((0, 0), (0, N_DRIFTS - orthogonal.shape[1])))


def _table(activations: Mapping[str, ArrayLike]) -> tuple[list[str], NDArray]:
    rows = [np.asarray(row).ravel() for row in activations.values()]
    if len({row.shape for row in rows}) > 1:
        raise ShapeError(f"activations: expected all of one length, got {sorted({row.size for row in rows})}")
    if not rows or not all(np.isfinite(row).all() for row in rows):
        raise InputError("activations: expected finite numbers for two or more keys")
    return list(activations), np.stack(rows)
