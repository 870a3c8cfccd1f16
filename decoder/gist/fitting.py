"""A decoder of gist, fitted: everything that is needed to decode another run of the same person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.networks.language.language_model import LanguageModel
from ...models.networks.language.sliding_pass import SlidingPass
from ..recordings.recording import Recording
from ..recordings.timed_words import TimedWords, check_words
from .beam_memory import check_beam_memory
from .beam_settings import BeamSettings
from .decode_run import decode_run
from .encoding_fit import EncodingFit, EncodingSettings, fit_encoding
from .encoding_model import EncodingModel
from .featured_words import FeaturedWords
from .gist_decoder import GistDecoder
from .network_words import SlidingWords, features_of_story, read_stories, vocabulary_of
from .proposals import Vocabulary
from .whitened import WhitenedModel
from .word_features import WordFeatures, usual_states
from .word_model import WordNetwork
from .word_rate import WordRate
from .word_rate_fit import fit_word_rate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GistSettings:
    """How a decoder of gist is made.

    Parameters
    ----------
    layer : str
        The network's layer whose states are features of words.
    n_tokens : int
        How many tokens a token attends to, see `hotwire.models.networks.language.sliding_pass.SlidingPass`.
    n_components : int
        How many principal components of the states are features.
    encoding : EncodingSettings
    beam : BeamSettings
    """

    layer: str
    n_tokens: int = 32
    n_components: int = 64
    encoding: EncodingSettings = field(default_factory=EncodingSettings)
    beam: BeamSettings = field(default_factory=BeamSettings)


@dataclass(frozen=True, eq=False)
class FittedGist:
    """A fitted decoder of gist."""

    settings: GistSettings
    encoding: EncodingFit
    rate: WordRate
    vocabulary: Vocabulary
    words: FeaturedWords

    @cached_property
    def model(self) -> WhitenedModel:
        """What decoding needs of the encoding model."""
        return self.encoding.model.whitened()

    def decoder(self, null_seed: int | None = None, network: WordNetwork | None = None) -> GistDecoder:
        """Return a decoder for one run; with a seed, a null that sees no brain.

        `network` is another access to the language model, by default its own.
        """
        words = self.words if network is None else self.words.asking(network)
        return GistDecoder(self.model, words, self.vocabulary, self.settings.beam, null_seed)

    def decode(
        self, recording: Recording, run: int | str, words: TimedWords, null_seed: int | None = None
    ) -> list[str]:
        """Return the words (n_words,) decoded from a run, at the times of its words."""
        check_words({run: words}, recording.select(runs=[run]))
        decoder = self.decoder(null_seed)
        samples = recording.data[recording.samples_of(run)][:, self.encoding.model.voxels]
        return decode_run(decoder, samples, words).said


def fit_gist(
    network: LanguageModel, words: Mapping[Any, TimedWords], recording: Recording, settings: GistSettings
) -> FittedGist:
    """Fit a decoder of gist on all runs of a recording.

    Parameters
    ----------
    network : LanguageModel
        Of the Llama family, e.g. SmolLM2.
    words : mapping of int or str to TimedWords
        What was said in each run. The decoder says no other words than these.
    recording : Recording
        Without drift.
    settings : GistSettings

    Raises
    ------
    RecordingError
        A run has no words, or words lie outside it.
    UnknownNameError
        The network has no such layer.
    InputError
        The network is of another family, settings do not fit, or the beam is too large for the memory.
    """
    check_words(words, recording)
    sliding = SlidingPass(network, settings.layer, n_tokens=settings.n_tokens)
    vocabulary, tokens = vocabulary_of(network, np.concatenate([words[run].word for run in words]).tolist())
    check_beam_memory(sliding, settings.beam, int(vocabulary.allowed.sum()))
    read = read_stories(network, [settings.layer], words, settings.n_tokens)
    states = np.concatenate([of.states[settings.layer] for of in read.values()])
    features = WordFeatures.fit(states, settings.n_components)
    encoding = encode_words(network, features, words, recording, settings)
    rate = fit_word_rate(words, recording, encoding, settings.encoding)
    usual = usual_of_words(features, vocabulary, words, states)
    decodes = FeaturedWords(SlidingWords(sliding, tokens), vocabulary, features, usual)
    return FittedGist(settings, encoding, rate, vocabulary, decodes)


def usual_of_words(
    features: WordFeatures, vocabulary: Vocabulary, words: Mapping[Any, TimedWords], states: NDArray
) -> Floats:
    """Return the reduced states (n_words, n_components) that words of a vocabulary usually have in texts, from the
    states (n_said, n_units) of all words of these.
    """
    said = [word.lower() for of in words.values() for word in of.word.tolist()]
    return usual_states(vocabulary.words, said, features.reduced(states))


def model_without(
    fitted: FittedGist,
    network: LanguageModel,
    words: Mapping[Any, TimedWords],
    recording: Recording,
    left_out: Sequence[Any],
) -> EncodingModel:
    """Fit again without some of the runs, by the features of words that were found with them.

    How well it explains those runs does not come from having been fitted on them.
    """
    kept = [run for run in recording.runs if run not in left_out]
    of_kept = {run: words[run] for run in kept}
    features = fitted.words.of_words
    return encode_words(network, features, of_kept, recording.select(runs=kept), fitted.settings).model


def encode_words(
    network: LanguageModel,
    features: WordFeatures,
    words: Mapping[Any, TimedWords],
    recording: Recording,
    settings: GistSettings,
    *,
    states_of: LanguageModel | None = None,
    order: Mapping[Any, NDArray[np.intp]] | None = None,
) -> EncodingFit:
    """Fit an encoding model on all runs of a recording.

    Parameters
    ----------
    network : LanguageModel
        Its surprisals are features, and its states.
    features : WordFeatures
    words : mapping of int or str to TimedWords
    recording : Recording
        Without drift.
    settings : GistSettings
    states_of : LanguageModel, optional
        Another network, whose states are features instead.
    order : mapping of int or str to array (n_words,) of int, optional
        In each run, the word that is put in each one's place, with what is known of it; the times stay.
    """
    layer = settings.layer
    surprisals = read_stories(network, [layer], words, settings.n_tokens)
    states = surprisals if states_of is None else read_stories(states_of, [layer], words, settings.n_tokens)
    of_runs = {}
    for run, of in words.items():
        place = np.arange(len(of)) if order is None else order[run]
        moved = TimedWords(of.word[place], of.onset_s, of.offset_s, of.source)
        of_runs[run] = features_of_story(
            features, states[run].states[layer][place], surprisals[run].surprisal[place], moved
        )
    return fit_encoding(of_runs, words, recording, features.bands, settings.encoding)
