"""Models of a story's samples: which bands of features each has, and what it predicts of samples that are held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from .....adapters.folds import Splitter
from .....adapters.other.banded import BandedAdapter
from .....errors import InputError
from ....evaluation.threads import in_parallel
from ....gist.chunks import splitter_for
from .features import LAYER, NUISANCE, POSITION, Known, StoryFeatures
from .result import (
    FULL,
    LAYER_ALONE,
    NUISANCE_ALONE,
    PLAIN,
    POSITION_ALONE,
    SHIFTED,
    UNTRAINED,
    Folds,
    StoryScore,
)
from .settings import StorySettings
from .story_recording import Floats, StoryRecording

STRENGTHS = tuple(10.0**power for power in range(6))
"""Of each band; features have unit variance."""
N_MIXTURES = 2

Split = tuple[NDArray[np.intp], NDArray[np.intp]]


class Bands(NamedTuple):
    """Which bands a model has; of a layer, in which network (0 is trained, others have random weights), which layer,
    and how much later.
    """

    plain: tuple[str, ...]
    network: int | None = None
    layer: str = ""
    shift: int = 0


class HeldOutPrediction(NamedTuple):
    """Predictions shaped as the truth, and the error within the training of each fold, (n_folds,)."""

    predicted: NDArray[np.float32]
    errors: Floats


def check_folds(recorded: StoryRecording, settings: StorySettings) -> None:
    """Raise InputError where samples are too few for folds that are longer than delays and interpolation reach."""
    fold = recorded.n_shortest // settings.n_folds if len(recorded.words) == 1 else recorded.n_shortest
    if max(settings.delays) >= fold:
        raise InputError(f"delays: expected less than the {fold} samples of a fold, got {max(settings.delays)}")
    for train, _ in splits("contiguous", recorded.run, settings):
        _inner("contiguous", recorded.run[train], settings)
    draw_shifts(recorded, settings)


def draw_shifts(recorded: StoryRecording, settings: StorySettings) -> list[int]:
    """By how many samples the text is put later; it is a gap or more from where it was, also round a run's end."""
    possible = np.arange(settings.gap, recorded.n_shortest - settings.gap + 1)
    if len(possible) < settings.n_shifts:
        raise InputError(
            f"n_shifts: expected at most {len(possible)}, which is how often a run of {recorded.n_shortest} samples "
            f"can be shifted by {settings.gap} or more, got {settings.n_shifts}"
        )
    return sorted(np.random.default_rng(settings.seed).choice(possible, settings.n_shifts, replace=False).tolist())


@dataclass(frozen=True, eq=False)
class Models:
    """All models of a recording; `known` is what the trained network makes of the words, then the untrained ones."""

    features: StoryFeatures
    known: Sequence[Known]

    def rows(self) -> tuple[dict[Folds, dict[str, StoryScore]], dict[str, float]]:
        """The scores of every model, and how often each layer was chosen in contiguous folds."""
        names: list[Folds] = ["contiguous", "shuffled"]
        jobs = [(folds, bands) for folds in names for bands in self._all(folds)]
        calls = [partial(self.held_out, *job) for job in jobs]
        found = dict(zip(jobs, in_parallel(calls, "encoding"), strict=True))
        rows: dict[Folds, dict[str, StoryScore]] = {}
        for folds in names:
            rows[folds] = {
                name: _mean([self._score([found[folds, bands] for bands in of], folds) for of in draws])
                for name, draws in self._models(folds).items()
            }
        best = chosen_layers([found["contiguous", bands] for bands in self._models("contiguous")[FULL][0]])
        layers = self.features.settings.layers
        return rows, {layer: float((best == i).mean()) for i, layer in enumerate(layers)}

    def held_out(self, folds: Folds, bands: Bands) -> HeldOutPrediction:
        """Predict all samples, each by a model that was fitted, with all choices, without its fold."""
        recorded, settings = self.features.recorded, self.features.settings
        Y, errors = recorded.fitted_to, []
        predicted = np.empty(Y.shape, np.float32)
        for train, test in splits(folds, recorded.run, settings):
            tables = self._tables(bands, train)
            of_columns = [name for name, one in tables.items() for _ in range(one.shape[1])]
            X = np.hstack(list(tables.values()))
            splitter, groups = _inner(folds, recorded.run[train], settings)
            adapter = BandedAdapter(of_columns, STRENGTHS, cv=splitter, n_iter=N_MIXTURES, random_state=settings.seed)
            adapter.fit(X[train], Y[train], groups)
            predicted[test] = adapter.predict(X[test]) - Y[train].mean(axis=0)
            assert adapter.cv_errors_ is not None
            errors.append(adapter.cv_errors_.min())
        return HeldOutPrediction(predicted.reshape(recorded.truth.shape), np.array(errors))

    def _tables(self, bands: Bands, train: NDArray[np.intp]) -> dict[str, Floats]:
        of = self.features
        tables = {name: of.nuisance(train) if name == NUISANCE else of.position for name in bands.plain}
        if bands.network is not None:
            tables[LAYER] = of.language(self.known[bands.network], bands.layer, train, bands.shift)
        return tables

    def _models(self, folds: Folds) -> dict[str, list[list[Bands]]]:
        """Each model: of each draw, what is chosen among."""
        settings, both = self.features.settings, (NUISANCE, POSITION)

        def layers(plain: tuple[str, ...], network: int = 0, shift: int = 0) -> list[Bands]:
            return [Bands(plain, network, layer, shift) for layer in settings.layers]

        found = {
            FULL: [layers(both)],
            PLAIN: [[Bands(both)]],
            LAYER_ALONE: [layers(())],
            NUISANCE_ALONE: [[Bands((NUISANCE,))]],
            POSITION_ALONE: [[Bands((POSITION,))]],
        }
        if folds == "contiguous":
            found[UNTRAINED] = [layers(both, network) for network in range(1, len(self.known))]
            found[SHIFTED] = [layers(both, shift=shift) for shift in draw_shifts(self.features.recorded, settings)]
        return found

    def _all(self, folds: Folds) -> list[Bands]:
        return [one for draws in self._models(folds).values() for of in draws for one in of]

    def _score(self, candidates: Sequence[HeldOutPrediction], folds: Folds) -> StoryScore:
        """The score of each fold's best candidate."""
        recorded, settings = self.features.recorded, self.features.settings
        predicted = candidates[0].predicted
        if len(candidates) > 1:
            predicted = np.empty_like(predicted)
            of_folds = splits(folds, recorded.run, settings)
            for best, (_, test) in zip(chosen_layers(candidates), of_folds, strict=True):
                predicted[test] = candidates[best].predicted[test]
        explained = recorded.explained(predicted)
        return StoryScore(explained, recorded.correlation(predicted), explained.mean(keepdims=True).ravel())


def chosen_layers(candidates: Sequence[HeldOutPrediction]) -> NDArray[np.intp]:
    """For each fold the candidate with the least error within the training."""
    return np.argmin([one.errors for one in candidates], axis=0)


def _mean(each: Sequence[StoryScore]) -> StoryScore:
    explained, r, draws = zip(*each, strict=True)
    return StoryScore(np.mean(explained, axis=0), np.mean(r, axis=0), np.concatenate(draws))


def splits(folds: Folds, run: NDArray, settings: StorySettings) -> list[Split]:
    """The samples of training and those held out, of each fold."""
    splitter, groups = _splitter(folds, run, settings.n_folds, settings)
    return [(np.asarray(train), np.asarray(test)) for train, test in splitter.split(run, None, groups)]


def _inner(folds: Folds, run: NDArray, settings: StorySettings) -> tuple[Splitter, NDArray | None]:
    """The folds in which strengths and layer are chosen, one less than there are outside."""
    return _splitter(folds, run, settings.n_folds - 1, settings)


def _splitter(folds: Folds, run: NDArray, n_folds: int, settings: StorySettings) -> tuple[Splitter, NDArray | None]:
    if folds == "shuffled":
        return KFold(n_folds, shuffle=True, random_state=settings.seed), None
    return splitter_for(run, n_folds, settings.gap)
