"""Retrieval: fit encoding models to some listeners, and tell by them which stretch of the story others hear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ....errors import InputError, RecordingError
from ....models.networks.language.language_model import LanguageModel
from ....models.networks.language.word_states import WordStates, word_states
from ...fitted_on import run_digests
from ...gist.drift import WHOLE_RUN, Drift, causal
from ...gist.story import Story
from ...recordings.recording import Recording
from ...recordings.timed_words import TimedWords, check_words
from ...statistics.window_pairs import check_window, pairs, similarities
from ...steps.chain import run_steps
from .listeners import Listeners, divided
from .model import StretchModel, stretch_models
from .result import CEILING, LANGUAGE, NUISANCE_ALONE, PERMUTED, UNTRAINED, Pairs, RetrievalResult, Scores
from .settings import MIN_SHIFT, RetrievalSettings


def retrieve(
    recording: Recording, words: TimedWords, network: LanguageModel, settings: RetrievalSettings
) -> RetrievalResult:
    """Tell which stretch of a story each listener hears, by a model fitted to other listeners and other stretches.

    Parameters
    ----------
    recording : Recording
        Each run is a listener; all heard the same story, from the first sample on.
    words : TimedWords
        The story, in seconds since the first sample.
    network : LanguageModel
    settings : RetrievalSettings

    Raises
    ------
    RecordingError
        There are fewer than two listeners, one stands there twice, they differ in length, or a word is outside of the
        recording.
    InputError
        A window or the shifts do not fit into the recording.
    UnknownNameError
        The network has no such layer.
    """
    n_samples, shifts = checked(recording, words, settings)
    known = _known(words, network, settings.layers)
    story = Story(words, known, n_samples, recording.rate_hz)
    drift, layers = causal(settings.drift_s), settings.layers
    listeners = _listeners(recording, drift, settings)
    models = {
        LANGUAGE: stretch_models(story, settings, drift, layers),
        NUISANCE_ALONE: stretch_models(story, settings, drift, [None]),
    }
    windows = {window_s: _n_window(window_s, recording.rate_hz) for window_s in settings.window_s}
    scores = {name: _scores(of, listeners, windows) for name, of in models.items()}
    scores[PERMUTED] = _permuted(story, settings, drift, listeners, windows)
    untrained = Story(words, _known(words, network.untrained(), layers), n_samples, recording.rate_hz)
    scores[UNTRAINED] = _scores(stretch_models(untrained, settings, drift, layers), listeners, windows)
    scores[CEILING] = _scores(models[NUISANCE_ALONE], listeners, windows, ceiling=True)
    shifted = {name: _shifted(of, listeners, windows, shifts, f"shifting, {name}") for name, of in models.items()}
    chosen = Counter(
        str(one.candidates[i].layer)
        for one in models[LANGUAGE]
        for i in one.choose(listeners, listeners.weights(one.stretch.training))[: listeners.n_listeners]
    )
    return RetrievalResult(
        source=recording.source,
        words_source=words.source,
        network=network.name,
        fingerprint=network.fingerprint,
        listeners=[str(name) for name in recording.runs],
        n_samples=n_samples,
        n_features=recording.n_features,
        n_words=len(words),
        rate_hz=recording.rate_hz,
        settings=settings,
        scores=scores,
        whole_run=_over_whole_run(recording, story, settings, windows),
        shifted=shifted,
        layers={layer: chosen[layer] / chosen.total() for layer in layers},
        matrix=_matrix(models[LANGUAGE], listeners, next(iter(windows.values()))),
    )


def checked(recording: Recording, words: TimedWords, settings: RetrievalSettings) -> tuple[int, NDArray[np.intp]]:
    """The number of samples of each listener, and the shifts; raises where something does not fit."""
    lengths = recording.run_lengths()
    if len(lengths) < 2:
        raise RecordingError(f"{recording.source}: expected two listeners or more, got {len(lengths)}")
    if len(set(lengths.values())) > 1:
        raise RecordingError(
            f"{recording.source}: expected all listeners to have as many samples, got {lengths}; cut them to the story"
        )
    check_words(dict.fromkeys(lengths, words), recording)
    first_of: dict[str, str] = {}
    for name, digest in run_digests(recording).items():
        if (other := first_of.setdefault(digest, name)) != name:
            raise RecordingError(
                f"{recording.source}: expected each listener once, but {name} and {other} have the same samples, so "
                "one would be tested on the other's brain; leave one of them out"
            )
    n_samples = next(iter(lengths.values()))
    shifts = _shifts(n_samples, settings)
    for window_s in settings.window_s:
        check_window(n_samples // settings.n_folds, _n_window(window_s, recording.rate_hz))
    return n_samples, shifts


def _known(words: TimedWords, network: LanguageModel, layers: Sequence[str]) -> WordStates:
    # As heard: nobody hears capitals.
    return word_states(network, [str(word).lower() for word in words.word], layers)


def _listeners(recording: Recording, drift: Drift, settings: RetrievalSettings) -> Listeners:
    steady = run_steps(drift.of_recording, recording)
    n_listeners = len(recording.runs)
    data = steady.data.reshape(n_listeners, -1, recording.n_features).transpose(1, 0, 2)
    return divided(np.ascontiguousarray(data), settings.n_groups, settings.seed)


def _n_window(window_s: float, rate_hz: float) -> int:
    return max(1, round(window_s * rate_hz))


def _scores(
    models: Sequence[StretchModel],
    listeners: Listeners,
    windows: dict[float, int],
    *,
    ceiling: bool = False,
) -> Scores:
    """Pairs of all tests, averaged over stretches; as a ceiling, the others' brains stand for the prediction."""
    found = {window_s: np.zeros(len(listeners.tested)) for window_s in windows}
    for one in models:
        weights = listeners.weights(one.stretch.training)
        held_out = listeners.data[one.stretch.held_out]
        if ceiling:
            predicted = listeners.means(listeners.training, held_out)
        else:
            predicted = one.predict(listeners, one.choose(listeners, weights))
        root = np.sqrt(weights)[:, None]
        brain = listeners.means(listeners.tested, held_out)
        for window_s, n_window in windows.items():
            found[window_s] += pairs(similarities(brain * root, predicted * root, n_window), n_window) / len(models)
    n = listeners.n_listeners
    return {window_s: Pairs(of[:n], of[n:]) for window_s, of in found.items()}


def _permuted(
    story: Story, settings: RetrievalSettings, drift: Drift, listeners: Listeners, windows: dict[float, int]
) -> Scores:
    """The mean over random orders: each word has the states of another, and its own time and nuisance features."""
    rng = np.random.default_rng(settings.seed)
    found = []
    for _ in range(settings.n_orders):
        other = Story(story.words, story.known, story.n_samples, story.rate_hz, rng.permutation(len(story.words)))
        found.append(_scores(stretch_models(other, settings, drift, settings.layers), listeners, windows))
    return {
        window_s: Pairs(*(np.mean(of, axis=0) for of in zip(*(one[window_s] for one in found), strict=True)))
        for window_s in windows
    }


def _over_whole_run(
    recording: Recording, story: Story, settings: RetrievalSettings, windows: dict[float, int]
) -> dict[str, Scores]:
    listeners = _listeners(recording, WHOLE_RUN, settings)
    nuisance = stretch_models(story, settings, WHOLE_RUN, [None])
    models = stretch_models(story, settings, WHOLE_RUN, settings.layers)
    return {
        LANGUAGE: _scores(models, listeners, windows),
        NUISANCE_ALONE: _scores(nuisance, listeners, windows),
        CEILING: _scores(nuisance, listeners, windows, ceiling=True),
    }


def _shifts(n_samples: int, settings: RetrievalSettings) -> NDArray[np.intp]:
    possible = np.arange(MIN_SHIFT, n_samples - MIN_SHIFT + 1)
    if len(possible) < settings.n_shifts:
        raise InputError(
            f"n_shifts: expected at most {len(possible)}, which is how often {n_samples} samples can be shifted by "
            f"{MIN_SHIFT} or more, got {settings.n_shifts}"
        )
    return np.sort(np.random.default_rng(settings.seed).choice(possible, settings.n_shifts, replace=False))


def _shifted(
    models: Sequence[StretchModel],
    listeners: Listeners,
    windows: dict[float, int],
    shifts: NDArray[np.intp],
    title: str,
) -> dict[float, NDArray[np.float64]]:
    """Means over listeners and over halves, (n_shifts, 2); everything is chosen and fitted anew for each shift."""
    found: dict[float, list[tuple[float, float]]] = {window_s: [] for window_s in windows}
    for shift in tqdm(shifts.tolist(), desc=title, delay=1, disable=None):
        for window_s, of in _scores(models, listeners.shifted(shift), windows).items():
            found[window_s].append(of.means)
    return {window_s: np.array(of) for window_s, of in found.items()}


def _matrix(models: Sequence[StretchModel], listeners: Listeners, n_window: int) -> NDArray[np.float64]:
    """Mean similarity over halves of windows that follow each other, recorded (rows) and predicted (columns)."""
    brain, predicted = [], []
    for one in models:
        weights = listeners.weights(one.stretch.training)
        root = np.sqrt(weights / weights.sum(axis=1, keepdims=True))[:, None]
        of = one.predict(listeners, one.choose(listeners, weights)) * root
        of_brain = listeners.means(listeners.tested, listeners.data[one.stretch.held_out]) * root
        used = len(one.stretch.held_out) // n_window * n_window
        predicted.append(of[listeners.n_listeners :, :used])
        brain.append(of_brain[listeners.n_listeners :, :used])
    found = similarities(np.concatenate(brain, axis=1), np.concatenate(predicted, axis=1), n_window)
    return found[:, ::n_window, ::n_window].mean(axis=0).astype(np.float64)
