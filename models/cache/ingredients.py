"""What activations depend on: the network, how it is shown its stimuli, and each of them; in clear, and as a key."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from ...errors import InputError
from ..networks.network import Network

# Packages whose other versions may round otherwise, or open a picture otherwise.
_PACKAGES = ("hotwire", "numpy", "onnxruntime", "pillow", "tokenizers", "torch", "transformers")
_DEEPEST = 4


def ingredients_of(network: Network, stimuli: Sequence[Any] | np.ndarray) -> dict[str, Any]:
    """Tell all that activations are computed from, ready for JSON.

    Parameters
    ----------
    network : Network
    stimuli : sequence of length n_stimuli
        Arrays, PIL images, paths of files, texts, bytes, or lists, tuples and mappings of them.

    Raises
    ------
    InputError
        A stimulus is something else.
    """
    together = hashlib.sha256()
    for position in range(len(stimuli)):
        together.update(content_of(stimuli[position]).encode())
    kind = type(network)
    return {
        "network": network.name,
        "fingerprint": network.fingerprint,
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "computation": _computation_of(network),
        "shown_by": {name: _told(getattr(network, name, None)) for name in ("_prepare", "_max_tokens")},
        "layers": {name: list(shape) for name, shape in network.layers.items()},
        "versions": _versions(),
        "n_stimuli": len(stimuli),
        "stimuli": together.hexdigest(),
    }


def key_of(ingredients: Mapping[str, Any]) -> str:
    """A name for what they make, 32 hexadecimal digits; other ingredients give another one.

    Examples
    --------
    >>> key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1}) != key_of({"a": 1})
    True
    """
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()[:32]


def content_of(stimulus: Any) -> str:
    """SHA-256 of a stimulus: its pixels, its bytes or its text, never where it lies in memory.

    Raises
    ------
    InputError
        It is of a kind whose content cannot be told.

    Examples
    --------
    >>> content_of("a cat") == content_of("a " + "cat") != content_of("a dog")
    True
    >>> content_of(np.zeros((2, 3))) == content_of(np.zeros((3, 2)))
    False
    """
    digest = hashlib.sha256()
    _feed(digest, stimulus)
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, str | os.PathLike):
        name = os.fsdecode(value)
        digest.update(f"text {len(name)} ".encode() + name.encode("utf-8", "surrogatepass"))
        # Whether it is a text or a picture's path, the network knows; a path means what is in the file.
        if os.path.isfile(name):
            with open(name, "rb") as file:
                digest.update(b" file " + hashlib.file_digest(file, "sha256").digest())
    elif isinstance(value, Mapping):
        _feed(digest, list(value.items()))
    elif isinstance(value, list | tuple):
        digest.update(f"items {len(value)} ".encode())
        for item in value:
            _feed(digest, item)
    elif isinstance(value, bytes | bytearray):
        digest.update(f"bytes {len(value)} ".encode() + value)
    elif hasattr(value, "getpalette"):  # a PIL image, without importing PIL for those who have none
        shown = value.mode, value.size, value.getpalette(), value.info.get("transparency")
        digest.update(f"picture {shown} ".encode() + value.tobytes())
    elif isinstance(value, bool | int | float) or hasattr(value, "__array__"):
        _feed_array(digest, np.asarray(value), value)
    else:
        raise InputError(
            f"stimuli: expected arrays, pictures, paths, texts or bytes, whose content tells them apart, got a "
            f"{type(value).__name__}"
        )


def _feed_array(digest: Any, array: np.ndarray, value: Any) -> None:
    if array.dtype.hasobject:
        if not array.ndim:
            raise InputError(f"stimuli: the content of a {type(value).__name__} cannot be told")
        _feed(digest, [array.shape, *array.ravel().tolist()])
        return
    digest.update(f"array {array.dtype.str} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # then it computes nothing here
            continue
    return found


def _computation_of(network: Network) -> str:
    """Digest what the network does with its weights: its class's code, and the graph or configuration it runs."""
    digest = hashlib.sha256()
    for kind in type(network).__mro__[: type(network).__mro__.index(Network)]:
        for name, value in sorted(vars(kind).items()):
            function = getattr(value, "__func__", getattr(value, "__wrapped__", value))
            if isinstance(function, FunctionType):
                digest.update(f"{name} {_code(function.__code__)}\n".encode())
    # By what they have, not by their classes: importing these would import torch.
    traced: Any = getattr(network, "_traced", None)
    model: Any = getattr(network, "_model", None)
    if traced is not None:
        digest.update(str(traced.root).encode())
    if hasattr(model, "SerializeToString"):
        digest.update(model.SerializeToString(deterministic=True))
    if hasattr(model, "config"):
        digest.update(model.config.to_json_string().encode())
    return digest.hexdigest()


def _told(value: Any, depth: int = 0) -> Any:
    """A setting in clear: functions by name and code, with what they were given."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | os.PathLike):
        return str(value)
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return f"array {content_of(value)}"
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if depth == _DEEPEST:
        return kind
    deeper = partial(_told, depth=depth + 1)
    if isinstance(value, list | tuple):
        return [deeper(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): deeper(item) for name, item in value.items()}
    if isinstance(value, partial):
        return {"function": deeper(value.func), "arguments": deeper(value.args), **deeper(value.keywords)}
    if isinstance(value, FunctionType):
        name = f"{value.__module__}.{value.__qualname__}"
        given = [cell.cell_contents for cell in value.__closure__ or ()] + [value.__defaults__, value.__kwdefaults__]
        return {"name": name, "code": _code(value.__code__)[:16], "given": deeper(given)}
    return {"kind": kind, **deeper(getattr(value, "__dict__", {}))}


def _code(code: CodeType) -> str:
    """Digest what a function does, wherever it stands in its file."""
    consts = [_const(const) for const in code.co_consts]
    return hashlib.sha256(repr((code.co_code, code.co_names, consts)).encode()).hexdigest()


def _const(value: Any) -> str:
    if isinstance(value, CodeType):
        return _code(value)
    # A set has another order in each process.
    return repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value)
