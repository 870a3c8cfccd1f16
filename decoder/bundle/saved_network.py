"""How a bundle describes its network, and opens it again."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ...errors import BundleError, InputError
from ...models.networks.network import Network
from ...models.networks.onnx_network import OnnxNetwork
from ...models.networks.opening import LANGUAGE_MODELS, SENTENCE_ENCODERS, SPEECH_RECOGNISERS, VISION, open_network
from .sealed import NETWORK, naming


def described(network: Network, *, embedded: bool) -> dict[str, Any]:
    """The manifest's part on the network: what identifies it, and how to open it again."""
    in_registry = network.name in (*LANGUAGE_MODELS, *VISION, *SENTENCE_ENCODERS, *SPEECH_RECOGNISERS)
    seconds = getattr(network, "seconds", None)  # only where a network is opened for a length of sound
    return {
        "name": network.name,
        "reopen": "onnx" if embedded else "registry" if in_registry else "given",
        "fingerprint": network.fingerprint,
        "prompt": getattr(network, "prompt", None),
        "labels": None if network.labels is None else list(network.labels),
        **({} if seconds is None else {"seconds": seconds}),
    }


def reopened(saved: Mapping[str, Any], parts: Mapping[str, bytes], path: str | PathLike[str]) -> Network:
    """Open the network again, from the registry or from the bundle; a BundleError says what to do where that fails."""
    if saved["reopen"] == "registry":
        return open_network(saved["name"], prompt=saved["prompt"], seconds=saved.get("seconds"))
    if saved["reopen"] == "onnx" and NETWORK in parts:
        with tempfile.TemporaryDirectory() as folder, naming(path, InputError):
            model = Path(folder) / NETWORK
            model.write_bytes(parts[NETWORK])
            return OnnxNetwork(model, name=saved["name"], labels=saved["labels"])
    raise BundleError(
        f"{path}: its network {saved['name']!r} is neither of the registry nor in the bundle; give it: "
        "--network FOLDER on the command line, load(path, network=...) in Python"
    )


def check_network(network: Network, saved: Mapping[str, Any]) -> None:
    """Raise unless weights, prompt, length of sound and labels are those that the decoder was fitted with."""
    seconds = getattr(network, "seconds", None)
    if seconds != saved.get("seconds"):
        raise BundleError(
            f"it was fitted with {saved['name']!r} opened for {saved.get('seconds')} s of sound, but {network.name!r} "
            f"is for {seconds}; open it with as many seconds"
        )
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
