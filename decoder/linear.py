"""The linear part of a decoder: from a trial's samples to the predicted activations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..adapters.factored import FactoredAdapter
from ..adapters.kinds import KINDS
from ..adapters.other.banded import BandedAdapter
from ..adapters.whiten import Whitener
from ..errors import InputError, UnknownNameError
from .discriminant import Discriminant
from .features.base import FittedFeatures, by_trial

BY_REGION = "regions"
"""The bands of a banded adapter are the recording's regions."""


@dataclass(frozen=True)
class Linear:
    """The adapter, with the fitted features of trials and the whitening, if any.

    A trial holds `n_times` rows of samples, for the features. The `discriminant` tells classes apart by what the
    adapter predicts; it is there for a readout that is fitted.
    """

    adapter: FactoredAdapter
    whitener: Whitener | None = None
    features: FittedFeatures | None = None
    n_times: int = 1
    discriminant: Discriminant | None = None

    def inputs(self, X: NDArray) -> NDArray:
        """The adapter's inputs for trials (n_trials, n_times * n_channels)."""
        made = X if self.features is None else self.features.transform(by_trial(X, self.n_times))
        return made if self.whitener is None else self.whitener.transform(made)

    def predict(self, X: NDArray) -> NDArray[np.float32]:
        """Predict activations (n_trials, n_units) from trials (n_trials, n_times * n_channels)."""
        return self.adapter.predict(self.inputs(X)).astype(np.float32, copy=False)

    @property
    def mean(self) -> NDArray[np.float32]:
        """The mean activation of the training trials, (n_units,)."""
        return np.asarray(self.adapter.y_mean_, np.float32)


def default_adapter(kind: str = "ridge") -> FactoredAdapter:
    """An adapter of one of `KINDS`. It makes its choices for all units together, by direction; its predictions are as
    strong as true activations.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of adapter", kind, KINDS)
    adapter = KINDS[kind]()
    options: Any = {"choose_by": "direction", "gain": "total"}
    return adapter.set_params(**{name: value for name, value in options.items() if name in adapter.get_params()})


def by_region(adapter: FactoredAdapter) -> bool:
    """Whether this is a banded adapter whose bands are the recording's regions."""
    return isinstance(adapter, BandedAdapter) and isinstance(adapter.bands, str) and adapter.bands == BY_REGION


def fit_adapter(
    adapter: FactoredAdapter,
    X: NDArray,
    targets: NDArray,
    runs: NDArray,
    regions: Mapping[str, NDArray] | None = None,
) -> FactoredAdapter:
    """Fit a clone of the adapter; its strength, rank or the like is chosen by leaving out whole runs, or other groups.

    A banded adapter with bands `BY_REGION` gets the recording's regions.
    """
    fresh: Any = clone(adapter)
    if by_region(fresh):
        fresh.set_params(bands=bands_of(regions or {}, X.shape[1]))
    return fresh.fit(X, targets, groups=runs)


def bands_of(regions: Mapping[str, NDArray], n_features: int) -> list[str]:
    """The band of each feature: all regions that it is in, as regions often overlap at their borders.

    Examples
    --------
    >>> bands_of({"V1": np.array([0, 1]), "V2": np.array([1, 2])}, 4)
    ['V1', 'V1 and V2', 'V2', 'no region']
    """
    if not regions:
        raise InputError(f"bands = {BY_REGION!r}: expected a recording that brings regions along, got one without")
    holders: list[list[str]] = [[] for _ in range(n_features)]
    for name, features in regions.items():
        for feature in features.tolist():
            holders[feature].append(name)
    return [" and ".join(names) or "no region" for names in holders]
