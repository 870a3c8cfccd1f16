"""Fit what a recording says to words: delays, the voxels that follow words, a map to them, their noise.

Every choice is made within the samples that are given, on runs (or chunks) held out among them. Each voxel has a ridge
first, with its own strengths, which says how well words predict it and what the noise is. In this noise a map of few
directions is fitted to all voxels together, and takes the ridges' place where it explains held-out samples better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ...adapters.effective_samples import run_lengths
from ...adapters.other.banded import BandedAdapter
from ...adapters.other.delays import delayed
from ...errors import InputError, ShapeError
from ..recordings.recording import Recording
from ..recordings.timed_words import TimedWords, check_words
from .chunks import splitter_for
from .encoding_model import EncodingModel
from .few_directions import FewDirections, fit_few_directions, white
from .lanczos import LOBES, words_to_samples
from .noise import NoiseEstimate, noise_of
from .timing import WordTiming

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EncodingSettings:
    """How an encoding model is fitted.

    Parameters
    ----------
    delays : tuple of int
        In samples.
    lobes : int
        How many samples a word reaches by interpolation.
    n_voxels : int
        How many voxels are kept: those that words predict best, by their score within the training.
    n_folds : int
        Folds of runs, or of chunks of a single one, for strengths, scores and noise.
    n_mixtures : int
        Mixtures of the bands' strengths that are tried, beside one strength for all.
    """

    delays: tuple[int, ...] = (1, 2, 3, 4)
    lobes: int = LOBES
    n_voxels: int = 10_000
    n_folds: int = 5
    n_mixtures: int = 5

    def __post_init__(self) -> None:
        WordTiming(self.delays, self.lobes)  # raises where they are wrong
        if self.n_voxels < 1 or self.n_folds < 2 or self.n_mixtures < 0:
            raise InputError(
                "expected n_voxels of at least 1, n_folds of at least 2 and n_mixtures of at least 0, got "
                f"{self.n_voxels}, {self.n_folds} and {self.n_mixtures}"
            )

    @property
    def gap(self) -> int:
        """Samples between training and test: further than a word reaches."""
        return max(self.delays) + self.lobes


@dataclass(frozen=True, eq=False)
class EncodingFit:
    """A fitted model, and how well words predict each of the recording's voxels.

    `scores` (n_features,) are one minus the squared error of each voxel's ridge on held-out samples over the variance;
    by them `n_voxels` are chosen. `correlations` (n_voxels,) are between the chosen voxels and the model's prediction,
    made without these samples.
    """

    model: EncodingModel
    scores: Floats
    correlations: Floats


def fit_encoding(
    features: Mapping[Any, Floats],
    words: Mapping[Any, TimedWords],
    recording: Recording,
    bands: Sequence[str] | None = None,
    settings: EncodingSettings | None = None,
) -> EncodingFit:
    """Fit an encoding model on all runs of a recording.

    Parameters
    ----------
    features : mapping of int or str to array (n_words, n_features)
        Of the words of each run.
    words : mapping of int or str to TimedWords
    recording : Recording
        Without drift.
    bands : (n_features,) sequence of str, optional
        The kind of each feature; each kind has its own strength. Default: all are of one kind.
    settings : EncodingSettings, optional

    Raises
    ------
    RecordingError
        A run has no words, or words lie outside it.
    ShapeError
        A run has other features than words.
    InputError
        The features never vary, or a single run is too short for the folds.
    """
    settings = EncodingSettings() if settings is None else settings
    check_words(words, recording)
    table, mean, size = _interpolated(features, words, recording, settings.lobes)
    design = delayed((table - mean) / size, settings.delays, recording.run)
    problem = _Problem(design, recording, None if bands is None else list(bands) * len(settings.delays), settings)
    first = problem.fit(np.arange(len(design)), np.asarray(recording.data))
    assert first.cv_errors_ is not None
    variance = np.asarray(recording.data, np.float64).var(axis=0)
    scores = 1.0 - np.divide(first.cv_errors_, variance, out=np.full(len(variance), np.inf), where=variance > 0)
    voxels = np.sort(np.argsort(-scores, kind="stable")[: min(settings.n_voxels, int((variance > 0).sum()))])
    data = np.asarray(recording.data[:, voxels], np.float64)
    weights, intercept, rank = first.coef_[voxels].T, first.intercept_[voxels], None
    predicted = problem.predict_held_out(data)
    noise = noise_of(data - predicted, problem.pieces)
    together = problem.fit_together(data, noise)
    if together.error < float(np.square(white(data - predicted, problem.pieces, noise)).mean()):
        weights, intercept, rank, predicted, _ = together
        noise = noise_of(data - predicted, problem.pieces)
    model = EncodingModel(
        timing=WordTiming(settings.delays, settings.lobes, noise.autocorrelation),
        rate_hz=recording.rate_hz,
        voxels=voxels,
        unknown=np.concatenate([features[run] for run in recording.runs]).mean(axis=0),
        mean=mean,
        size=size,
        weights=np.ascontiguousarray(weights.reshape(len(settings.delays), -1, len(voxels))),
        intercept=intercept,
        noise=noise.whitener,
        rank=rank,
    )
    return EncodingFit(model, scores, _correlations(data, predicted))


class _Problem:
    """The regression of voxels on delayed features, with folds that keep runs whole or chunks apart."""

    def __init__(
        self, design: Floats, recording: Recording, bands: list[str] | None, settings: EncodingSettings
    ) -> None:
        self._design, self._run, self._bands, self._settings = design, recording.run, bands, settings
        self._splitter, self._groups = splitter_for(recording.run, settings.n_folds, settings.gap)
        split = self._splitter.split(design, None, self._groups)
        self._folds = [(np.asarray(train), np.asarray(held)) for train, held in split]
        fold = np.empty(len(design), np.intp)
        for number, (_, held) in enumerate(self._folds):
            fold[held] = number
        runs = np.repeat(np.arange(len(recording.runs)), run_lengths(recording.run))
        self.pieces = runs * len(self._folds) + fold

    def fit(self, rows: NDArray[np.intp], Y: NDArray) -> BandedAdapter:
        splitter, groups = splitter_for(self._run[rows], self._settings.n_folds, self._settings.gap)
        adapter = BandedAdapter(self._bands, alpha_per="unit", cv=splitter, n_iter=self._settings.n_mixtures)
        return adapter.fit(self._design[rows], Y[rows], groups)

    def fit_together(self, Y: Floats, noise: NoiseEstimate) -> FewDirections:
        return fit_few_directions(self._design, Y, noise, self.pieces, self._folds, self._splitter, self._groups)

    def predict_held_out(self, Y: NDArray) -> Floats:
        """Every sample (n_samples, n_voxels) by a fit that was made, with all choices, without its fold."""
        predicted = np.empty(Y.shape)
        for train, held in tqdm(self._folds, desc="noise on held-out runs", delay=1, disable=None):
            predicted[held] = self.fit(train, Y).predict(self._design[held])
        return predicted


def _interpolated(
    features: Mapping[Any, Floats], words: Mapping[Any, TimedWords], recording: Recording, lobes: int
) -> tuple[Floats, Floats, Floats]:
    """Features in samples, their mean, and their standard deviation (1 where they never vary)."""
    parts = []
    for run, length in recording.run_lengths().items():
        if run not in features or len(features[run]) != len(words[run]):
            got = f"those of {len(features[run])}" if run in features else "none"
            raise ShapeError(f"features: expected those of {len(words[run])} words for the run {run!r}, got {got}")
        parts.append(words_to_samples(features[run], words[run].middle_s, length, recording.rate_hz, lobes))
    table = np.concatenate(parts)
    size = table.std(axis=0)
    if not (size > 0).any():
        raise InputError("features: expected some that vary from sample to sample, got none")
    return table, table.mean(axis=0), np.where(size > 0, size, 1.0)


def _correlations(data: NDArray, predicted: Floats) -> Floats:
    data, predicted = data - data.mean(axis=0, dtype=np.float64), predicted - predicted.mean(axis=0)
    norms = np.sqrt((data**2).sum(axis=0) * (predicted**2).sum(axis=0))
    return np.divide((data * predicted).sum(axis=0), norms, out=np.zeros(len(norms)), where=norms > 0)
