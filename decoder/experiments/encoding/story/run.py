"""The encoding of a story: predict held-out samples by every model, in contiguous and in shuffled folds."""

from __future__ import annotations

import time

from .....errors import InputError
from .....models.networks.language.language_model import LanguageModel
from ....gist.network_words import read_stories
from ....gist.story import NUISANCE as OF_WORDS
from ....gist.word_frequency import Corpus
from ...kernel.cache import ArrayCache
from .. import run as encoding
from .cached import CachedModels
from .features import StoryFeatures
from .models import check_folds
from .result import StoryEncoding
from .settings import StorySettings
from .story_recording import Floats, StoryRecording


def encode_story(
    recorded: StoryRecording,
    network: LanguageModel,
    settings: StorySettings,
    *,
    corpus: Corpus | None = None,
    more: Floats | None = None,
    cache: ArrayCache | None = None,
) -> StoryEncoding:
    """Predict held-out samples of a recording from a language model, nuisance features and position in time.

    Parameters
    ----------
    recorded : StoryRecording
        From `several_listeners` or `one_listener`.
    network : LanguageModel
        Of the Llama family.
    settings : StorySettings
    corpus : Corpus, optional
        For the frequency of words.
    more : array (n_samples, n), optional
        More nuisance features, such as the sound's power.
    cache : ArrayCache, optional
        Of predictions; by default that of all encodings.

    Raises
    ------
    InputError
        The samples are too few for the folds and their gaps, or `more` has another number of samples.
    UnknownNameError
        The network has no such layer.
    """
    start = time.perf_counter()
    check_folds(recorded, settings)
    if more is not None and len(more) != len(recorded.truth):
        raise InputError(f"sound: expected a row for each of {len(recorded.truth)} samples, got {len(more)}")
    for layer in settings.layers:
        [n_units] = network.shape_of(layer)
        if settings.n_components > n_units:
            raise InputError(
                f"n_components: expected at most the {n_units} units of layer {layer}, got {settings.n_components}"
            )
    networks = [network, *(network.untrained(settings.seed + draw) for draw in range(settings.n_untrained))]
    known = [dict(read_stories(one, settings.layers, recorded.words, settings.n_tokens)) for one in networks]
    frequency = None
    if corpus is not None:
        frequency = {run: corpus.log_frequency(words.word.tolist()) for run, words in recorded.words.items()}
    features = StoryFeatures(recorded, known[0], settings, frequency, more)
    models = CachedModels(features, known, cache or ArrayCache(encoding.results_folder()))
    rows, layers = models.rows()
    return StoryEncoding(
        rows=rows,
        layers=layers,
        ceiling=recorded.ceiling(),
        units=recorded.units,
        sites=recorded.sites,
        n_listeners=recorded.n_listeners,
        n_samples=len(recorded.truth),
        n_words=sum(map(len, recorded.words.values())),
        rate_hz=recorded.rate_hz,
        nuisance=(
            *OF_WORDS,
            *([] if corpus is None else [f"frequency among the {corpus.n_words:,} words of {corpus.source}"]),
            *([] if more is None else ["sound"]),
        ),
        notes=() if corpus is not None else ("Nuisance has no frequency of words: no corpus is given.",),
        source=recorded.source,
        words_source=next(iter(recorded.words.values())).source,
        network=network.name,
        fingerprint=network.fingerprint,
        settings=settings,
        seconds=time.perf_counter() - start,
    )
