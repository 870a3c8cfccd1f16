"""A synthetic listener: recordings of a brain that hears stories, of known truth.

It knows nothing of what a decoder assumes: it responds to the words' states in a layer that is given, along the
directions in which they vary most, and to features of its own that no network has. Each voxel has its own
haemodynamic response and its own correlation with the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ShapeError
from .recording import Recording
from .synthetic import response_to
from .timed_words import TimedWords, check_words

N_RESPONSES = 7
"""Different delays of the haemodynamic response, of which each voxel has one."""
RESPONSE_SD_S = 0.6
LARGEST_R = 0.95
N_PRIVATE = 32

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SyntheticListener:
    """Voxels that respond to words, and noise. The same settings always give the same recording.

    Parameters
    ----------
    n_features : int
    rate_hz : float
        Samples per second.
    mean_r : float
        The correlation of a voxel with its own noiseless response, on average over voxels, from 0 to below 0.95; it is
        log-normal.
    spread_r : float
        Standard deviation of its logarithm.
    n_directions : int
        How many principal components of the states (each unit in its standard deviations) voxels follow, each voxel a
        random mixture of them: what voxels share of the meaning of words is of few dimensions (Huth et al. 2016, Nature
        532, 453).
    private : float
        Part of the response's variance, from 0 to 1, that follows features of words which no network has: of each word
        of the dictionary, at random.
    autocorrelation : float
        Of the noise from one sample to the next: it is a first-order autoregression.
    shared_noise : float
        Part of the noise's variance, from 0 to below 1, that comes from `n_shared` sources common to all voxels.
    n_shared : int
    seed : int

    Examples
    --------
    >>> words = {1: TimedWords(["the", "rabbit"], [0.0, 0.2], [0.2, 0.7])}
    >>> states = {1: np.eye(2)}
    >>> SyntheticListener(n_features=5, rate_hz=0.5).record(words, states, {1: 20})
    <Recording: 20 samples x 5 features (a.u.) at 0.5 Hz, 1 runs, 0 events, from a synthetic listener>
    """

    n_features: int = 1000
    rate_hz: float = 0.5
    mean_r: float = 0.1
    spread_r: float = 0.5
    n_directions: int = 40
    private: float = 0.3
    autocorrelation: float = 0.4
    shared_noise: float = 0.5
    n_shared: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("n_features", "n_shared", "n_directions"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if not (np.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise InputError(f"rate_hz: expected a positive number of samples per second, got {self.rate_hz}")
        if not 0 <= self.mean_r < LARGEST_R or not self.spread_r >= 0:
            raise InputError(
                f"expected mean_r from 0 to below {LARGEST_R} and spread_r of at least 0, got {self.mean_r} and "
                f"{self.spread_r}"
            )
        for name, most in (("private", 1.0), ("autocorrelation", 0.99), ("shared_noise", 0.99)):
            if not 0 <= getattr(self, name) <= most:
                raise InputError(f"{name}: expected 0 to {most}, got {getattr(self, name)}")

    @property
    def r(self) -> Floats:
        """The correlation of each voxel with its own noiseless response, (n_features,)."""
        z = self._rng(0).standard_normal(self.n_features)
        return np.minimum(self.mean_r * np.exp(self.spread_r * z - self.spread_r**2 / 2), LARGEST_R)

    def record(
        self,
        words: Mapping[Any, TimedWords],
        states: Mapping[Any, NDArray],
        run_lengths: Mapping[Any, int],
    ) -> Recording:
        """Return the listener's recording of stories, a run each; give all at once, since sizes are over all of them.

        Parameters
        ----------
        words : mapping of int or str to TimedWords
        states : mapping of int or str to array (n_words, n_units)
            What the listener responds to, e.g. the words' activations in a layer other than the decoder's.
        run_lengths : mapping of int or str to int
            The number of samples of each run, in order.

        Raises
        ------
        RecordingError
            Words lie outside their run, or a run has none.
        ShapeError
            A run has other states than words.
        """
        lengths = list(run_lengths.values())
        response = self._scaled(self._response(words, states, run_lengths))
        noise = self._noise(lengths)
        recording = Recording(
            data=(self.r * response + np.sqrt(1 - self.r**2) * noise).astype(np.float32),
            rate_hz=self.rate_hz,
            feature_names=tuple(f"feature_{i}" for i in range(self.n_features)),
            run=np.repeat(np.array(list(run_lengths)), lengths),
            source="a synthetic listener",
        )
        check_words(words, recording)
        return recording

    def _response(
        self,
        words: Mapping[Any, TimedWords],
        states: Mapping[Any, NDArray],
        run_lengths: Mapping[Any, int],
    ) -> Floats:
        """The response without noise, (n_samples, n_features), of any size."""
        for run in run_lengths:
            if run not in words or run not in states or len(states[run]) != len(words[run]):
                raise ShapeError(f"states: expected those of all words of the run {run!r}, got others or none")
        known_of = self._directions(states, run_lengths)
        rng = self._rng(1)
        shifts_s = RESPONSE_SD_S * np.linspace(-2, 2, N_RESPONSES)
        chance = np.exp(-np.square(shifts_s / RESPONSE_SD_S) / 2)
        response_of = rng.choice(N_RESPONSES, self.n_features, p=chance / chance.sum())
        to_known, to_private = (rng.standard_normal((n, self.n_features)) for n in (self.n_directions, N_PRIVATE))
        dictionary: dict[str, Floats] = {}
        parts = []
        for run, length in run_lengths.items():
            known = known_of[run]
            private = np.array([self._private(str(word), dictionary) for word in words[run].word])
            time_s = np.arange(length)[:, None] / self.rate_hz
            made = np.empty((2, length, self.n_features))
            for number, shift_s in enumerate(shifts_s):
                voxels = response_of == number
                after_s = time_s - shift_s
                course = response_to(after_s - words[run].onset_s) - response_to(after_s - words[run].offset_s)
                made[0][:, voxels] = course @ known @ to_known[: known.shape[1], voxels]
                made[1][:, voxels] = course @ private @ to_private[:, voxels]
            parts.append(made)
        of_known, of_private = np.concatenate(parts, axis=1)
        return np.sqrt(1 - self.private) * self._scaled(of_known) + np.sqrt(self.private) * self._scaled(of_private)

    def _directions(self, states: Mapping[Any, NDArray], runs: Mapping[Any, int]) -> dict[Any, Floats]:
        """The states of each run's words along the directions in which those of all vary most."""
        table = np.concatenate([np.asarray(states[run], np.float64) for run in runs])
        table = self._scaled(table)
        directions = np.linalg.eigh(table.T @ table)[1][:, ::-1][:, : self.n_directions]
        stops = np.cumsum([len(states[run]) for run in runs])
        return dict(zip(runs, np.split(table @ directions, stops[:-1]), strict=True))

    def _private(self, word: str, dictionary: dict[str, Floats]) -> Floats:
        key = word.lower()
        if key not in dictionary:
            dictionary[key] = self._rng(3, *key.encode()).standard_normal(N_PRIVATE)
        return dictionary[key]

    def _noise(self, lengths: list[int]) -> Floats:
        """Noise of variance 1, (n_samples, n_features)."""
        from scipy.signal import lfilter

        rng = self._rng(2)
        loading = rng.standard_normal((self.n_shared, self.n_features)) / np.sqrt(self.n_shared)
        parts = []
        for length in lengths:
            common = rng.standard_normal((length, self.n_shared)) @ loading
            own = rng.standard_normal((length, self.n_features))
            fresh = np.sqrt(self.shared_noise) * common + np.sqrt(1 - self.shared_noise) * own
            fresh[1:] *= np.sqrt(1 - self.autocorrelation**2)
            parts.append(np.asarray(lfilter([1.0], [1.0, -self.autocorrelation], fresh, axis=0)))
        return np.concatenate(parts)

    @staticmethod
    def _scaled(response: Floats) -> Floats:
        """Responses of mean 0 and variance 1 over all runs."""
        size = response.std(axis=0)
        return (response - response.mean(axis=0)) / np.where(size > 0, size, 1.0)

    def _rng(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *purpose])
