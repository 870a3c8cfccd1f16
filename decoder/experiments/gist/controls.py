"""Controls of a decoder of gist: each decodes a held-out run once, with the decoder's own beam.

Some only change the brain that is decoded. The others also fit an encoding model, once for all runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import UnknownNameError
from ....models.networks.language.language_model import LanguageModel
from ....models.networks.language.sliding_pass import SlidingPass
from ...gist.featured_words import FeaturedWords
from ...gist.fitting import FittedGist, encode_words, usual_of_words
from ...gist.network_words import SlidingWords, read_stories
from ...gist.read_by_another import ReadByAnother
from ...gist.word_features import WordFeatures
from ...gist.word_model import WordNetwork
from ...recordings.recording import Recording
from ...recordings.timed_words import TimedWords
from .decoding import DecodingTask

Floats = NDArray[np.float64]

SHORTEST_SHIFT_S = 50.0


@dataclass(frozen=True)
class Fit:
    """What controls are made of: a decoder, what it was fitted on, and the recording of all runs."""

    fitted: FittedGist
    network: LanguageModel
    words: Mapping[Any, TimedWords]
    """Of the runs that it was fitted on."""
    recording: Recording
    held_out: tuple[Any, ...]
    seed: int

    @property
    def training(self) -> Recording:
        return self.recording.select(runs=list(self.words))

    def samples(self, run: Any, voxels: NDArray[np.intp] | None = None) -> Floats:
        """Samples (n_samples, n_voxels) of a run, by default of the decoder's voxels."""
        which = self.fitted.encoding.model.voxels if voxels is None else voxels
        return self.recording.data[self.recording.samples_of(run)][:, which].astype(np.float64)

    def states(self, network: LanguageModel) -> NDArray[np.float32]:
        """A network's states (n_said, n_units) of all words that it was fitted on."""
        settings = self.fitted.settings
        read = read_stories(network, [settings.layer], self.words, settings.n_tokens)
        return np.concatenate([of.states[settings.layer] for of in read.values()])

    def rng(self, run: Any) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.recording.runs.index(run)])


Decoding = Callable[[Any], DecodingTask | None]
"""Of a run, what to decode; None where that cannot be."""


def another_time(fit: Fit) -> Decoding:
    def task(run: Any) -> DecodingTask | None:
        samples = fit.samples(run)
        if len(samples) < 2 * SHORTEST_SHIFT_S * fit.recording.rate_hz:
            return None
        return DecodingTask(np.roll(samples, len(samples) // 2, axis=0))

    return task


def another_run(fit: Fit) -> Decoding:
    def task(run: Any) -> DecodingTask | None:
        n = len(fit.samples(run))
        others = [other for other in fit.held_out if other != run] or list(fit.words)
        lengths = fit.recording.run_lengths()
        other = min(others, key=lambda one: abs(lengths[one] - n))
        return DecodingTask(fit.samples(other)[np.arange(n) % lengths[other]])

    return task


def noise_at_test(fit: Fit) -> Decoding:
    return lambda run: DecodingTask(_noise_like(fit.samples(run), fit.rng(run)))


def noise_throughout(fit: Fit) -> Decoding:
    data, noise = fit.recording.data, np.empty_like(fit.recording.data)
    for run in fit.recording.runs:
        rows = fit.recording.samples_of(run)
        noise[rows] = _noise_like(data[rows].astype(np.float64), fit.rng(run))
    deaf = replace(fit, recording=replace(fit.recording, data=noise))
    return _fitted_again(deaf, fit.fitted.words.of_words)


def permuted_words(fit: Fit) -> Decoding:
    order = {run: fit.rng(run).permutation(len(of)) for run, of in fit.words.items()}
    return _fitted_again(fit, fit.fitted.words.of_words, order=order)


def nuisance_alone(fit: Fit) -> Decoding:
    known = fit.fitted.words.of_words
    return _fitted_again(fit, WordFeatures(known.mean, known.components[:, :0]))


def untrained_network(fit: Fit) -> Decoding:
    settings, other = fit.fitted.settings, fit.network.untrained(fit.seed)
    features = WordFeatures.fit(fit.states(other), settings.n_components)
    own = fit.fitted.words.network
    assert isinstance(own, SlidingWords)
    reading = SlidingWords(SlidingPass(other, settings.layer, n_tokens=settings.n_tokens), own.tokens.numpy())
    return _fitted_again(fit, features, lambda network: ReadByAnother(network, reading), states_of=other)


class GistControl(NamedTuple):
    """How a control is made; `told` is what is done, for reports. With `fits` an encoding model is fitted for it."""

    make: Callable[[Fit], Decoding]
    told: str
    fits: bool


CONTROLS = {
    "brain at another time": GistControl(
        another_time,
        "The run’s samples moved in a circle by half of its length. The brain still says what it heard, only at "
        "another time: there may be evidence, but not for this text.",
        False,
    ),
    "brain of another run": GistControl(
        another_run,
        "Samples of another held-out run, or, where there is none, of a run of the training, repeated where it is "
        "shorter. There may be evidence, but not for this text.",
        False,
    ),
    "Gaussian noise at test": GistControl(
        noise_at_test, "Noise of each voxel’s mean and size in place of the run’s samples.", False
    ),
    "Gaussian noise at fitting and test": GistControl(
        noise_throughout, "Such noise in place of the samples of all runs, with a fit of its own.", True
    ),
    "words permuted in place": GistControl(
        permuted_words, "Fitted with the words of each run in random order, at the true times.", True
    ),
    "nuisance model alone": GistControl(
        nuisance_alone, "Fitted without the network’s states: rate, length, duration, surprisal, stop words.", True
    ),
    "untrained network": GistControl(
        untrained_network,
        "Fitted with the states of the same network with random weights; the trained one proposes.",
        True,
    ),
}
"""By their names in studies and reports."""
CHEAP = tuple(name for name, control in CONTROLS.items() if not control.fits)
"""Those that are run by default."""


def check_control(name: str) -> str:
    """Return the name of a control; an UnknownNameError is raised where there is none of it."""
    if name not in CONTROLS:
        raise UnknownNameError("control", name, CONTROLS)
    return name


def _noise_like(samples: Floats, rng: np.random.Generator) -> Floats:
    return rng.normal(samples.mean(axis=0), samples.std(axis=0), samples.shape)


def _fitted_again(
    fit: Fit,
    features: WordFeatures,
    asking: Callable[[WordNetwork], WordNetwork] = lambda network: network,
    **how: Any,
) -> Decoding:
    """Decode by an encoding model that is fitted otherwise."""
    encoding = encode_words(fit.network, features, fit.words, fit.training, fit.fitted.settings, **how).model
    model, vocabulary = encoding.whitened(), fit.fitted.vocabulary
    usual = usual_of_words(features, vocabulary, fit.words, fit.states(how.get("states_of", fit.network)))

    def words(network: WordNetwork) -> FeaturedWords:
        return FeaturedWords(asking(network), vocabulary, features, usual)

    nuisance = None if features.components.shape[1] else features
    return lambda run: DecodingTask(fit.samples(run, encoding.voxels), model=model, words=words, nuisance=nuisance)
