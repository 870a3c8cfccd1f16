"""Encoder: predicts the responses of sites (neurons, voxels, electrodes) from what a network's layer does.

It is the decoder's linear map read the other way round: from wide activations to few responses. Ridge needs only the
inner products of activations, so a layer is read once, in blocks, and its weights are formed only when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from ..adapters.checks import require_finite
from ..adapters.ridge.ridge import GENERALISED, RidgeAdapter
from ..adapters.row_space import row_space
from ..errors import InputError, ShapeError
from ..models.networks.network import Network, count_of
from .pooling import Pool, check_pool, pooled
from .receptive_fields import FIELDS, FieldRidge, ReceptiveField
from .recordings.events import listed

N_FOLDS = 5
"""Of whole groups, in which strengths are chosen."""


def site_ridge(scale: str = "none", *, grouped: bool = False) -> RidgeAdapter:
    """A ridge with a strength for each site, chosen within its training: by generalised cross-validation, or in folds
    of whole groups where samples have groups.
    """
    return RidgeAdapter(alpha_per="unit", scale=scale, cv=N_FOLDS if grouped else GENERALISED)


def ridge_for(X: NDArray, scale: str = "none", *, grouped: bool = False) -> RidgeAdapter | FieldRidge:
    """`site_ridge` for features (n, n_features); for the channels of receptive fields, (n, n_fields, n_channels), one
    that also chooses each site's field.
    """
    ridge = site_ridge(scale, grouped=grouped)
    return ridge if X.ndim == 2 else FieldRidge(ridge)


class Encoder(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Ridge from a layer's activations to the responses of sites, with a strength for each site.

    Parameters
    ----------
    network : Network
    layer : str or sequence of str
        Of several layers, each weighs the same: the kernel is the sum of theirs, divided by their traces.
    pool : int or "receptive field", optional
        Maps of (channels, height, width) are averaged over squares to at most so many positions a side, states of
        sounds over as many stretches of time. Or each site sees maps through a field of its own, see
        `hotwire.decoder.receptive_fields`: the same one in all of several layers.

    Attributes
    ----------
    alpha_ : (n_sites,) array or float
        The strengths, chosen within `fit` by generalised cross-validation, or over whole groups if there are some.
    fields_ : list of ReceptiveField
        Of each site, chosen in the same way; empty where `pool` is another one.

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

    pool: Pool | None
    alpha_: Any
    adapter_: RidgeAdapter | FieldRidge
    fields_: list[ReceptiveField]

    def __init__(self, network: Network, layer: str | Sequence[str], *, pool: Pool | None = None) -> None:
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
            A site never varies, there is no such layer, or it has no positions for receptive fields.
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
        self.spaces_ = {
            layer: row_space(table) if table.ndim == 2 else _FieldChannels(table)
            for layer, table in activations.items()
        }
        self.scales_ = {layer: size_of(space.coordinates) for layer, space in self.spaces_.items()}
        X = np.concatenate([of.coordinates / self.scales_[layer] for layer, of in self.spaces_.items()], axis=-1)
        ridge = ridge_for(X, grouped=groups is not None)
        self.adapter_ = ridge.fit(X, Y, groups=groups)
        self.alpha_ = self.adapter_.alpha_
        self.fields_ = [FIELDS[i] for i in ridge.field_] if isinstance(ridge, FieldRidge) else []
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
        return self.adapter_.predict(np.concatenate(parts, axis=-1))

    def weights(self) -> dict[str, NDArray[np.float64]]:
        """The weight of each unit (after pooling) for each site, (n_sites, n_units), for each layer: wide arrays.

        Units of receptive fields are the channels of the first field, then of the next.
        """
        check_is_fitted(self)
        each = [space.coordinates for space in self.spaces_.values()]
        ends = np.cumsum([of.shape[-1] for of in each])[:-1]
        dense = np.atleast_2d(self.adapter_.coef_)
        parts = np.split(dense.reshape(len(dense), *each[0].shape[1:-1], -1), ends, axis=-1)
        return {
            layer: space.features_of(part / self.scales_[layer])
            for (layer, space), part in zip(self.spaces_.items(), parts, strict=True)
        }

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
        check_pool(self.pool, self.network, layers, count_of(stimuli))
        tables = record(self.network, stimuli, layers).tables
        filled = None if self.pool is None else self.network.n_positions(stimuli)
        return {one: pooled(tables[one], self.network.shape_of(one), self.pool, filled) for one in layers}


def check_responses(responses: NDArray, sites: Sequence[str] | None = None) -> None:
    """Raise where a response (n_stimuli, n_sites) is NaN or infinite, or a site never varies; sites may have names."""
    require_finite("responses", responses, row="stimulus", column="site")
    constant = np.flatnonzero(responses.max(axis=0) == responses.min(axis=0))
    if len(constant):
        named = [str(one) if sites is None else repr(sites[one]) for one in constant.tolist()]
        study = "" if sites is None else f', in a recording of kind "responses" by exclude = [{listed(named)}]'
        raise InputError(
            f"responses: site {listed(named, 3)} never varies, so nothing can predict it ({len(constant)} of "
            f"{responses.shape[1]} sites); leave such sites out{study}"
        )


class _FieldChannels(NamedTuple):
    """Channels of receptive fields (n_stimuli, n_fields, n_channels): so few that they are their own coordinates."""

    coordinates: NDArray

    def coordinates_of(self, rows: NDArray) -> NDArray:
        return rows

    def features_of(self, coordinates: NDArray) -> NDArray:
        return coordinates.reshape(len(coordinates), -1)


def size_of(coordinates: NDArray) -> Any:
    """The root of the sum of squared deviations from the mean; 1 where a layer says the same of all stimuli.

    Of receptive fields (n_stimuli, n_fields, n_channels) that of each, (n_fields, 1).
    """
    deviations = coordinates - coordinates.mean(axis=0)
    if deviations.ndim == 2:
        return float(np.linalg.norm(deviations)) or 1.0
    size = np.linalg.norm(deviations, axis=(0, 2))
    return np.where(size == 0, 1, size).astype(coordinates.dtype)[:, np.newaxis]
