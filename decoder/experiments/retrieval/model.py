"""Ridge from the features of a story to a held-out stretch; layer and strength are chosen within training.

Ridge is linear in what it is fitted to. So for a stretch, a layer and a strength there is one matrix that takes the
recordings' samples of training to the stretch's prediction, whoever the listener is, and however brain and story are
shifted against each other. It is made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.other.delays import delayed
from ...gist.drift import Drift
from ...gist.story import Story
from .listeners import Listeners
from .settings import RetrievalSettings
from .stretches import StoryPart, stretches

Floats = NDArray[np.floating]


class Candidate(NamedTuple):
    """What is chosen: a layer (None for nuisance features alone), and the strength of the ridge."""

    layer: str | None
    strength: float


@dataclass(frozen=True, eq=False)
class StretchModel:
    """Predictions of a held-out stretch.

    Attributes
    ----------
    stretch : StoryPart
    candidates : list of Candidate
    inner : array (n_candidates, n_training, n_samples)
        From all samples to those of training, each predicted from other parts of training.
    outer : array (n_candidates, n_held_out, n_samples)
        From all samples (only those of training count) to the stretch.
    """

    stretch: StoryPart
    candidates: list[Candidate]
    inner: NDArray[np.float32]
    outer: NDArray[np.float32]

    def choose(self, listeners: Listeners, weights: Floats) -> NDArray[np.intp]:
        """The candidate whose predictions within training correlate best with the mean of training, for each test.

        Correlations of features are averaged with their weights.
        """
        if len(self.candidates) == 1:
            return np.zeros(len(weights), np.intp)
        truth = _standardised(listeners.means(listeners.training, listeners.data[self.stretch.training]))
        share = weights / weights.sum(axis=1, keepdims=True)
        found = [
            np.einsum("gsv,gsv,gv->g", truth, _standardised(self._predicted(of, listeners)), share, optimize=True)
            for of in self.inner
        ]
        return np.argmax(found, axis=0)

    def predict(self, listeners: Listeners, chosen: NDArray[np.intp]) -> NDArray[np.float32]:
        """The stretch in each test, (n_tests, n_held_out, n_features)."""
        shape = len(chosen), len(self.stretch.held_out), listeners.data.shape[2]
        made = np.empty(shape, np.float32)
        for candidate in np.unique(chosen):
            made[chosen == candidate] = self._predicted(self.outer[candidate], listeners)[chosen == candidate]
        return made

    def _predicted(self, hat: NDArray[np.float32], listeners: Listeners) -> NDArray[np.float32]:
        data = listeners.data
        of_each = (hat @ data.reshape(len(data), -1)).reshape(len(hat), *data.shape[1:])
        return listeners.means(listeners.training, of_each)


def stretch_models(
    story: Story, settings: RetrievalSettings, drift: Drift, layers: Sequence[str | None]
) -> list[StretchModel]:
    """Make the models of all stretches of a story, for these layers; None stands for nuisance features alone."""
    made = []
    nuisance = story.nuisance()
    for stretch in stretches(np.arange(story.n_samples), settings.n_folds, settings.gap):
        within = stretches(stretch.training, settings.n_folds - 1, settings.gap)
        candidates: list[Candidate] = []
        inner, outer = [], []
        for layer in layers:
            features = [nuisance]
            if layer is not None:
                features.append(story.language(layer, stretch.held_out, settings.gap, settings.n_components))
            kernel = _kernel(np.hstack(features), stretch.training, story.rate_hz, settings, drift)
            for strength in settings.strengths:
                candidates.append(Candidate(layer, strength))
                outer.append(_hat(kernel, stretch, strength))
                inner.append(np.concatenate([_hat(kernel, one, strength) for one in within]))
        made.append(StretchModel(stretch, candidates, np.stack(inner), np.stack(outer)))
    return made


def _kernel(
    features: Floats, training: NDArray[np.intp], rate_hz: float, settings: RetrievalSettings, drift: Drift
) -> Floats:
    """Inner products of samples' delayed features, of unit variance over training and without drift."""
    size = features[training].std(axis=0)
    features = (features - features[training].mean(axis=0)) / np.where(size > 0, size, 1.0)
    table = drift.out_of_story(delayed(features, settings.delays), rate_hz)
    return table @ table.T


def _hat(kernel: Floats, stretch: StoryPart, strength: float) -> NDArray[np.float32]:
    """The matrix (n_held_out, n_samples) of ridge with an intercept; zero but for samples of training."""
    training, n = stretch.training, len(stretch.training)
    of_training = kernel[np.ix_(training, training)]
    mean = of_training.mean(axis=0)
    centred = of_training - mean - mean[:, None] + mean.mean()
    across = kernel[np.ix_(stretch.held_out, training)]
    across = across - across.mean(axis=1, keepdims=True) - mean + mean.mean()
    hat = np.zeros((len(stretch.held_out), len(kernel)), np.float32)
    weights = np.linalg.solve(centred + strength * np.eye(n), across.T).T
    hat[:, training] = weights - weights.mean(axis=1, keepdims=True) + 1 / n
    return hat


def _standardised(X: Floats) -> Floats:
    """Each test's features with mean 0 and length 1 over samples; a constant one becomes zero."""
    X = X - X.mean(axis=1, keepdims=True)
    length = np.linalg.norm(X, axis=1, keepdims=True)
    return X / np.where(length > 0, length, 1.0)
