"""Encoder: predicts the responses of sites (neurons, voxels, electrodes) from what a network's layer does.

It is the decoder's linear map read the other way round: from wide activations to few responses. Ridge needs only the
inner products of activations, so a layer is read once, in blocks, and its weights are formed only when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from ..adapters.checks import require_finite
from ..adapters.ridge.ridge import GENERALISED, RidgeAdapter
from ..adapters.row_space import RowSpace, row_space
from ..errors import InputError, ShapeError
from ..models.networks.network import Network, count_of

N_FOLDS = 5
"""Of whole groups, in which strengths are chosen."""


def site_ridge(scale: str = "none", *, grouped: bool = False) -> RidgeAdapter:
    """A ridge with a strength for each site, chosen within its training: by generalised cross-validation, or in folds
    of whole groups where samples have groups.
    """
    return RidgeAdapter(alpha_per="unit", scale=scale, cv=N_FOLDS if grouped else GENERALISED)


def pooled(
    table: NDArray, shape: Sequence[int], side: int | None, n_positions: NDArray[np.intp] | None = None
) -> NDArray:
    """Activations (n_stimuli, n_units) of maps, averaged over squares to at most `side` x `side` positions a channel.

    `shape` is the layer's, (channels, height, width). Of sounds, (positions, units), it is the average over each of
    `side` stretches in time; each fills `n_positions` (n_stimuli,), and the silence behind it counts for nothing. Other
    layers, smaller maps and a side of None leave all as it is.

    Examples
    --------
    >>> pooled(np.arange(16.0)[None], (1, 4, 4), 2).tolist()
    [[2.5, 4.5, 10.5, 12.5]]
    >>> pooled(np.arange(8.0)[None], (4, 2), 1, np.array([2])).tolist()
    [[1.0, 2.0]]
    """
    if side is not None and n_positions is not None and len(shape) == 2:
        return _over_time(table.reshape(len(table), *shape), side, n_positions)
    if side is None or len(shape) != 3 or max(shape[1:]) <= side:
        return table
    starts, sizes = zip(*(_squares(n, side) for n in shape[1:]), strict=True)
    size = np.outer(*sizes)
    means = np.empty((len(table), shape[0], *size.shape), np.float32)
    for row, one in zip(means, table, strict=True):
        sums = np.add.reduceat(one.reshape(shape).astype(np.float64), starts[0], axis=1)
        row[:] = np.add.reduceat(sums, starts[1], axis=2) / size
    return means.reshape(len(table), -1)


def _over_time(states: NDArray, side: int, n_positions: NDArray[np.intp]) -> NDArray[np.float32]:
    """The mean over each of `side` stretches of the positions that a sound fills, (n_stimuli, side * n_units)."""
    means = np.empty((len(states), side, states.shape[2]), np.float32)
    for row, one, n in zip(means, states, n_positions.tolist(), strict=True):
        for i in range(side):  # a stretch of a sound of fewer positions is one of them
            first = i * n // side
            row[i] = one[first : max((i + 1) * n // side, first + 1)].mean(axis=0)
    return means.reshape(len(states), -1)


def unpooled(weights: NDArray, shape: Sequence[int], side: int | None) -> NDArray:
    """The weights (n_sites, n_units) of all units that do what these, of pooled ones, do; see `pooled`.

    Examples
    --------
    >>> unpooled(np.array([[4.0, 8.0, 0.0, 0.0]]), (1, 4, 4), 2)[0, :8].tolist()
    [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]
    """
    if side is None or len(shape) != 3 or max(shape[1:]) <= side:
        return weights
    rows, columns = (_squares(n, side)[1] for n in shape[1:])
    means = weights.reshape(len(weights), shape[0], len(rows), len(columns)) / np.outer(rows, columns)
    return means.repeat(rows, axis=2).repeat(columns, axis=3).reshape(len(weights), -1)


def _squares(n: int, side: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the parts begin into which n positions are cut, at most `side` of them, and how long each is."""
    n_parts = min(side, n)
    starts = np.arange(n_parts) * n // n_parts
    return starts, np.diff(starts, append=n)


class Encoder(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Ridge from a layer's activations to the responses of sites, with a strength for each site.

    Parameters
    ----------
    network : Network
    layer : str or sequence of str
        Of several layers, each weighs the same: the kernel is the sum of theirs, divided by their traces.
    pool : int, optional
        Maps of (channels, height, width) are averaged over squares to at most so many positions a side, states of
        sounds over as many stretches of time, see `pooled`.

    Attributes
    ----------
    alpha_ : (n_sites,) array or float
        The strengths, chosen within `fit` by generalised cross-validation, or over whole groups if there are some.

    Examples
    --------
    >>> import torch
    >>> from hotwire.models.networks.torch_network import TorchNetwork
    >>> _ = torch.manual_seed(0)
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 50), torch.nn.ReLU(), torch.nn.Linear(50, 2))
    >>> stimuli = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    >>> encoder = Encoder(TorchNetwork(module, torch.zeros(1, 4)), "1").fit(stimuli[:50], stimuli[:50, :3])
    >>> encoder.predict(stimuli[50:]).shape, encoder.score(stimuli[50:], stimuli[50:, :3]) > 0.9
    ((10, 3), True)
    >>> encoder.weights()["1"].shape
    (3, 50)
    """

    alpha_: Any
    adapter_: RidgeAdapter
    spaces_: dict[str, RowSpace]

    def __init__(self, network: Network, layer: str | Sequence[str], *, pool: int | None = None) -> None:
        self.network = network
        self.layer = layer
        self.pool = pool

    def fit(self, stimuli: Any, responses: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Record the activations (they are cached on disk), and fit.

        Parameters
        ----------
        stimuli : sequence of length n_stimuli
            What the network takes.
        responses : (n_stimuli, n_sites) or (n_stimuli,) array-like
        groups : (n_stimuli,) array-like, optional
            Stimuli with equal labels (one object in several views) are never divided when strengths are chosen.

        Raises
        ------
        ShapeError
            There is another number of stimuli than of responses.
        NonFiniteError
            A response is NaN or infinite.
        InputError
            A site never varies, or there is no such layer.
        """
        Y = np.asarray(responses, np.float64)
        n_stimuli = count_of(stimuli)
        if Y.ndim not in (1, 2) or len(Y) != n_stimuli:
            raise ShapeError(
                f"responses: expected (n_stimuli, n_sites), a row for each of the {n_stimuli} stimuli, got {Y.shape}"
            )
        return self.fit_activations(self._activations(stimuli), Y, groups)

    def fit_activations(
        self, activations: Mapping[str, NDArray], responses: ArrayLike, groups: ArrayLike | None = None
    ) -> Self:
        """Fit on each layer's activations (n_stimuli, n_units), after pooling; see `fit`."""
        Y = np.asarray(responses, np.float64)
        check_responses(Y.reshape(len(Y), -1))
        self.spaces_ = {layer: row_space(table) for layer, table in activations.items()}
        self.scales_ = {layer: _size(space.coordinates) for layer, space in self.spaces_.items()}
        X = np.hstack([space.coordinates / self.scales_[layer] for layer, space in self.spaces_.items()])
        self.adapter_ = site_ridge(grouped=groups is not None).fit(X, Y, groups=groups)
        self.alpha_ = self.adapter_.alpha_
        return self

    def predict(self, stimuli: Any) -> NDArray[np.float64]:
        """Predict the responses (n_stimuli, n_sites) or (n_stimuli,) to stimuli."""
        check_is_fitted(self)
        return self.predict_activations(self._activations(stimuli))

    def predict_activations(self, activations: Mapping[str, NDArray]) -> NDArray[np.float64]:
        """Predict from each layer's activations (n_stimuli, n_units), after pooling; see `predict`."""
        check_is_fitted(self)
        parts = [
            space.coordinates_of(activations[layer]) / self.scales_[layer] for layer, space in self.spaces_.items()
        ]
        return self.adapter_.predict(np.hstack(parts))

    def weights(self) -> dict[str, NDArray[np.float64]]:
        """The weight of each unit (after pooling) for each site, (n_sites, n_units), for each layer: wide arrays."""
        check_is_fitted(self)
        ends = np.cumsum([space.coordinates.shape[1] for space in self.spaces_.values()])[:-1]
        dense = np.atleast_2d(self.adapter_.coef_)
        parts = zip(self.spaces_.items(), np.split(dense, ends, axis=1), strict=True)
        return {layer: space.features_of(part / self.scales_[layer]) for (layer, space), part in parts}

    def intercept(self) -> NDArray[np.float64]:
        """The responses (n_sites,) that are predicted where every unit is 0."""
        check_is_fitted(self)
        of = self.adapter_
        return np.atleast_1d(of.y_mean_ - of.x_mean_ @ np.atleast_2d(of.coef_).T)

    def _activations(self, stimuli: Any) -> dict[str, NDArray]:
        from ..models.cache.recorded import record

        layers = (self.layer,) if isinstance(self.layer, str) else tuple(dict.fromkeys(self.layer))
        if not layers:
            raise InputError("layer: expected a layer's name, or several, got none")
        tables = record(self.network, stimuli, layers).tables
        filled = None if self.pool is None else self.network.n_positions(stimuli)
        return {one: pooled(tables[one], self.network.shape_of(one), self.pool, filled) for one in layers}


def check_responses(responses: NDArray, sites: Sequence[str] | None = None) -> None:
    """Raise where a response (n_stimuli, n_sites) is NaN or infinite, or a site never varies; sites may have names."""
    require_finite("responses", responses, row="stimulus", column="site")
    constant = np.flatnonzero(responses.max(axis=0) == responses.min(axis=0))
    if len(constant):
        named = [str(one) if sites is None else repr(sites[one]) for one in constant[:3].tolist()]
        raise InputError(
            f"responses: site {', '.join(named)} never varies, so nothing can predict it ({len(constant)} of "
            f"{responses.shape[1]} sites); leave such sites out"
        )


def _size(coordinates: NDArray) -> float:
    """The root of the sum of squared deviations from the mean; 1 where a layer says the same of all stimuli."""
    return float(np.linalg.norm(coordinates - coordinates.mean(axis=0))) or 1.0
