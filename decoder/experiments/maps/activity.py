"""Where a map's activity comes from: one region at one time, factorised once for all layers that it is to predict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....adapters.factored import FactoredAdapter
from ....adapters.ridge.blending import by_key
from ....adapters.ridge.dual import DualRidge
from ..session.settings import Split


@dataclass(frozen=True)
class Blends:
    """States of held-out trials as blends of the keys' activations: ``rows @ table``.

    Attributes
    ----------
    rows : (n, n_keys) array
    trial : (n,) array of int
        Whose state each row is.
    fit : (n,) array of int
        The fit it comes from.
    means : (n_fits, n_keys) array
        The mean activation of each fit's training trials, as a blend, too.
    strengths : (n_fits,) array
    at_edge : (n_fits,) array of bool
        Whether the strength is the least or the largest of the grid.
    """

    rows: NDArray[np.float64]
    trial: NDArray[np.intp]
    fit: NDArray[np.intp]
    means: NDArray[np.float64]
    strengths: NDArray[np.float64]
    at_edge: NDArray[np.bool_]


class FactorisedActivity:
    """Features of all trials, factorised for each split.

    Parameters
    ----------
    adapter : FactoredAdapter
        A ridge, unfitted: strengths, how to choose among them, gain, scale.
    X : sequence of (n_trials, n_features) arrays
        For each split the features, preprocessed by what that split may know.
    runs : (n_trials,) array
        Never divided when strengths are chosen.
    splits : sequence of Split
    """

    def __init__(self, adapter: FactoredAdapter, X: Sequence[NDArray], runs: NDArray, splits: Sequence[Split]) -> None:
        self._splits = splits
        self._ridges = [
            DualRidge(adapter, of[split.train], runs[split.train]) for of, split in zip(X, splits, strict=True)
        ]
        self._held_out = [of[split.test] for of, split in zip(X, splits, strict=True)]

    def blends(self, gram: NDArray[np.float64], keys: NDArray[np.intp]) -> Blends:
        """Fit the features to a layer and predict what was held out.

        Parameters
        ----------
        gram : (n_keys, n_keys) array
            Of the keys' activations in the layer.
        keys : (n_trials,) array of int
            The key that each trial is fitted to.
        """
        n_keys = len(gram)
        rows, means, strengths, at_edge = [], [], [], []
        for split, ridge, held_out in zip(self._splits, self._ridges, self._held_out, strict=True):
            own = keys[split.train]
            fit = ridge.fit(gram[np.ix_(own, own)])
            rows.append(by_key(ridge.blend(fit, held_out), own, n_keys))
            means.append(np.bincount(own, minlength=n_keys) / len(own))
            strengths.append(fit.alpha)
            at_edge.append(fit.at_edge)
        sizes = [len(split.test) for split in self._splits]
        return Blends(
            rows=np.concatenate(rows),
            trial=np.concatenate([split.test for split in self._splits]),
            fit=np.repeat(np.arange(len(sizes)), sizes),
            means=np.array(means),
            strengths=np.array(strengths),
            at_edge=np.array(at_edge),
        )


class RegionActivity(NamedTuple):
    """One region at one time, factorised for the outer splits, and for the inner splits of each outer fold."""

    outer: FactorisedActivity
    inner: list[FactorisedActivity]


def true_blends(splits: Sequence[Split], keys: NDArray[np.intp], n_keys: int) -> Blends:
    """Each held-out trial's true activation: the ceiling."""
    trial = np.concatenate([split.test for split in splits])
    fit = np.repeat(np.arange(len(splits)), [len(split.test) for split in splits])
    return _unfitted(np.eye(n_keys)[keys[trial]], trial, fit, _means(splits, keys, n_keys))


def mean_blends(splits: Sequence[Split], keys: NDArray[np.intp], n_keys: int) -> Blends:
    """The mean activation of each split's training trials, for the first of its held-out trials."""
    means = _means(splits, keys, n_keys)
    return _unfitted(means, np.array([split.test[0] for split in splits]), np.arange(len(splits)), means)


def _means(splits: Sequence[Split], keys: NDArray[np.intp], n_keys: int) -> NDArray[np.float64]:
    return np.stack([np.bincount(keys[split.train], minlength=n_keys) / len(split.train) for split in splits])


def _unfitted(rows: NDArray, trial: NDArray, fit: NDArray, means: NDArray) -> Blends:
    return Blends(rows, trial, fit, means, np.full(len(means), np.nan), np.zeros(len(means), bool))
