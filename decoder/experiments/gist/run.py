"""Fit a decoder of gist on some runs, decode the others, and score them beside nulls and controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ....errors import InputError, UnknownNameError
from ....models.networks.language.language_model import LanguageModel
from ...gist.fitting import GistSettings, fit_gist
from ...gist.passages import Passages
from ...gist.passages_fit import expect_passages
from ...gist.sentence_similarity import SentenceSimilarity
from ...gist.whitened import WhitenedModel
from ...gist.window_scores import WINDOW_S, windows_of
from ...gist.word_features import WordFeatures
from ...recordings.recording import Recording
from ...recordings.timed_words import TimedWords, check_words
from .controls import CHEAP, CONTROLS, Decoding, Fit, check_control
from .held_out import Scoring, WordTimesFrom, decode_held_out
from .leaks import check_leaks
from .result import GistResult


def evaluate_gist(
    network: LanguageModel,
    words: Mapping[Any, TimedWords],
    recording: Recording,
    settings: GistSettings,
    held_out: Sequence[Any],
    *,
    n_nulls: int = 40,
    word_times: WordTimesFrom = "brain",
    controls: Sequence[str] = CHEAP,
    window_s: float = WINDOW_S,
    seed: int = 0,
    passages: Mapping[str, TimedWords] | None = None,
    sentences: SentenceSimilarity | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> GistResult:
    """Evaluate a decoder of gist on whole runs that it was not fitted on.

    The decoder runs freely: no true word is given, and by default not its time either.

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
        How often the run's samples are decoded with random phases, as if they were the run: recordings that are as
        strong and as slow, and heard nothing. Scores and evidence are compared with theirs.
    word_times : {"brain", "true"}
        When the words of a held-out run are said. ``"brain"``: as often as its samples tell, see
        `hotwire.decoder.gist.word_rate`. ``"true"``: the times of its words are given, which a live session only has
        from a stream of markers.
    controls : sequence of str
        Some of `hotwire.decoder.experiments.gist.controls.CONTROLS`; by default those that need no further fit. The
        language model alone, one more surrogate and the best text of the beam are always there.
    window_s : float
        Length of the windows that are scored, one every second.
    seed : int
    passages : mapping of str to TimedWords, optional
        What may be heard, by its name, with the words of all runs. Default: these alone.
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
    check_words(words, recording)
    for run in held_out:
        if run not in recording.runs:
            raise UnknownNameError("run in held_out", run, map(str, recording.runs))
        windows_of(words[run].middle_s, window_s)  # raises where the words take less time than one
    training = [run for run in recording.runs if run not in held_out]
    if not training or not len(held_out):
        raise InputError(f"held_out: expected some runs, and others to fit on, got {list(held_out)}")
    if n_nulls < 2:
        raise InputError(f"n_nulls: expected at least 2, got {n_nulls}")
    chosen = {name: CONTROLS[check_control(name)] for name in controls}
    check_leaks(words, training, held_out)
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
    heard = {str(run): of for run, of in words.items()} if passages is None else passages

    def expect(features: WordFeatures, model: WhitenedModel) -> Passages:
        return expect_passages(network, features, model, heard, settings, window_s)

    expected = expect(fitted.words.of_words, fitted.model)
    scoring = Scoring(n_nulls, word_times, made, window_s, sentences, stories, expected, expect, say)
    runs = [decode_held_out(fit, run, words[run], [seed, number], scoring) for number, run in enumerate(held_out)]
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
        together=fitted.encoding.model.rank is not None,
        n_directions=fitted.model.n_directions,
        n_nulls=n_nulls,
        word_times=word_times,
        controls_left_out=tuple(name for name in CONTROLS if name not in chosen),
        identified_by="overlap of stems" if sentences is None else f"{sentences.name} similarity",
        runs=tuple(runs),
    )
