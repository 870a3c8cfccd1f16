"""What a map injects: one region at one time, factorised once for all layers; or the true activations.

All states are weighted sums of the keys' activations (blends), so that few products read a layer's wide axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ....adapters.blending import by_key
from ....adapters.factored import FactoredAdapter
from ....adapters.ridge.dual import DualRidge
from ..session.settings import Split


@dataclass(frozen=True)
class Blends:
    """States of held-out trials as weighted sums of the keys' activations: ``rows @ table``, with rows (n, n_keys).

    `trial` and `fit` (n,) give each row's trial and fit. `means` (n_fits, n_keys) has the weights of the mean
    activation of each fit's training trials. `strengths` and `at_edge` (n_fits,) have the ridge strength, and whether
    it is at either end of the grid.
    """

    rows: NDArray[np.float64]
    trial: NDArray[np.intp]
    fit: NDArray[np.intp]
    means: NDArray[np.float64]
    strengths: NDArray[np.float64]
    at_edge: NDArray[np.bool_]


class Injected(Protocol):
    """Gives the states of each split's held-out trials."""

    def blends(self, gram: NDArray[np.float64], keys: NDArray[np.intp]) -> Blends:
        """From the Gram matrix (n_keys, n_keys) of a layer, and the key that each trial is fitted to (n_trials,)."""
        ...


class FactorisedActivity:
    """Features of all trials, factorised for each split.

    `adapter` is an unfitted ridge. `X` has for each split the features (n_trials, n_features), preprocessed without its
    held-out data. `runs` (n_trials,) are never divided when strengths are chosen.
    """

    def __init__(self, adapter: FactoredAdapter, X: Sequence[NDArray], runs: NDArray, splits: Sequence[Split]) -> None:
        self._parts = [
            (split, DualRidge(adapter, of[split.train], runs[split.train]), of[split.test])
            for of, split in zip(X, splits, strict=True)
        ]

    def blends(self, gram: NDArray[np.float64], keys: NDArray[np.intp]) -> Blends:
        rows, strengths, at_edge = [], [], []
        for split, ridge, held_out in self._parts:
            own = keys[split.train]
            fit = ridge.fit(gram[np.ix_(own, own)])
            rows.append(by_key(ridge.blend(fit, held_out), own, len(gram)))
            strengths.append(fit.alpha)
            at_edge.append(fit.at_edge)
        splits = [split for split, *_ in self._parts]
        return _put_together(splits, keys, rows, np.array(strengths), np.array(at_edge))


class TrueActivations:
    """Each held-out trial's true activation: the ceiling."""

    def __init__(self, splits: Sequence[Split]) -> None:
        self._splits = splits

    def blends(self, gram: NDArray[np.float64], keys: NDArray[np.intp]) -> Blends:
        own = np.eye(len(gram))
        rows = [own[keys[split.test]] for split in self._splits]
        n_fits = len(rows)
        return _put_together(self._splits, keys, rows, np.full(n_fits, np.nan), np.zeros(n_fits, bool))


class RegionActivity(NamedTuple):
    """One region at one time, factorised for the outer splits, and for the inner splits of each outer fold."""

    outer: FactorisedActivity
    inner: list[FactorisedActivity]


def _put_together(
    splits: Sequence[Split], keys: NDArray[np.intp], rows: list[NDArray], strengths: NDArray, at_edge: NDArray
) -> Blends:
    n_keys = rows[0].shape[1]
    means = [np.bincount(keys[split.train], minlength=n_keys) / len(split.train) for split in splits]
    return Blends(
        rows=np.concatenate(rows),
        trial=np.concatenate([split.test for split in splits]),
        fit=np.repeat(np.arange(len(splits)), [len(split.test) for split in splits]),
        means=np.array(means),
        strengths=strengths,
        at_edge=at_edge,
    )
