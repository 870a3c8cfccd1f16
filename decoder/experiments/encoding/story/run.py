"""The encoding of a story: predict held-out samples by every model, in contiguous and in shuffled folds."""

from __future__ import annotations

import time

from .....errors import InputError
from .....models.networks.language.language_model import LanguageModel
from ....gist.network_words import read_stories
from ....gist.story import NUISANCE as OF_WORDS
from ....gist.word_frequency import Corpus
from .features import StoryFeatures
from .heard import Floats, Heard
from .models import Models, check_folds
from .result import (
    StoryEncoding,
)
from .settings import StorySettings


def encode_story(
    heard: Heard,
    network: LanguageModel,
    settings: StorySettings,
    *,
    corpus: Corpus | None = None,
    more: Floats | None = None,
) -> StoryEncoding:
    """Predict held-out samples of a recording from a language model, nuisance features and position in time.

    Parameters
    ----------
    heard : Heard
        From `heard_by_many` or `heard_by_one`.
    network : LanguageModel
        Of the Llama family.
    settings : StorySettings
    corpus : Corpus, optional
        For the frequency of words.
    more : array (n_samples, n), optional
        More nuisance features, such as the sound's power.

    Raises
    ------
    InputError
        The samples are too few for the folds and their gaps, or `more` has another number of samples.
    UnknownNameError
        The network has no such layer.
    """
    start = time.perf_counter()
    check_folds(heard, settings)
    if more is not None and len(more) != len(heard.truth):
        raise InputError(f"sound: expected a row for each of {len(heard.truth)} samples, got {len(more)}")
    networks = [network, *(network.untrained(settings.seed + draw) for draw in range(settings.n_untrained))]
    known = [dict(read_stories(one, settings.layers, heard.words, settings.n_tokens)) for one in networks]
    frequency = None
    if corpus is not None:
        frequency = {run: corpus.log_frequency(words.word.tolist()) for run, words in heard.words.items()}
    models = Models(StoryFeatures(heard, known[0], settings, frequency, more), known)
    rows, layers = models.rows()
    return StoryEncoding(
        rows=rows,
        layers=layers,
        ceiling=heard.ceiling(),
        units=heard.units,
        sites=heard.sites,
        n_listeners=heard.n_listeners,
        n_samples=len(heard.truth),
        n_words=sum(map(len, heard.words.values())),
        rate_hz=heard.rate_hz,
        nuisance=(
            *OF_WORDS,
            *([] if corpus is None else [f"frequency among the {corpus.n_words:,} words of {corpus.source}"]),
            *([] if more is None else ["sound"]),
        ),
        notes=() if corpus is not None else ("Nuisance has no frequency of words: no corpus is given.",),
        source=heard.source,
        words_source=next(iter(heard.words.values())).source,
        network=network.name,
        fingerprint=network.fingerprint,
        settings=settings,
        seconds=time.perf_counter() - start,
    )
