"""Fit a decoder of gist on some runs, decode the others, and score them beside nulls and controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, LeakError
from ....models.networks.language.language_model import LanguageModel
from ...gist.fitting import FittedGist, GistSettings, fit_gist
from ...gist.sentence_similarity import SentenceSimilarity
from ...gist.window_identification import Identified, identify, stem_overlap
from ...gist.window_scores import WINDOW_S, Scores, score_windows, windows_of
from ...recordings.recording import Recording
from ...recordings.timed_words import TimedWords
from .decoding import Task, decode_all
from .result import DecodedRun, Evidence, GistResult

OTHER_TIME, NOISE, NO_BRAIN = "brain at another time", "Gaussian noise", "language model alone"
SEQUENCE = 6
"""Words in a row that, if they also occur in the training, are the same text."""
MOST_SHARED = 0.2
OTHER_STORIES = 9
"""Among so many others a story is identified."""
SHORTEST_SHIFT_S = 50.0


def evaluate_gist(
    network: LanguageModel,
    words: Mapping[Any, TimedWords],
    recording: Recording,
    settings: GistSettings,
    held_out: Sequence[Any],
    *,
    n_nulls: int = 40,
    n_shifts: int = 5,
    window_s: float = WINDOW_S,
    seed: int = 0,
    sentences: SentenceSimilarity | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> GistResult:
    """Evaluate a decoder of gist on whole runs that it was not fitted on.

    The words' times are given, their text is not: the decoder runs freely.

    Parameters
    ----------
    network : LanguageModel
    words : mapping of int or str to TimedWords
        Of each run.
    recording : Recording
        Without drift.
    settings : GistSettings
    held_out : sequence of int or str
        The runs to decode; the decoder is fitted on all others.
    n_nulls : int
        Texts of the same beam without a brain, which scores are compared with.
    n_shifts : int
        Decodings of the brain at other times, which the evidence is compared with.
    window_s : float
        Length of the windows that are scored, one every second.
    seed : int
    sentences : SentenceSimilarity, optional
        A sentence encoder, whose similarity is a further score, and by which windows are identified. Default: windows
        are identified by the stems that they share.
    say : callable
        Called with a sentence as each stage begins.

    Raises
    ------
    UnknownNameError
        There is no such run or layer.
    LeakError
        A held-out run's text occurs in the training.
    InputError
        No run is left to fit on, or a number is too small.
    RecordingError
        A run has no words, or words lie outside it.
    """
    for run in held_out:
        recording.samples_of(run)  # raises where there is none
    training = [run for run in recording.runs if run not in held_out]
    if not training or not len(held_out):
        raise InputError(f"held_out: expected some runs, and others to fit on, got {list(held_out)}")
    if n_nulls < 2 or n_shifts < 2:
        raise InputError(f"expected n_nulls and n_shifts of at least 2, got {n_nulls} and {n_shifts}")
    _check_leaks(words, training, held_out)
    say(f"Fitting on {len(training)} runs.")
    fitted = fit_gist(network, {run: words[run] for run in training}, recording.select(runs=training), settings)
    stories = [words[run] for run in [*held_out, *training]]
    scoring = _Scoring(n_nulls, n_shifts, window_s, sentences, stories, say)
    runs = [
        _decoded(fitted, recording, run, words[run], [seed, number], scoring) for number, run in enumerate(held_out)
    ]
    return GistResult(
        network=network.name,
        settings=settings,
        recording=recording.summary(),
        synthetic="synthetic" in recording.source,
        fitted_runs=tuple(training),
        n_training_words=sum(len(words[run]) for run in training),
        n_vocabulary=int(fitted.vocabulary.allowed.sum()),
        correlations=tuple(fitted.encoding.correlations.tolist()),
        autocorrelation=fitted.encoding.model.timing.autocorrelation,
        n_nulls=n_nulls,
        identified_by="overlap of stems" if sentences is None else f"{sentences.name} similarity",
        runs=tuple(runs),
    )


@dataclass(frozen=True)
class _Scoring:
    """What decoded runs are compared with."""

    n_nulls: int
    n_shifts: int
    window_s: float
    sentences: SentenceSimilarity | None
    stories: Sequence[TimedWords]
    say: Callable[[str], None]

    def score(self, true: list[str], said: list[str], nulls: list[list[str]], windows: list[slice]) -> Scores:
        return score_windows(true, said, nulls, windows, self.sentences)

    def identified(self, words: TimedWords, said: list[str], windows: list[slice]) -> Identified:
        others = [other for other in self.stories if other is not words][:OTHER_STORIES]
        tables = [(other.word.tolist(), windows_of(other.middle_s, self.window_s)) for other in others]
        return identify(words.word.tolist(), said, windows, tables, self.sentences or stem_overlap)


def _decoded(
    fitted: FittedGist, recording: Recording, run: int | str, words: TimedWords, seed: list[int], scoring: _Scoring
) -> DecodedRun:
    n_nulls, say = scoring.n_nulls, scoring.say
    rng = np.random.default_rng(seed)
    samples = recording.data[recording.samples_of(run)][:, fitted.encoding.model.voxels].astype(np.float64)
    shifts = _shifts(len(samples), recording.rate_hz, scoring.n_shifts)
    noise = rng.normal(samples.mean(axis=0), samples.std(axis=0), samples.shape)
    shifted = [Task(np.roll(samples, by, axis=0)) for by in shifts]
    seeds = rng.integers(0, 2**31, n_nulls).tolist()
    say(f"Run {run}: decoding.")
    [own] = decode_all(fitted, words, [Task(samples)], f"run {run}")
    say(f"Run {run}: decoding the brain at other times, and noise.")
    *moved, deaf = decode_all(fitted, words, [*shifted, Task(noise)], f"run {run}, other times and noise")
    say(f"Run {run}: {n_nulls} nulls.")
    null_tasks = [Task(samples, null_seed) for null_seed in seeds]
    nulls = [text.said for text in decode_all(fitted, words, null_tasks, f"run {run}, nulls")]
    say(f"Run {run}: scores.")
    windows, true = windows_of(words.middle_s, scoring.window_s), words.word.tolist()
    others = {OTHER_TIME: moved[len(moved) // 2].said, NOISE: deaf.said, NO_BRAIN: nulls[0]}
    known = {word for word, may in zip(fitted.vocabulary.words, fitted.vocabulary.allowed, strict=True) if may}
    return DecodedRun(
        run=run,
        true=true,
        said=own.said,
        middle_s=words.middle_s.tolist(),
        scores=scoring.score(true, own.said, nulls, windows),
        controls={name: scoring.score(true, text, nulls[1:], windows) for name, text in others.items()},
        identified=scoring.identified(words, own.said, windows),
        evidence=Evidence(own.evidence, tuple(one.evidence for one in moved)),
        coverage=float(np.mean([word.lower() in known for word in true])),
    )


def _shifts(n_samples: int, rate_hz: float, n: int) -> NDArray[np.intp]:
    """By how many samples to move a run in a circle: evenly, and never by little in either direction."""
    least = round(SHORTEST_SHIFT_S * rate_hz)
    if n_samples - 2 * least < n:
        raise InputError(
            f"n_shifts: expected at most {max(n_samples - 2 * least, 0)} for a run of {n_samples} samples, each by "
            f"{SHORTEST_SHIFT_S:g} s at least, got {n}"
        )
    return np.linspace(least, n_samples - least, n).round().astype(np.intp)


def _check_leaks(words: Mapping[Any, TimedWords], training: Sequence[Any], held_out: Sequence[Any]) -> None:
    """Raise LeakError where a held-out run's text is also in the training."""
    known = {sequence for run in training if run in words for sequence in _sequences(words[run])}
    for run in held_out:
        own = _sequences(words[run]) if run in words else []
        shared = sum(sequence in known for sequence in own) / max(len(own), 1)
        if shared > MOST_SHARED:
            raise LeakError(
                f"held_out: {shared:.0%} of what is said in run {run}, {SEQUENCE} words in a row, is also said in runs "
                "that the decoder is fitted on; hold all runs of the same text out"
            )


def _sequences(words: TimedWords) -> list[tuple[str, ...]]:
    said = [word.lower() for word in words.word.tolist()]
    return [tuple(said[i : i + SEQUENCE]) for i in range(len(said) - SEQUENCE + 1)]
