"""Bundles: a fitted decoder as one file.

A bundle holds everything a decoder decides with, except the pictures of `StimulusTargets` and the weights of the
network: those come from the registry again or from the caller, and must be the same to the last bit. Only an ONNX
network travels inside. Settings and numbers are rebuilt from an allow-list of classes; nothing in a bundle is executed.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from ..adapters.ridge import RidgeAdapter
from ..adapters.whiten import Whitener
from ..errors import BundleError, InputError
from ..models.network import Network
from .decoder import Decoder, Linear, Settings
from .readout import Entry, readout_from_dict
from .sealed import naming, seal, unseal
from .steps import Trials, step_from_dict, window_from_dict
from .targets import Targets, WordTargets
from .versions import versions

ARRAYS, ONNX = "arrays.safetensors", "network.onnx"

NO_STIMULI = (
    "targets: a bundle holds the answers but not the stimuli; to fit or evaluate, make a Decoder with StimulusTargets "
    "and this decoder's settings"
)


@dataclass(frozen=True)
class SavedTargets(Targets):
    """The answers of targets whose stimuli were not saved: enough to decide, not to fit again."""

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


def save(decoder: Decoder, path: str | PathLike[str]) -> None:
    """Save a fitted decoder as one file.

    The file takes its name only once it is complete. Saved again, the same decoder gives the same bytes, but for the
    time of saving and the digest over all. Functions cannot be saved: neither a splitter given as the adapter's ``cv``
    nor an ONNX network's ``prepare``, which deciding needs no more.

    Parameters
    ----------
    decoder : Decoder
    path : path
        ``.hotwire`` is customary.

    Raises
    ------
    NotFittedError
        The decoder is not fitted.
    BundleError
        It holds steps or settings of one's own making, which could not be rebuilt.
    """
    decoder._check_fitted()
    settings, linear = decoder.settings, decoder.linear_
    arrays = {f"adapter.{name}": array for name, array in linear.adapter.to_arrays().items()}
    # The settings go where they can be read.
    params = json.loads(arrays.pop("adapter.params").tobytes())
    fitted = {"alpha": _span(linear.adapter.alpha_), "gain": _span(linear.adapter.gain_)}
    if linear.whitener is not None:
        arrays |= {f"whitener.{name}": array for name, array in linear.whitener.to_arrays().items()}
        fitted["shrinkage"] = linear.whitener.shrinkage_
    arrays["targets"] = decoder.entry_.targets
    onnx = _onnx_bytes(decoder.network)
    manifest = {
        "hotwire": version("hotwire"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "network": _described(decoder.network, embedded=onnx is not None),
        "layer": settings.layer,
        "steps": [step.to_dict() for step in settings.steps],
        "window": settings.window.to_dict(),
        "whiten": settings.whiten,
        "adapter": params,
        "readout": settings.readout.to_dict(),
        "targets": decoder.targets.to_dict(),
        "fitted": fitted,
        "feature_names": list(decoder.feature_names_),
        "unit": decoder.unit_,
        "rate_hz": decoder.rate_hz_,
    }
    _require_rebuilds(settings, manifest)
    seal(path, manifest, {ARRAYS: _packed(arrays)} | ({} if onnx is None else {ONNX: onnx}))


def load(path: str | PathLike[str], *, network: Network | None = None) -> Decoder:
    """Load a decoder, which decides as the saved one did, bit for bit.

    Parameters
    ----------
    path : path
    network : Network, optional
        To use instead of opening one; needed where the network came neither from the registry nor from an ONNX file.

    Raises
    ------
    BundleError
        The file is damaged, incomplete, too new or no bundle; or the network is not the one it was fitted with.
    """
    manifest, parts = unseal(path)
    # A value that a setting does not take is a ValueError; another type than it takes, a TypeError or AttributeError.
    with naming(path, ValueError, TypeError, AttributeError):
        linear, of_answers = _linear(manifest, _unpacked(parts))
        settings = _settings(manifest, linear.adapter)
        targets = _targets(manifest["targets"])
        _check_shape("targets", of_answers, (len(targets.answers), linear.mean.size))
    opened = _reopened(manifest["network"], parts, path) if network is None else network
    with naming(path, InputError):
        _check_network(opened, manifest["network"])
        decoder = Decoder(opened, targets, settings)
        n_units = prod(opened.shape_of(settings.layer))
        if linear.mean.size != n_units:
            raise BundleError(
                f"the adapter gives {linear.mean.size} units, but layer {settings.layer!r} of {opened.name} has "
                f"{n_units}"
            )
    decoder.linear_ = linear
    decoder.entry_ = Entry(
        network=opened,
        layer=settings.layer,
        answers=targets.answers,
        means=linear.mean[None],
        targets=of_answers,
    )
    decoder.feature_names_ = tuple(manifest["feature_names"])
    decoder.unit_ = manifest["unit"] if isinstance(manifest["unit"], str) else tuple(manifest["unit"])
    decoder.rate_hz_ = float(manifest["rate_hz"])
    return decoder


def describe(path: str | PathLike[str]) -> dict[str, Any]:
    """Read what a bundle says of itself; every byte of it is checked, but no network is opened.

    Raises
    ------
    BundleError
        The file is damaged, incomplete, too new or no bundle.
    """
    return unseal(path)[0]


def _described(network: Network, *, embedded: bool) -> dict[str, Any]:
    from ..models.opening import LANGUAGE_MODELS, SENTENCE_ENCODERS, VISION

    in_registry = network.name in (*LANGUAGE_MODELS, *VISION, *SENTENCE_ENCODERS)
    return {
        "name": network.name,
        "reopen": "onnx" if embedded else "registry" if in_registry else "given",
        "fingerprint": network.fingerprint,
        "prompt": getattr(network, "prompt", None),
        "labels": None if network.labels is None else list(network.labels),
    }


def _onnx_bytes(network: Network) -> bytes | None:
    """The whole model, if it is an ONNX network; how it prepared its stimuli is not part of it."""
    from ..models.onnx_network import OnnxNetwork

    return network._model.SerializeToString(deterministic=True) if isinstance(network, OnnxNetwork) else None


def _reopened(saved: Mapping[str, Any], parts: Mapping[str, bytes], path: str | PathLike[str]) -> Network:
    if saved["reopen"] == "registry":
        from ..models.opening import open_network

        return open_network(saved["name"], prompt=saved["prompt"])
    if saved["reopen"] == "onnx" and ONNX in parts:
        from ..models.onnx_network import OnnxNetwork

        with tempfile.TemporaryDirectory() as folder, naming(path, InputError):
            model = Path(folder) / ONNX
            model.write_bytes(parts[ONNX])
            return OnnxNetwork(model, name=saved["name"], labels=saved["labels"])
    raise BundleError(
        f"{path}: its network {saved['name']!r} is neither of the registry nor in the bundle; open it yourself and "
        "give it: load(path, network=...)"
    )


def _check_network(network: Network, saved: Mapping[str, Any]) -> None:
    """Weights, prompt and labels have to be those that the decoder was fitted with."""
    if network.fingerprint != saved["fingerprint"]:
        raise BundleError(
            f"it was fitted with the network {saved['name']!r} of fingerprint {saved['fingerprint']}, but "
            f"{network.name!r} has {network.fingerprint}: other weights"
        )
    prompt = getattr(network, "prompt", None)
    if prompt != saved["prompt"]:
        raise BundleError(
            f"it was fitted with the prompt {saved['prompt']!r}, but {network.name!r} has {prompt!r}; use with_prompt"
        )
    if saved["labels"] != (None if network.labels is None else list(network.labels)):
        raise BundleError(f"network: the labels of {network.name!r} are not those that the decoder was fitted with")


def _settings(manifest: Mapping[str, Any], adapter: RidgeAdapter) -> Settings:
    unfitted: Any = clone(adapter)
    return Settings(
        layer=manifest["layer"],
        steps=[step_from_dict(saved) for saved in manifest["steps"]],
        window=window_from_dict(manifest["window"]),
        whiten=manifest["whiten"],
        adapter=unfitted,
        readout=readout_from_dict(manifest["readout"]),
    )


def _require_rebuilds(settings: Settings, manifest: Mapping[str, Any]) -> None:
    """Find out now, and not when it is loaded, that a decoder cannot be had back."""
    try:
        again = _settings(json.loads(json.dumps(manifest, allow_nan=False)), settings.adapter)
    except (TypeError, ValueError) as error:
        raise BundleError(f"decoder: cannot be saved: {error}") from error
    for name in ("steps", "window", "readout"):
        before, after = getattr(settings, name), getattr(again, name)
        if before != after:
            raise BundleError(f"decoder: {name} cannot be saved: {before!r} would come back as {after!r}")


def _linear(manifest: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> tuple[Linear, NDArray[np.float32]]:
    """The fitted linear part, and the answers' targets."""
    n_features = len(manifest["feature_names"])
    params = np.frombuffer(json.dumps(manifest["adapter"]).encode(), np.uint8)
    of_adapter, of_whitener = _under("adapter.", arrays), _under("whitener.", arrays)
    adapter = RidgeAdapter.from_arrays(of_adapter | {"params": params})
    _check_shape("adapter.x_mean", adapter.x_mean_, (n_features,))
    whitener = None
    if manifest["whiten"] == "samples":
        _check_shape("whitener.mean", of_whitener.get("mean", np.empty(0)), (n_features,))
        whitener = Whitener.from_arrays(of_whitener)
    if "targets" not in arrays:
        raise BundleError(f"{ARRAYS}: expected an array 'targets', got {', '.join(arrays)}")
    return Linear(adapter, whitener), arrays["targets"]


def _targets(saved: Mapping[str, Any]) -> Targets:
    return WordTargets(**saved) if "words" in saved else SavedTargets(tuple(saved.get("answers", ())))


def _check_shape(name: str, array: NDArray, expected: tuple[int, ...]) -> None:
    if array.shape != expected:
        raise BundleError(f"{ARRAYS}: array {name!r}: expected shape {expected}, got {array.shape}")


def _under(prefix: str, arrays: Mapping[str, NDArray]) -> dict[str, NDArray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _packed(arrays: Mapping[str, NDArray]) -> bytes:
    from safetensors.numpy import save as pack

    return pack({name: np.asarray(array, order="C") for name, array in arrays.items()})


def _unpacked(parts: Mapping[str, bytes]) -> dict[str, NDArray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack

    if ARRAYS not in parts:
        raise BundleError(f"the part {ARRAYS!r} is missing; there are: {', '.join(parts) or 'none'}")
    try:
        # Copies own their memory and lie aligned in it, as the fitted arrays did.
        return {name: array.copy() for name, array in unpack(parts[ARRAYS]).items()}
    except SafetensorError as error:
        raise BundleError(f"{ARRAYS} cannot be read: {error}") from error


def _span(value: ArrayLike) -> float | list[float]:
    """A number; of several, the least and the largest."""
    numbers = np.asarray(value, np.float64)
    return [float(numbers.min()), float(numbers.max())] if numbers.ndim else float(numbers)
