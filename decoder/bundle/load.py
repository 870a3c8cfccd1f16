"""Loading: a saved decoder as it was fitted, or its bundle's description."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from os import PathLike
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as arrays_from_bytes
from sklearn.base import clone

from ...adapters.factored import FactoredAdapter
from ...adapters.kinds import adapter_from_arrays
from ...adapters.whiten import Whitener
from ...errors import BundleError, InputError
from ...models.networks.network import Network
from ..decision import DecisionRule
from ..decoder import Decoder
from ..discriminant import Discriminant
from ..features.base import FittedFeatures
from ..features.catalogue import features_from_dict
from ..linear import Linear
from ..readouts.catalogue import readout_from_dict
from ..readouts.entry import Entry
from ..settings import Settings
from ..steps import open_chain, step_from_dict
from ..targets import Targets, WordTargets
from ..windows import Trials, window_from_dict
from .compiled import saved_calibration, saved_features
from .saved_network import check_network, reopened
from .saved_space import saved_space
from .sealed import ARRAYS, FEATURES, NETWORK, REFERENCE, naming, part_of, unseal

NO_STIMULI = (
    "targets: a bundle holds the answers but not the stimuli; to fit or evaluate, make a Decoder with StimulusTargets "
    "and this decoder's settings"
)


@dataclass(frozen=True)
class SavedTargets(Targets):
    """The classes of targets whose stimuli were not saved: enough to decide, not to fit again."""

    answers: tuple[str, ...]  # type: ignore[override]

    @property
    def keys(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.answers

    def key_of(self, trials: Trials) -> NDArray[np.intp]:
        raise InputError(NO_STIMULI)

    def truth(self) -> NDArray[np.intp]:
        return np.arange(len(self.answers))

    def activations(self, network: Network, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        raise InputError(NO_STIMULI)

    def to_dict(self) -> dict[str, Any]:
        return {"answers": list(self.answers)}


def load(path: str | PathLike[str], *, network: Network | None = None) -> Decoder:
    """Load a decoder, which decides as the saved one did, bit for bit.

    Parameters
    ----------
    path : path
    network : Network, optional
        To use instead of opening one; needed where the network is neither from the registry nor from an ONNX file.

    Raises
    ------
    BundleError
        The file is damaged, incomplete, too new or no bundle; or the network is not the one it was fitted with.
    """
    manifest, parts, _ = unseal(path, wanted=(ARRAYS, NETWORK, FEATURES, REFERENCE))
    # A value that a setting does not take is a ValueError; another type than it takes, a TypeError or AttributeError.
    with naming(path, ValueError, TypeError, AttributeError, KeyError, BadZipFile):
        arrays = _arrays(parts)
        linear = _linear(manifest, arrays, saved_features(manifest, parts))
        settings = settings_from(manifest, linear.adapter)
        targets = saved_targets(manifest)
        low, high = (_of_features(manifest, name) for name in ("feature_low", "feature_high"))
        _check_shape("targets", arrays["targets"], (len(targets.answers), linear.mean.size))
        discriminant = _discriminant(settings, arrays, (linear.mean.size, len(targets.answers)))
        calibration = saved_calibration(manifest, targets.answers)
        space = saved_space(manifest, parts)
    opened = reopened(manifest["network"], parts, path) if network is None else network
    with naming(path, InputError):
        check_network(opened, manifest["network"])
        decoder = Decoder(opened, targets, settings)
        n_units = prod(opened.shape_of(settings.layer))
        if linear.mean.size != n_units:
            raise BundleError(
                f"the adapter gives {linear.mean.size} units, but layer {settings.layer!r} of {opened.name} has "
                f"{n_units}"
            )
    decoder.linear_ = linear
    decoder.calibration_ = calibration
    decoder.entry_ = Entry(opened, settings.layer, targets.answers, linear.mean, arrays["targets"], discriminant)
    decoder.feature_names_ = tuple(manifest["feature_names"])
    decoder.unit_ = manifest["unit"] if isinstance(manifest["unit"], str) else tuple(manifest["unit"])
    decoder.rate_hz_ = float(manifest["rate_hz"])
    decoder.feature_low_, decoder.feature_high_ = low, high
    decoder.space_ = space
    decoder.fitted_on_ = manifest.get("fitted_on")
    return decoder


def saved_targets(manifest: Mapping[str, Any]) -> Targets:
    """The classes of a bundle's decoder, without stimuli, which are not saved."""
    saved = manifest["targets"]
    return WordTargets(**saved) if "words" in saved else SavedTargets(tuple(saved.get("answers", ())))


def settings_from(manifest: Mapping[str, Any], adapter: FactoredAdapter) -> Settings:
    """The settings that a manifest describes; the adapter may be a fitted one."""
    unfitted: Any = clone(adapter)
    fit_steps, fit_window = manifest.get("fit_steps"), manifest.get("fit_window")
    return Settings(
        layer=manifest["layer"],
        steps=[step_from_dict(saved) for saved in manifest["steps"]],
        window=window_from_dict(manifest["window"]),
        whiten=manifest["whiten"],
        features=None if manifest["features"] is None else features_from_dict(manifest["features"]),
        adapter=unfitted,
        readout=readout_from_dict(manifest["readout"]),
        fit_steps=None if fit_steps is None else [step_from_dict(saved) for saved in fit_steps],
        fit_window=None if fit_window is None else window_from_dict(fit_window),
        probabilities=manifest["probabilities"],
        decision=DecisionRule(**manifest["decision"]),
    )


def _arrays(parts: Mapping[str, bytes]) -> dict[str, NDArray]:
    try:
        # Copies own their memory and are aligned in it, as the fitted arrays were.
        arrays = {name: array.copy() for name, array in arrays_from_bytes(part_of(parts, ARRAYS)).items()}
    except SafetensorError as error:
        raise BundleError(f"{ARRAYS} cannot be read: {error}") from error
    if "targets" not in arrays:
        raise BundleError(f"{ARRAYS}: expected an array 'targets', got {', '.join(arrays)}")
    return arrays


def _linear(manifest: Mapping[str, Any], arrays: Mapping[str, NDArray], features: FittedFeatures | None) -> Linear:
    steps, window = [step_from_dict(saved) for saved in manifest["steps"]], window_from_dict(manifest["window"])
    chain = open_chain(steps, manifest["feature_names"], manifest["rate_hz"])
    n_times = window.n_times(chain.rate_out_hz)
    n_features = n_times * len(chain.names_out) if features is None else features.n_out
    params = np.frombuffer(json.dumps(manifest["adapter"]).encode(), np.uint8)
    of_adapter, of_whitener = (
        {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
        for prefix in ("adapter.", "whitener.")
    )
    adapter = adapter_from_arrays(of_adapter | {"params": params})
    _check_shape("adapter.x_mean", adapter.x_mean_, (n_features,))
    if manifest["whiten"] == "none":
        return Linear(adapter, None, features, n_times)
    _check_shape("whitener.mean", of_whitener.get("mean", np.empty(0)), (n_features,))
    return Linear(adapter, Whitener.from_arrays(of_whitener), features, n_times)


def _discriminant(settings: Settings, arrays: Mapping[str, NDArray], shape: tuple[int, int]) -> Discriminant | None:
    if not settings.readout.is_fitted:
        return None
    of = {name: arrays.get(f"discriminant.{name}", np.empty(0)) for name in ("weights", "bias")}
    _check_shape("discriminant.weights", of["weights"], shape)
    _check_shape("discriminant.bias", of["bias"], shape[1:])
    return Discriminant(**of)


def _of_features(manifest: Mapping[str, Any], name: str) -> NDArray[np.float32] | None:
    if manifest[name] is None:
        return None
    values, n_features = np.array(manifest[name], np.float32), len(manifest["feature_names"])
    if values.shape != (n_features,):
        raise BundleError(f"manifest: {name}: expected {n_features} numbers, one a feature, got shape {values.shape}")
    return values


def _check_shape(name: str, array: NDArray, expected: tuple[int, ...]) -> None:
    if array.shape != expected:
        raise BundleError(f"{ARRAYS}: array {name!r}: expected shape {expected}, got {array.shape}")
