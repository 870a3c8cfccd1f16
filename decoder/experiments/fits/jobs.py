"""The jobs of fits: an adapter for a cell, and held-out scores of many layers from one factorisation."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.factored import FactoredAdapter
from ....adapters.ridge.dual import DualRidge
from ....adapters.ridge.ridge import RidgeAdapter
from ....adapters.unit_blocks import Floats, blocks
from ...linear import fit_adapter
from ...settings import fit_on
from ..kernel.cache import Arrays
from ..kernel.jobs import Experiment
from .files import adapter_file, score_file, to_arrays
from .session import FitCell, FitSession

MOST_IN_MEMORY = 2**26
"""Activations of all trials with more numbers (256 MiB) are in a file, not in memory."""

SECONDS = "seconds"
SHUFFLED = "shuffled_"
AT_EDGE = "_at_edge"
"""The end of the names of an adapter's arrays that say whether a choice is at the edge of its grid."""


class Score(NamedTuple):
    """Held-out scores of a region's adapters into these layers of a network."""

    region: str
    network: str
    layers: tuple[str, ...]


FitJob = FitCell | Score
"""A cell means the job of its adapter."""


def files_of(session: FitSession, job: FitJob) -> list[str]:
    if isinstance(job, FitCell):
        return [adapter_file(session, job)]
    return [score_file(session, FitCell(job.region, job.network, layer)) for layer in job.layers]


def jobs_of(session: FitSession, lacks: Callable[[str], bool]) -> list[FitJob]:
    """Jobs that make the missing files; the long ones first."""
    unscored: dict[tuple[str, str], list[str]] = {}
    for cell in session.cells:
        if lacks(score_file(session, cell)):
            unscored.setdefault((cell.region, cell.network), []).append(cell.layer)
    scores = [Score(*place, tuple(layers)) for place, layers in unscored.items()]
    return [*scores, *(cell for cell in session.cells if lacks(adapter_file(session, cell)))]


def work_out(session: FitSession, job: FitJob) -> list[Arrays]:
    """The arrays of each file: for an adapter those of `to_arrays`, and ``seconds``; for a score those of `scores`."""
    return [fit(session, job)] if isinstance(job, FitCell) else scores(session, job)


FITS = Experiment("fits", jobs_of, files_of, work_out)


def fit(session: FitSession, cell: FitCell) -> Arrays:
    """Fit a cell's adapter on all trials, as the decoder would be fitted on the whole recording."""
    start = time.perf_counter()
    trials = replace(session.trials, X=session.activity(cell.region))
    table, keys = session.table(cell.network, "trained", cell.layer), session.keys(cell.network)
    with _rows(table, keys) as targets:
        settings = session.settings.decoder
        whitener = session.whitener(cell.region, held_out=())
        truth = session.truth(cell.network)
        linear = fit_on(settings, trials, np.arange(len(trials)), targets, truth, whitener)
    return to_arrays(linear) | {SECONDS: np.array(time.perf_counter() - start)}


def scores(session: FitSession, job: Score) -> list[Arrays]:
    """Predict each outer fold from the others, into all layers from one factorisation of each fold.

    For each layer: each field of `FoldSums` (n_folds,), the same of shuffled pairings with the prefix ``shuffled_``
    (n_shuffles, n_folds), and ``seconds``.
    """
    keys, runs = session.keys(job.network), session.trials.run
    pairings = [keys, *(keys[order] for order in session.shuffles)]
    seconds = np.zeros(len(job.layers))
    sums: list[list[list[FoldSums]]] = [[] for _ in job.layers]
    for split, held_out in zip(session.outer, session.held_out, strict=True):
        start = time.perf_counter()
        X = session.whitened(job.region, held_out)
        predict = predictor(session.settings.decoder.adapter, X[split.train], runs[split.train], X[split.test])
        seconds += (time.perf_counter() - start) / len(job.layers)
        for number, layer in enumerate(job.layers):
            start = time.perf_counter()
            gram, states = session.condensed(job.network, layer)
            of_layer = []
            for pairing in pairings:
                own = pairing[split.train]
                mean = states[own].mean(axis=0)
                of_layer.append(fold_sums(predict(gram, states, own), mean, states[keys[split.test]]))
            sums[number].append(of_layer)
            seconds[number] += time.perf_counter() - start
    return [_arrays(*layer) for layer in zip(sums, seconds.tolist(), strict=True)]


class Predicted(NamedTuple):
    """A fold's predictions of its held-out trials (n_test, k) with their gain, and what its fit chose."""

    states: Floats
    gain: float
    at_edge: bool


def predictor(
    adapter: FactoredAdapter, X: NDArray, runs: NDArray, held_out: NDArray
) -> Callable[[Floats, Floats, NDArray[np.intp]], Predicted]:
    """Return a function that fits a layer, from its Gram matrix, states (n_keys, k) and each training trial's key.

    The states keep all inner products of the layer's activations. Adapters make every decision from sums over all
    units, so they make the same decisions on the states, and predictions are the same weighted means. All layers of a
    ridge share one factorisation of the features (n_train, n_features) and (n_test, n_features).
    """
    if isinstance(adapter, RidgeAdapter):
        ridge = DualRidge(adapter, X, runs)

        def predict(gram: Floats, states: Floats, keys: NDArray[np.intp]) -> Predicted:
            # One layer at a time, although several are faster: then its last digits do not depend on the others.
            fit = ridge.fit(gram[np.ix_(keys, keys)])
            return Predicted(ridge.blend(fit, held_out) @ states[keys], fit.gain, fit.at_edge)

        return predict

    def predict_anew(_: Floats, states: Floats, keys: NDArray[np.intp]) -> Predicted:
        fitted = fit_adapter(adapter, X, states[keys], runs)
        at_edge = [array.any() for name, array in fitted.to_arrays().items() if name.endswith(AT_EDGE)]
        return Predicted(fitted.predict(held_out), float(fitted.gain_), any(at_edge))

    return predict_anew


class FoldSums(NamedTuple):
    """Sums over a fold's held-out trials and all units, of deviations from the mean of its training trials.

    `inner` is prediction times truth; `predicted` and `true` are their squares. Predictions are those before the gain.
    """

    gain: float
    at_edge: bool
    inner: float
    predicted: float
    true: float


def fold_sums(fitted: Predicted, mean: Floats, truth: Floats) -> FoldSums:
    """The sums, from predictions (n_test, k), the training mean (k,) and the truth (n_test, k)."""
    predicted, true = (fitted.states - mean) / fitted.gain, truth - mean
    products = (np.vdot(predicted, true), np.vdot(predicted, predicted), np.vdot(true, true))
    return FoldSums(fitted.gain, fitted.at_edge, *map(float, products))


def _arrays(sums: Sequence[Sequence[FoldSums]], seconds: float) -> Arrays:
    every = np.array(sums, dtype=np.float64)  # (n_folds, 1 + n_shuffles, 5)
    arrays = {SECONDS: np.array(seconds)}
    for number, name in enumerate(FoldSums._fields):
        arrays[name] = every[:, 0, number]
        arrays[f"{SHUFFLED}{name}"] = every[:, 1:, number].T
    return arrays


@contextmanager
def _rows(table: NDArray[np.float32], keys: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
    """``table[keys]``; a large one is a temporary file while it is used."""
    shape = (len(keys), table.shape[1])
    if np.array_equal(keys, np.arange(len(table))):
        yield table
    elif np.prod(shape) <= MOST_IN_MEMORY:
        yield table[keys]
    else:
        with tempfile.TemporaryFile() as file:
            wide = np.memmap(file, np.float32, "w+", shape=shape)
            for units in blocks(*shape):
                wide[:, units] = table[:, units][keys]
            yield wide
