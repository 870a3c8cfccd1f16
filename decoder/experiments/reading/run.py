"""Predict reading times of whole stories that were held out, with a language model's surprisal and without it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.other.delays import delayed
from ....adapters.ridge.ridge import RidgeAdapter
from ....models.cache.read_words import read_words
from ....models.networks.language.language_model import LanguageModel
from ...evaluation.threads import progress
from ...gist.word_features import letters_of
from ...gist.word_frequency import Corpus
from ...statistics.correlations import explained_variance, profile_correlation
from ...statistics.subjects import SubjectsMean, mean_over_subjects
from .settings import ReadingSettings
from .times import ReadingTimes

Floats = NDArray[np.float64]

FULL, PLAIN, ALONE = "surprisal and nuisance", "nuisance alone", "surprisal alone"
UNTRAINED, SHUFFLED = "untrained surprisal and nuisance", "another word's surprisal and nuisance"
FULL_HERE, PLAIN_HERE = "surprisal and nuisance of the word itself", "nuisance of the word itself"


QUOTES = "\"'”’)]"
SENTENCE, CLAUSE = tuple(".!?…"), tuple(",;:–—-")
"""What ends a sentence or a clause: there people stop for a moment."""


class ReadingScore(NamedTuple):
    """Of each held-out story, (n_stories,): the explained variance, and the correlation."""

    explained: Floats
    r: Floats


@dataclass(frozen=True, kw_only=True)
class ReadingResult:
    """How well reading times are predicted.

    `rows` are the scores of every model, of several draws the mean; `ms_per_nat` is what one nat of surprisal of the
    word and of each word before it adds, in a fit on all stories.
    """

    rows: Mapping[str, ReadingScore]
    ms_per_nat: Floats
    stories: tuple[str, ...]
    n_words: int
    corpus: str
    source: str
    network: str
    fingerprint: str
    settings: ReadingSettings
    seconds: float

    def explained(self, name: str) -> SubjectsMean:
        """The explained variance of a model, mean over stories."""
        return mean_over_subjects(self.rows[name].explained)

    def gain(self, name: str = FULL, other: str = PLAIN) -> SubjectsMean:
        """How much more a model explains than another, over the same stories."""
        return mean_over_subjects(self.rows[name].explained - self.rows[other].explained)


def predict_reading(
    times: ReadingTimes, network: LanguageModel, corpus: Corpus, settings: ReadingSettings
) -> ReadingResult:
    """Predict the reading times of each story by models of the others.

    Parameters
    ----------
    times : ReadingTimes
    network : LanguageModel
        Of the Llama family; it reads each story from its beginning, as it is written.
    corpus : Corpus
        For the frequency of words.
    settings : ReadingSettings
    """
    start = time.perf_counter()
    networks = [network, *(network.untrained(settings.seed + draw) for draw in range(settings.n_untrained))]
    surprisal, *untrained = [_surprisal(times, one, settings) for one in networks]
    rng = np.random.default_rng(settings.seed)
    shuffled = [_exchanged(surprisal, times, rng) for _ in range(settings.n_shuffles)]
    plain = nuisance(times, network, corpus)
    here = settings.n_previous
    models = {
        FULL: [(plain, surprisal, here)],
        PLAIN: [(plain, None, here)],
        ALONE: [(None, surprisal, here)],
        UNTRAINED: [(plain, one, here) for one in untrained],
        SHUFFLED: [(plain, one, here) for one in shuffled],
        FULL_HERE: [(plain, surprisal, 0)],
        PLAIN_HERE: [(plain, None, 0)],
    }
    rows = {}
    for name, draws in progress(list(models.items()), "reading times", len(models)):
        scores = [held_out(design(times, *of), times) for of in draws]
        rows[name] = ReadingScore(*(np.mean(of, axis=0) for of in zip(*scores, strict=True)))
    return ReadingResult(
        rows=rows,
        ms_per_nat=_slopes(times, plain, surprisal, settings.n_previous),
        stories=tuple(times.stories),
        n_words=len(times.word),
        corpus=f"{corpus.source}, {corpus.n_words:,} words",
        source=times.source,
        network=network.name,
        fingerprint=network.fingerprint,
        settings=settings,
        seconds=time.perf_counter() - start,
    )


def nuisance(times: ReadingTimes, network: LanguageModel, corpus: Corpus) -> Floats:
    """What is known of words without their meaning, (n_words, 7): letters, tokens, whether a sentence or a clause ends,
    log frequency, place in the story and its logarithm.

    Without the number of tokens, an untrained network's surprisal would stand for it; nearly all of it is that number.
    """
    last = [word.rstrip(QUOTES)[-1:] for word in times.word]
    ends = [[mark in SENTENCE for mark in last], [mark in CLAUSE for mark in last]]
    n_tokens = [len(of) for of in _tokens(times, network)]
    known = [letters_of(times.word), n_tokens, *ends, corpus.log_frequency(times.word), times.place]
    return np.column_stack([*known, np.log(times.place)]).astype(np.float64)


def design(times: ReadingTimes, plain: Floats | None, surprisal: Floats | None, n_previous: int) -> Floats:
    """The features of each word and of so many before it in its story, (n_words, n); unknown ones are average."""
    columns = [one for one in (surprisal, plain) if one is not None]
    table = np.column_stack(columns)
    size = table.std(axis=0)
    return delayed((table - table.mean(axis=0)) / np.where(size > 0, size, np.inf), range(n_previous + 1), times.story)


def held_out(X: Floats, times: ReadingTimes) -> ReadingScore:
    """The scores of each story, by a ridge whose strength is chosen in folds of the other stories."""
    explained, r = [], []
    for story in times.stories:
        test = times.story == story
        ridge = RidgeAdapter(scale="unit_variance").fit(X[~test], times.time_ms[~test, None], times.story[~test])
        pair = times.time_ms[test, None], ridge.predict(X[test])
        explained.append(explained_variance(*pair)[0])
        r.append(np.nan_to_num(profile_correlation(*pair))[0])
    return ReadingScore(np.array(explained), np.array(r))


def _surprisal(times: ReadingTimes, network: LanguageModel, settings: ReadingSettings) -> Floats:
    tokens = _tokens(times, network)
    texts = [[tokens[i] for i in np.flatnonzero(times.story == story)] for story in times.stories]
    read = read_words(network, [], texts, n_tokens=settings.n_tokens)
    return np.concatenate([one.surprisal for one in read]).astype(np.float64)


def _tokens(times: ReadingTimes, network: LanguageModel) -> list[list[int]]:
    return [network.tokenizer(f" {word}", add_special_tokens=False)["input_ids"] for word in times.word]


def _exchanged(surprisal: Floats, times: ReadingTimes, rng: np.random.Generator) -> Floats:
    """Each word gets the surprisal of another one of its story."""
    found = surprisal.copy()
    for story in times.stories:
        of = np.flatnonzero(times.story == story)
        found[of] = surprisal[rng.permutation(of)]
    return found


def _slopes(times: ReadingTimes, plain: Floats, surprisal: Floats, n_previous: int) -> Floats:
    X = design(times, plain, surprisal, n_previous)
    ridge = RidgeAdapter(scale="unit_variance").fit(X, times.time_ms[:, None], times.story)
    return ridge.coef_[0].reshape(n_previous + 1, -1)[:, 0] / surprisal.std()
