"""Fit a decoder of gist on some runs, decode the others, and score them beside nulls and controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....errors import InputError, LeakError
from ....models.networks.language.language_model import LanguageModel
from ...gist.coverage import coverage_of
from ...gist.fitting import GistSettings, fit_gist
from ...gist.sentence_similarity import SentenceSimilarity
from ...gist.window_identification import Identified, identify, stem_overlap
from ...gist.window_scores import WINDOW_S, score_windows, windows_of
from ...recordings.recording import Recording
from ...recordings.timed_words import TimedWords
from ...statistics.surrogates import phase_randomised
from ...statistics.texts import word_error_rate
from .controls import CHEAP, CONTROLS, Decoding, Fit, check_control
from .decoding import DecodingTask, decode_all
from .result import DecodedControl, DecodedRun, Evidence, GistResult

DECODER, NO_BRAIN, SURROGATE = "decoder", "language model alone", "phase-randomised brain"
BEST = "best sequence in the beam (upper limit)"
SEQUENCE = 6
"""Words in a row that, if they also occur in the training, are the same text."""
MOST_SHARED = 0.2
OTHER_STORIES = 9
"""Among so many others a story is identified."""


def evaluate_gist(
    network: LanguageModel,
    words: Mapping[Any, TimedWords],
    recording: Recording,
    settings: GistSettings,
    held_out: Sequence[Any],
    *,
    n_nulls: int = 40,
    n_surrogates: int = 10,
    controls: Sequence[str] = CHEAP,
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
    n_surrogates : int
        Decodings of the run's samples with random phases, which the evidence is compared with.
    controls : sequence of str
        Some of `hotwire.decoder.experiments.gist.controls.CONTROLS`; by default those that need no further fit. The
        language model alone, a surrogate's text and the best text of the beam are always there.
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
        There is no such run, layer or control.
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
    if n_nulls < 2 or n_surrogates < 2:
        raise InputError(f"expected n_nulls and n_surrogates of at least 2, got {n_nulls} and {n_surrogates}")
    chosen = {name: CONTROLS[check_control(name)] for name in controls}
    _check_leaks(words, training, held_out)
    say(f"Fitting on {len(training)} runs.")
    known = {run: words[run] for run in training}
    fitted = fit_gist(network, known, recording.select(runs=training), settings)
    fit = Fit(fitted, network, known, recording, tuple(held_out), seed)
    made: dict[str, Decoding] = {}
    for name, control in chosen.items():
        if control.fits:
            say(f"Fitting a control: {name}.")
        made[name] = control.make(fit)
    stories = [words[run] for run in [*held_out, *training]]
    scoring = _Scoring(n_nulls, n_surrogates, made, window_s, sentences, stories, say)
    runs = [_decoded(fit, run, words[run], [seed, number], scoring) for number, run in enumerate(held_out)]
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
        n_surrogates=n_surrogates,
        controls_left_out=tuple(name for name in CONTROLS if name not in chosen),
        identified_by="overlap of stems" if sentences is None else f"{sentences.name} similarity",
        runs=tuple(runs),
    )


@dataclass(frozen=True)
class _Scoring:
    """What decoded runs are compared with."""

    n_nulls: int
    n_surrogates: int
    controls: Mapping[str, Decoding]
    window_s: float
    sentences: SentenceSimilarity | None
    stories: Sequence[TimedWords]
    say: Callable[[str], None]

    def identified(self, words: TimedWords, said: list[str], windows: list[slice]) -> Identified:
        others = [other for other in self.stories if other is not words][:OTHER_STORIES]
        tables = [(other.word.tolist(), windows_of(other.middle_s, self.window_s)) for other in others]
        return identify(words.word.tolist(), said, windows, tables, self.sentences or stem_overlap)


def _decoded(fit: Fit, run: int | str, words: TimedWords, seed: list[int], scoring: _Scoring) -> DecodedRun:
    say, rng, samples, fitted = scoring.say, np.random.default_rng(seed), fit.samples(run), fit.fitted
    made = {name: control(run) for name, control in scoring.controls.items()}
    tasks = {name: task for name, task in made.items() if task is not None}
    surrogates = [DecodingTask(phase_randomised(samples, rng)) for _ in range(scoring.n_surrogates)]
    nulls = [DecodingTask(samples, null_seed) for null_seed in rng.integers(0, 2**31, scoring.n_nulls + 1).tolist()]
    say(f"Run {run}: decoding.")
    [own] = decode_all(fitted, words, [DecodingTask(samples)], f"run {run}")
    say(f"Run {run}: {len(surrogates)} surrogates, {len(nulls)} nulls and {len(tasks)} controls, side by side.")
    found = decode_all(fitted, words, [*surrogates, *nulls, *tasks.values()], f"run {run}, nulls and controls")
    deaf, found = found[: len(surrogates)], found[len(surrogates) :]
    [alone, *nulls_said], others = [one.said for one in found[: len(nulls)]], found[len(nulls) :]
    say(f"Run {run}: scores.")
    windows, true = windows_of(words.middle_s, scoring.window_s), words.word.tolist()
    best = min(own.beam, key=lambda text: word_error_rate([word.lower() for word in true], text))
    texts = {DECODER: own.said, NO_BRAIN: alone, SURROGATE: deaf[0].said, BEST: best}
    texts |= {name: one.said for name, one in zip(tasks, others, strict=True)}
    scores = score_windows(true, texts, nulls_said, windows, scoring.sentences)
    evidence = Evidence(
        own.evidence,
        tuple(one.evidence for one in deaf),
        len(words),
        tuple(own.gains),
        tuple(gain for one in deaf for gain in one.gains),
    )
    z = {
        name: evidence.z_of(one.evidence)
        for (name, task), one in zip(tasks.items(), others, strict=True)
        if task.model is None
    }
    return DecodedRun(
        run=run,
        true=true,
        said=own.said,
        middle_s=words.middle_s.tolist(),
        scores=scores.pop(DECODER),
        controls={name: DecodedControl(of, z.get(name)) for name, of in scores.items()},
        identified=scoring.identified(words, own.said, windows),
        evidence=evidence,
        coverage=coverage_of(fitted, words),
        n_drafted=sum(len(set(column)) > 1 for column in zip(*own.beam, strict=True)),
    )


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
