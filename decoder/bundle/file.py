"""Bundles: a fitted decoder as one file.

A bundle holds everything a decoder decides with, except the pictures of `StimulusTargets` and the weights of the
network: those come from the registry again or from the caller, and must be the same to the last bit. Only an ONNX
network travels inside. Settings and numbers are rebuilt from an allow-list of classes; no code in a bundle is executed.

To decide, and to do so live, a bundle needs none of that: where the decoder can run live, it also lies in it as ONNX
graphs, see `hotwire.decoder.bundle.graph`, which `hotwire.decoder.bundle.compiled` runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import prod
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, get_args
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from tqdm import tqdm

from ...adapters.factored import FactoredAdapter
from ...adapters.kinds import adapter_from_arrays
from ...adapters.whiten import Whitener
from ...errors import BundleError, InputError, UnknownNameError
from ...errors.printable import printable
from ...models.networks.network import Network
from ..decoder import Decoder, Linear, Settings
from ..features.base import FittedFeatures
from ..features.catalogue import features_from_dict, packed, saved_features
from ..readout import Entry, readout_from_dict
from ..steps import open_chain, step_from_dict
from ..targets import Targets, WordTargets
from ..windows import Trials, window_from_dict
from .saved_network import check_network, described, onnx_bytes, reopened
from .sealed import ARRAYS, FEATURES, NETWORK, naming, part_of, seal, unseal
from .versions import versions

if TYPE_CHECKING:
    from ...models.export.onnx_precision import Precision

Live = Literal["where possible", "never"]

FITTED = ("alpha", "rank", "n_components", "gain")
"""What the manifest tells of a fitted adapter, as far as its kind has it."""

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


def save(
    decoder: Decoder,
    path: str | PathLike[str],
    *,
    live: Live = "where possible",
    precision: Precision = "int8",
) -> None:
    """Save a fitted decoder as one file.

    The file takes its name only once it is complete. Saved again, the same decoder gives the same bytes, but for the
    time of saving and the digest over all. Functions cannot be saved: neither a splitter given as the adapter's ``cv``
    nor an ONNX network's ``prepare``, which deciding needs no more.

    Parameters
    ----------
    decoder : Decoder
    path : path
        ``.hotwire`` is customary.
    live : {"where possible", "never"}
        Whether to put in the graphs with which it runs live. Where that is not possible, the manifest says why:
        ``describe(path)["live"]["reason"]``.
    precision : {"float32", "float16", "int8"}
        Of the network's large matrices in those graphs. `hotwire.decoder.bundle.agreement` measures whether decisions
        differ.

    Raises
    ------
    NotFittedError
        The decoder is not fitted.
    BundleError
        It holds steps or settings of one's own making, which could not be rebuilt.
    UnknownNameError
        There is no such policy or precision.
    """
    from ...models.export.onnx_precision import Precision

    for what, given, known in (("live", live, get_args(Live)), ("precision", precision, get_args(Precision))):
        if given not in known:
            raise UnknownNameError(what, given, known)
    decoder._check_fitted()
    manifest, arrays = _manifest(decoder)
    _require_rebuilds(decoder.settings, manifest)
    # Exporting and writing large networks takes seconds each.
    with tqdm(total=2, desc=f"{printable(path)}: exporting", delay=1, disable=None) as progress:
        network = onnx_bytes(decoder.network)
        parts = {ARRAYS: _packed(arrays)} | ({} if network is None else {NETWORK: network})
        if decoder.linear_.features is not None:
            parts[FEATURES] = packed(decoder.linear_.features)
        manifest["network"] = described(decoder.network, embedded=network is not None)
        manifest["live"], graphs = _live_parts(decoder, live, precision)
        progress.update()
        progress.set_description(f"{path}: writing")
        seal(path, manifest, parts | graphs)
        progress.update()


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
    manifest, parts, _ = unseal(path, wanted=(ARRAYS, NETWORK, FEATURES))
    # A value that a setting does not take is a ValueError; another type than it takes, a TypeError or AttributeError.
    with naming(path, ValueError, TypeError, AttributeError, KeyError, BadZipFile):
        linear, of_answers = _linear(manifest, _unpacked(parts), saved_features(manifest, parts))
        settings = _settings(manifest, linear.adapter)
        targets = saved_targets(manifest)
        low, high = (_of_features(manifest, name) for name in ("feature_low", "feature_high"))
        _check_shape("targets", of_answers, (len(targets.answers), linear.mean.size))
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
    decoder.feature_low_, decoder.feature_high_ = low, high
    decoder.fitted_on_ = manifest.get("fitted_on")
    return decoder


def describe(path: str | PathLike[str]) -> dict[str, Any]:
    """Read what a bundle says of itself, and the ``digest`` that closes it; every byte is checked, nothing opened.

    Raises
    ------
    BundleError
        The file is damaged, incomplete, too new or no bundle.
    """
    manifest, _, digest = unseal(path, wanted=())
    return {**manifest, "digest": digest}


def saved_targets(manifest: Mapping[str, Any]) -> Targets:
    """What the decoder of a bundle was to answer; without stimuli, which are not saved."""
    saved = manifest["targets"]
    return WordTargets(**saved) if "words" in saved else SavedTargets(tuple(saved.get("answers", ())))


def _manifest(decoder: Decoder) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """All but the network, and the arrays that belong to it."""
    settings, linear = decoder.settings, decoder.linear_
    arrays = {f"adapter.{name}": array for name, array in linear.adapter.to_arrays().items()}
    # The settings go where they can be read.
    params = json.loads(arrays.pop("adapter.params").tobytes())
    fitted = {name: _span(value) for name in FITTED if (value := getattr(linear.adapter, f"{name}_", None)) is not None}
    if linear.whitener is not None:
        arrays |= {f"whitener.{name}": array for name, array in linear.whitener.to_arrays().items()}
        fitted["shrinkage"] = linear.whitener.shrinkage_
    arrays["targets"] = decoder.entry_.targets
    low, high = decoder.feature_low_, decoder.feature_high_
    manifest = {
        "hotwire": version("hotwire"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "network": {},
        "live": {},
        "layer": settings.layer,
        "steps": [step.to_dict() for step in settings.steps],
        "window": settings.window.to_dict(),
        "whiten": settings.whiten,
        "features": None if settings.features is None else settings.features.to_dict(),
        "fit_steps": None if settings.fit_steps is None else [step.to_dict() for step in settings.fit_steps],
        "fit_window": None if settings.fit_window is None else settings.fit_window.to_dict(),
        "adapter": params,
        "readout": settings.readout.to_dict(),
        "targets": decoder.targets.to_dict(),
        "answers": list(decoder.entry_.answers),
        "fitted": fitted,
        "feature_names": list(decoder.feature_names_),
        "unit": decoder.unit_,
        "rate_hz": decoder.rate_hz_,
        "feature_low": None if low is None else low.tolist(),
        "feature_high": None if high is None else high.tolist(),
        "fitted_on": None if decoder.fitted_on_ is None else dict(decoder.fitted_on_),
    }
    return manifest, arrays


def _live_parts(decoder: Decoder, live: Live, precision: Precision) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What the manifest says of running live, and the parts for it."""
    if live == "never":
        return {"reason": 'it was saved with live="never"'}, {}
    if decoder.feature_low_ is None:
        return {"reason": "it was fitted by a hotwire that did not keep the range of its features; fit it again"}, {}
    from .graph import live_parts

    try:
        return live_parts(decoder, precision)
    except InputError as error:
        return {"reason": str(error)}, {}


def _settings(manifest: Mapping[str, Any], adapter: FactoredAdapter) -> Settings:
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
    )


def _require_rebuilds(settings: Settings, manifest: Mapping[str, Any]) -> None:
    """Find out now, and not when it is loaded, that a decoder cannot be had back."""
    try:
        again = _settings(json.loads(json.dumps(manifest, allow_nan=False)), settings.adapter)
    except (TypeError, ValueError) as error:
        raise BundleError(f"decoder: cannot be saved: {error}") from error
    for name in ("steps", "window", "features", "readout", "fit_steps", "fit_window"):
        before, after = getattr(settings, name), getattr(again, name)
        if before != after:
            raise BundleError(f"decoder: {name} cannot be saved: {before!r} would come back as {after!r}")


def _linear(
    manifest: Mapping[str, Any], arrays: Mapping[str, NDArray], features: FittedFeatures | None
) -> tuple[Linear, NDArray[np.float32]]:
    """The fitted linear part, and the answers' targets."""
    steps, window = [step_from_dict(saved) for saved in manifest["steps"]], window_from_dict(manifest["window"])
    chain = open_chain(steps, manifest["feature_names"], manifest["rate_hz"])
    n_times = window.n_times(chain.rate_out_hz)
    n_features = n_times * len(chain.names_out) if features is None else features.n_out
    params = np.frombuffer(json.dumps(manifest["adapter"]).encode(), np.uint8)
    of_adapter, of_whitener = _under("adapter.", arrays), _under("whitener.", arrays)
    adapter = adapter_from_arrays(of_adapter | {"params": params})
    _check_shape("adapter.x_mean", adapter.x_mean_, (n_features,))
    whitener = None
    if manifest["whiten"] == "samples":
        _check_shape("whitener.mean", of_whitener.get("mean", np.empty(0)), (n_features,))
        whitener = Whitener.from_arrays(of_whitener)
    if "targets" not in arrays:
        raise BundleError(f"{ARRAYS}: expected an array 'targets', got {', '.join(arrays)}")
    return Linear(adapter, whitener, features, n_times), arrays["targets"]


def _of_features(manifest: Mapping[str, Any], name: str) -> NDArray[np.float32] | None:
    if manifest[name] is None:
        return None
    values = np.array(manifest[name], np.float32)
    if values.shape != (len(manifest["feature_names"]),):
        n_features = len(manifest["feature_names"])
        raise BundleError(f"manifest: {name}: expected {n_features} numbers, one a feature, got shape {values.shape}")
    return values


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

    try:
        # Copies own their memory and lie aligned in it, as the fitted arrays did.
        return {name: array.copy() for name, array in unpack(part_of(parts, ARRAYS)).items()}
    except SafetensorError as error:
        raise BundleError(f"{ARRAYS} cannot be read: {error}") from error


def _span(value: ArrayLike) -> float | list[float]:
    """A number; of several, the least and the largest."""
    numbers = np.asarray(value, np.float64)
    return [float(numbers.min()), float(numbers.max())] if numbers.ndim else float(numbers)
