"""What activations depend on: the network, how it prepares stimuli, and each stimulus; as plain data, and as a key."""

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
from ..files import sha256_of, sha256_of_file
from ..networks.network import Network

# Packages whose other versions may round differently, or open a picture differently.
_PACKAGES = ("hotwire", "numpy", "onnxruntime", "pillow", "tokenizers", "torch", "transformers")
_MAX_DEPTH = 4


def ingredients_of(network: Network, stimuli: Sequence[Any] | np.ndarray) -> dict[str, Any]:
    """Return all that activations are computed from, as JSON data.

    Stimuli are arrays, PIL images, paths of files, texts, bytes, or lists, tuples and mappings of them; anything else
    is an `InputError`.
    """
    kind = type(network)
    return {
        "network": network.name,
        "fingerprint": network.fingerprint,
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "code": code_of_class(kind, Network),
        "settings": _in_clear(network.settings()),
        "layers": {name: list(shape) for name, shape in network.layers.items()},
        "versions": versions(),
        "n_stimuli": len(stimuli),
        "stimuli": sha256_of(*(content_of(stimuli[position]) for position in range(len(stimuli)))),
    }


def key_of(ingredients: Mapping[str, Any]) -> str:
    """A key of 32 hexadecimal digits; different ingredients have different keys.

    Examples
    --------
    >>> key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1}) != key_of({"a": 1})
    True
    """
    return sha256_of(json.dumps(ingredients, sort_keys=True))[:32]


def content_of(stimulus: Any) -> str:
    """SHA-256 of a stimulus: its pixels, its bytes or its text, never its address in memory.

    It is an `InputError` if the content of this kind of stimulus cannot be read.

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
        # Only the network knows whether it is a text or a picture's path; a path means the content of the file.
        if os.path.isfile(name):
            digest.update(b" file " + bytes.fromhex(sha256_of_file(name)))
    elif isinstance(value, Mapping):
        _feed(digest, list(value.items()))
    elif isinstance(value, list | tuple):
        digest.update(f"items {len(value)} ".encode())
        for item in value:
            _feed(digest, item)
    elif isinstance(value, bytes | bytearray):
        digest.update(f"bytes {len(value)} ".encode() + value)
    elif hasattr(value, "getpalette"):  # a PIL image, without importing PIL for those who have none
        form = value.mode, value.size, value.getpalette(), value.info.get("transparency")
        digest.update(f"picture {form} ".encode() + value.tobytes())
    elif isinstance(value, bool | int | float) or hasattr(value, "__array__"):
        _feed_array(digest, np.asarray(value), value)
    else:
        raise InputError(
            f"stimuli: expected arrays, pictures, paths, texts or bytes, whose content identifies them, got a "
            f"{type(value).__name__}"
        )


def _feed_array(digest: Any, array: np.ndarray, value: Any) -> None:
    if not array.dtype.hasobject:
        digest.update(f"array {array.dtype.str} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    elif array.ndim:
        _feed(digest, [array.shape, *array.ravel().tolist()])
    else:
        raise InputError(f"stimuli: expected one whose content can be read, got a {type(value).__name__}")


def versions() -> dict[str, str]:
    """The versions of the packages that activations depend on."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # then it is not used here
            continue
    return versions


def code_of_class(kind: type, base: type) -> str:
    """Digest of a class's code: its functions, up to those that all that inherit from `base` share."""
    digest = hashlib.sha256()
    for one in kind.__mro__[: kind.__mro__.index(base)]:
        for name, value in sorted(vars(one).items()):
            function = getattr(value, "__func__", getattr(value, "__wrapped__", value))
            if isinstance(function, FunctionType):
                digest.update(f"{name} {_code(function.__code__)}\n".encode())
    return digest.hexdigest()


def _in_clear(value: Any, depth: int = 0) -> Any:
    """A setting as plain data: functions by name and code, with their defaults and the variables they enclose."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | os.PathLike):
        return str(value)
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return f"array {content_of(value)}"
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if depth == _MAX_DEPTH:
        return kind
    deeper = partial(_in_clear, depth=depth + 1)
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
    """Digest of a function's code, independent of its position in the file."""
    consts = [_const(const) for const in code.co_consts]
    return sha256_of(repr((code.co_code, code.co_names, consts)))


def _const(value: Any) -> str:
    if isinstance(value, CodeType):
        return _code(value)
    # The order of a set differs between processes.
    return repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value)
