"""One held-out run: decoded, and scored beside nulls and controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from ....errors import InputError
from ...gist.coverage import coverage_of
from ...gist.passage_scores import Retrieved, retrieve_run
from ...gist.passages import Passages, compared_with_nothing
from ...gist.passages_fit import surrogates as surrogates_of
from ...gist.sentence_similarity import SentenceSimilarity
from ...gist.whitened import WhitenedModel
from ...gist.window_identification import Identified, identify, stem_overlap
from ...gist.window_scores import same_windows, score_windows, windows_of
from ...gist.word_features import WordFeatures
from ...gist.word_rate_fit import score_rate
from ...recordings.timed_words import TimedWords
from ...statistics.surrogates import phase_randomised
from ...statistics.texts import word_error_rate
from .controls import Decoding, Fit
from .decoding import DecodingTask, decode_all
from .result import DecodedControl, DecodedRun, Evidence

DECODER, NO_BRAIN, SURROGATE = "decoder", "language model alone", "phase-randomised brain"
BEST = "best sequence in the beam (upper limit)"
OTHER_STORIES = 9
"""Among so many others a story is identified."""
WordTimesFrom = Literal["brain", "true"]
"""Where the times of words come from."""


@dataclass(frozen=True)
class Scoring:
    """What decoded runs are compared with."""

    n_nulls: int
    word_times: WordTimesFrom
    controls: Mapping[str, Decoding]
    window_s: float
    sentences: SentenceSimilarity | None
    stories: Sequence[TimedWords]
    passages: Passages
    expect: Callable[[WordFeatures, WhitenedModel], Passages]
    say: Callable[[str], None]

    def identified(self, words: TimedWords, said: list[str], own: list[slice], said_windows: list[slice]) -> Identified:
        others = [other for other in self.stories if other is not words][:OTHER_STORIES]
        tables = [(other.word.tolist(), windows_of(other.middle_s, self.window_s)) for other in others]
        return identify(words.word.tolist(), said, own, tables, self.sentences or stem_overlap, said_windows)


def decode_held_out(fit: Fit, run: int | str, words: TimedWords, seed: list[int], scoring: Scoring) -> DecodedRun:
    say, rng, samples, fitted = scoring.say, np.random.default_rng(seed), fit.samples(run), fit.fitted
    times = words if scoring.word_times == "true" else fitted.rate.words(samples)
    if not len(times.middle_s):
        raise InputError(f"word_times: from the brain, no word is said in run {run}; decode it with the true times")
    nulls = [DecodingTask(phase_randomised(samples, rng)) for _ in range(scoring.n_nulls)]
    silent = DecodingTask(samples, null_seed=int(rng.integers(2**31)))
    made = {name: control(run) for name, control in scoring.controls.items()}
    tasks = {SURROGATE: DecodingTask(phase_randomised(samples, rng))}
    tasks |= {name: task for name, task in made.items() if task is not None}
    say(f"Run {run}: decoding.")
    [own] = decode_all(fitted, times, [DecodingTask(samples)], f"run {run}")
    say(f"Run {run}: {len(nulls)} nulls and {len(tasks) + 1} controls, side by side.")
    found = decode_all(fitted, times, [*nulls, silent, *tasks.values()], f"run {run}, nulls and controls")
    deaf, alone, others = found[: len(nulls)], found[len(nulls)], found[len(nulls) + 1 :]
    say(f"Run {run}: scores.")
    true, both = words.word.tolist(), same_windows(words.middle_s, times.middle_s, scoring.window_s)
    windows, said_windows = both
    best = min(own.beam, key=lambda text: word_error_rate([word.lower() for word in true], text))
    texts = {DECODER: own.said, NO_BRAIN: alone.said, BEST: best}
    texts |= {name: one.said for name, one in zip(tasks, others, strict=True)}
    scores = score_windows(true, texts, [one.said for one in deaf], windows, scoring.sentences, said_windows)
    evidence = Evidence.of(own, deaf)
    z = {
        name: evidence.z_of(one) for (name, task), one in zip(tasks.items(), others, strict=True) if task.model is None
    }
    retrieve = partial(_retrieved, fit, run, scoring)
    say(f"Run {run}: retrieval among {len(scoring.passages.names)} passages.")
    found_by = {name: retrieve(task) for name, task in tasks.items()}
    own_passage = retrieve(DecodingTask(samples))
    assert own_passage is not None
    return DecodedRun(
        run=run,
        true=true,
        said=own.said,
        middle_s=words.middle_s.tolist(),
        said_s=times.middle_s.tolist(),
        rate=score_rate(fitted.rate, samples, words),
        scores=scores.pop(DECODER),
        controls={name: DecodedControl(of, z.get(name), found_by.get(name)) for name, of in scores.items()},
        retrieved=own_passage,
        identified=scoring.identified(words, own.said, windows, said_windows),
        evidence=evidence,
        coverage=coverage_of(fitted, words),
        n_drafted=sum(len(set(column)) > 1 for column in zip(*own.beam, strict=True)),
    )


def _retrieved(fit: Fit, run: int | str, scoring: Scoring, task: DecodingTask) -> Retrieved | None:
    """How well a task's brain finds the run's passage; None where its model has other features than are expected."""
    if task.model is None:
        passages, model, heard = scoring.passages, fit.fitted.model, fit.samples(run)
    elif task.nuisance is not None:
        passages, model, heard = scoring.expect(task.nuisance, task.model), task.model, task.samples
    else:
        return None
    deaf = surrogates_of(model, [heard])
    return retrieve_run(compared_with_nothing(passages, deaf), str(run), model.project(task.samples))
