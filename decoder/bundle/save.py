"""Saving: a fitted decoder as one file, with the graphs that a rig runs.

A bundle holds everything a decoder decides with, except the pictures of `StimulusTargets` and the weights of the
network: those come from the registry again or from the caller, and must be the same to the last bit. Only an ONNX
network is stored inside. Settings and numbers are rebuilt from an allow-list of classes; no code in a bundle is
executed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from math import isnan
from os import PathLike
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import save as arrays_as_bytes
from tqdm import tqdm

from ...errors import BundleError, InputError, UnknownNameError
from ...errors.printable import printable
from ...models.export.onnx_precision import Precision
from ..decoder import Decoder
from ..features.catalogue import packed
from ..readouts.graph import ReadoutGraph
from ..settings import Settings
from .agreement import Agreement
from .compiled import CompiledDecoder
from .graph import live_parts
from .load import settings_from
from .saved_network import described
from .saved_space import described_space, reference_part
from .sealed import ARRAYS, FEATURES, NETWORK, seal
from .versions import versions

Live = Literal["where possible", "never"]

FITTED = ("alpha", "rank", "n_components", "gain")
"""Results of a fitted adapter in the manifest, as far as its kind has them."""


def save(
    decoder: Decoder,
    path: str | PathLike[str],
    *,
    live: Live = "where possible",
    precision: Precision = "int8",
    agreement: Agreement | None = None,
) -> None:
    """Save a fitted decoder as one file.

    The file gets its name only when it is complete. The same decoder gives the same bytes each time, but for the time
    of saving and the digest. Functions cannot be saved: neither a splitter as the adapter's ``cv`` nor an ONNX
    network's ``prepare``, which deciding does not need.

    Parameters
    ----------
    decoder : Decoder
    path : path
        ``.hotwire`` is customary.
    live : {"where possible", "never"}
        Whether to include the graphs that run live. Where that is not possible, the manifest says why:
        ``describe(path)["live"]["reason"]``.
    precision : {"float32", "float16", "int8"}
        Of the network's large matrices in those graphs.
    agreement : Agreement, optional
        Whether decisions differ by it, for the manifest; `hotwire.decoder.evaluation.agreement` measures it.

    Raises
    ------
    NotFittedError
        The decoder is not fitted.
    BundleError
        It holds steps or settings of one's own making, which could not be rebuilt.
    UnknownNameError
        There is no such policy or precision.
    """
    for what, given, known in (("live", live, get_args(Live)), ("precision", precision, get_args(Precision))):
        if given not in known:
            raise UnknownNameError(what, given, known)
    decoder.require_fitted()
    manifest = _manifest(decoder)
    _require_rebuilds(decoder.settings, manifest)
    # Exporting and writing large networks takes seconds each.
    with tqdm(total=2, desc=f"{printable(path)}: exporting", delay=1, disable=None) as progress:
        network = decoder.network.to_bytes()
        parts = {ARRAYS: arrays_as_bytes(_arrays(decoder))} | ({} if network is None else {NETWORK: network})
        manifest["network"] = described(decoder.network, embedded=network is not None)
        manifest["live"], graphs = _graphs_if_live(decoder, live, precision)
        if manifest["live"]["reason"] is None:
            manifest["live"]["agreement"] = None if agreement is None else agreement.to_dict()
        progress.update()
        progress.set_description(f"{path}: writing")
        seal(path, manifest, parts | _parts(decoder) | graphs)
        progress.update()


def compiled(decoder: Decoder, precision: Precision = "int8", readout: ReadoutGraph | None = None) -> CompiledDecoder:
    """The graph that a rig runs of a fitted decoder, without a file; raise `InputError` where it cannot run live.

    An already exported `readout` may be given; it is changed.
    """
    manifest = _manifest(decoder)
    manifest["live"], graphs = live_parts(decoder, precision, readout)
    return CompiledDecoder(Path("(not saved)"), "", manifest, _parts(decoder) | graphs)


def _manifest(decoder: Decoder) -> dict[str, Any]:
    """The bundle's description, without the network and how it runs live."""
    settings, linear = decoder.settings, decoder.linear_
    fitted = {name: _span(value) for name in FITTED if (value := getattr(linear.adapter, f"{name}_", None)) is not None}
    if linear.whitener is not None:
        fitted["shrinkage"] = linear.whitener.shrinkage_
        if not isnan(linear.whitener.n_effective_):
            fitted["n_effective"] = linear.whitener.n_effective_
    low, high = decoder.feature_low_, decoder.feature_high_
    return {
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
        # Also stored in the adapter's arrays; here people can read it.
        "adapter": json.loads(linear.adapter.to_arrays()["params"].tobytes()),
        "readout": settings.readout.to_dict(),
        "probabilities": settings.probabilities,
        "decision": settings.decision.to_dict(),
        "calibration": None if decoder.calibration_ is None else decoder.calibration_.to_dict(),
        "targets": decoder.targets.to_dict(),
        "answers": list(decoder.entry_.answers),
        "fitted": fitted,
        "feature_names": list(decoder.feature_names_),
        "unit": decoder.unit_,
        "rate_hz": decoder.rate_hz_,
        "feature_low": None if low is None else low.tolist(),
        "feature_high": None if high is None else high.tolist(),
        "space": described_space(decoder.space_),
        "fitted_on": None if decoder.fitted_on_ is None else dict(decoder.fitted_on_),
    }


def _arrays(decoder: Decoder) -> dict[str, NDArray]:
    linear = decoder.linear_
    arrays = {f"adapter.{name}": array for name, array in linear.adapter.to_arrays().items() if name != "params"}
    if linear.whitener is not None:
        arrays |= {f"whitener.{name}": array for name, array in linear.whitener.to_arrays().items()}
    arrays["targets"] = decoder.entry_.targets
    if decoder.entry_.discriminant is not None:
        arrays |= {f"discriminant.{name}": array for name, array in vars(decoder.entry_.discriminant).items()}
    return {name: np.asarray(array, order="C") for name, array in arrays.items()}


def _parts(decoder: Decoder) -> dict[str, bytes]:
    """The parts that a rig reads besides its graphs."""
    features = decoder.linear_.features
    return ({} if features is None else {FEATURES: packed(features)}) | reference_part(decoder.space_)


def _graphs_if_live(decoder: Decoder, live: Live, precision: Precision) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest's part on running live, and the parts for it."""
    if live == "never":
        return {"reason": 'it was saved with live="never"'}, {}
    if decoder.feature_low_ is None:
        return {"reason": "it was fitted by a hotwire that did not keep the range of its features; fit it again"}, {}
    try:
        return live_parts(decoder, precision)
    except InputError as error:
        return {"reason": str(error)}, {}


def _require_rebuilds(settings: Settings, manifest: Mapping[str, Any]) -> None:
    """Raise on saving, not only on loading, where a decoder cannot be rebuilt."""
    try:
        again = settings_from(json.loads(json.dumps(manifest, allow_nan=False)), settings.adapter)
    except (TypeError, ValueError) as error:
        raise BundleError(f"decoder: cannot be saved: {error}") from error
    for name in ("steps", "window", "features", "readout", "fit_steps", "fit_window", "decision"):
        before, after = getattr(settings, name), getattr(again, name)
        if before != after:
            raise BundleError(f"decoder: {name} cannot be saved: {before!r} would come back as {after!r}")


def _span(value: ArrayLike) -> float | list[float]:
    """A number; of several, the least and the largest."""
    numbers = np.asarray(value, np.float64)
    return [float(numbers.min()), float(numbers.max())] if numbers.ndim else float(numbers)
