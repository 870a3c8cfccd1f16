"""The file format of a bundle: a zip of stored parts, sealed by a digest over all its bytes.

The first part is ``manifest.json``, which lists the SHA-256 of every other. The zip's comment, the last 64 bytes of the
file, is the SHA-256 of all bytes before it in hexadecimal. Nothing is compressed and nothing can be executed. The page
``docs/format.md`` describes all of it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from ...errors import BundleError
from ...models.files import sha256_of, whole_file
from ...models.networks.language.graph_pass import ENTER, GO_ON

FORMAT = 11
"""Raised whenever an older hotwire could not read, or would misread, new files. 2: with parts to run live.
3: with features of trials. 4: with whitening in factors. 5: with calibrated probabilities and a rule for decisions.
6: with readouts that are fitted, and whitening by residuals. 7: with decoders of gist. 8: with the space of volumes.
9: with the weights that two graphs share in a part of their own. 10: with what is usual of words. 11: with the rate of
words.
"""

MANIFEST = "manifest.json"
ARRAYS, NETWORK = "arrays.safetensors", "network.onnx"
DECIDE, SPEAK, VOCABULARY = "decide.onnx", "speak.onnx", "vocabulary.json"
WEIGHTS = "weights.bin"  # of both graphs
FEATURES = "features.npz"  # which a rig reads, too
GIST = "gist.npz"
REFERENCE = "reference.npy"  # which a rig reads, too
PARTS = (ARRAYS, NETWORK, DECIDE, SPEAK, WEIGHTS, VOCABULARY, FEATURES, GIST, REFERENCE, ENTER, GO_ON)
LARGEST_PART_BYTES = 8 * 2**30
SEAL_BYTES = 64
_LEAST_BYTES = 22 + SEAL_BYTES  # the end record of a zip without any part
_ENCRYPTED = 0x1

Decodes = Literal["classes", "gist"]

_NONE = type(None)
_FIELDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("parts", "versions", "network", "window", "adapter", "readout", "targets", "fitted"), (dict,)),
    **dict.fromkeys(("hotwire", "created", "layer", "whiten"), (str,)),
    **dict.fromkeys(("steps", "feature_names"), (list,)),
    "unit": (str, list),
    "rate_hz": (float, int),
}
_FIELDS_SINCE_2 = {"answers": (list,), "feature_low": (list, _NONE), "feature_high": (list, _NONE), "live": (dict,)}
_FIELDS_SINCE_3 = {"features": (dict, _NONE)}
_FIELDS_SINCE_5 = {"probabilities": (str,), "decision": (dict,), "calibration": (dict, _NONE)}
_GIST_FIELDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("parts", "versions", "network", "timing", "beam", "graphs", "meter", "live"), (dict,)),
    "fitted_on": (dict,),
    **dict.fromkeys(("hotwire", "created", "layer"), (str,)),
    **dict.fromkeys(("steps", "feature_names"), (list,)),
    "unit": (str, list),
    **dict.fromkeys(("rate_hz", "words_per_s"), (float, int)),
}
_BEFORE_5 = {"probabilities": "network", "decision": {}, "calibration": None}
_NETWORK_FIELDS = {
    **dict.fromkeys(("name", "reopen", "fingerprint"), (str,)),
    "prompt": (str, _NONE),
    "labels": (list, _NONE),
}


class Contents(NamedTuple):
    """A sealed file's manifest, the requested parts, and its SHA-256."""

    manifest: dict[str, Any]
    parts: dict[str, bytes]
    digest: str


def seal(path: str | os.PathLike[str], manifest: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
    """Write a sealed file; it gets its name only when it is complete.

    The manifest has to be ready for JSON; ``format`` and ``parts`` are added to it. A BundleError is raised where a
    part is too large to be read again.
    """
    for name, content in parts.items():
        if len(content) > LARGEST_PART_BYTES:
            raise BundleError(f"{path}: {name} has {len(content)} bytes, expected at most {LARGEST_PART_BYTES}")
    digests = {name: sha256_of(content) for name, content in parts.items()}
    text = json.dumps({"format": FORMAT, **manifest, "parts": digests}, indent=1, allow_nan=False)
    with whole_file(path) as file:
        with ZipFile(file, "w") as archive:
            for name, content in {MANIFEST: text.encode(), **parts}.items():
                # The same on every machine and at any time.
                entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.compress_type = ZIP_STORED
                entry.create_system = 3
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, content)
            archive.comment = b"0" * SEAL_BYTES
        digest = _digest(file)
        file.seek(-SEAL_BYTES, os.SEEK_END)
        file.write(digest)


def unseal(
    path: str | os.PathLike[str], wanted: Collection[str] = PARTS, decodes: Decodes | None = "classes"
) -> Contents:
    """Read a sealed file and check every byte of it; parts that are not wanted are checked and dropped.

    A BundleError is raised where the file is missing, damaged, incomplete, of a newer format, no bundle, or the bundle
    of a decoder of another kind (None: any will do).
    """
    if not Path(path).is_file():
        raise BundleError(f"{path}: there is no such file; `hotwire fit STUDY` writes a bundle")
    with naming(path, BadZipFile, EOFError, NotImplementedError, ValueError), open(path, "rb") as file:
        digest = _check_seal(file)
        with ZipFile(file) as archive:
            entries = _entries(archive, os.fstat(file.fileno()).st_size)
            manifest = _manifest(archive.read(entries[MANIFEST]))
            if decodes is not None and manifest["decodes"] != decodes:
                raise BundleError(f"expected a decoder of {decodes}, got one of {manifest['decodes']}")
            _check_parts(manifest["parts"], entries)
            parts = {}
            for name, expected in manifest["parts"].items():
                content = archive.read(entries[name])
                if (got := sha256_of(content)) != expected:
                    raise BundleError(f"{name} was changed: the manifest expects SHA-256 {expected}, it has {got}")
                if name in wanted:
                    parts[name] = content
    return Contents(manifest, parts, digest)


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a bundle's description of itself, and its ``digest``; every byte is checked, nothing is opened.

    A BundleError is raised where the file is damaged, incomplete, too new or no bundle.
    """
    manifest, _, digest = unseal(path, wanted=(), decodes=None)
    return {**manifest, "digest": digest}


def part_of(parts: Mapping[str, bytes], name: str) -> bytes:
    """Return one of a bundle's parts; raise `BundleError` where it is missing."""
    if name not in parts:
        raise BundleError(f"the part {name!r} is missing; there are: {', '.join(parts) or 'none'}")
    return parts[name]


@contextmanager
def naming(path: str | os.PathLike[str], *kinds: type[Exception]) -> Iterator[None]:
    """Name the file in a BundleError raised inside; raise errors of these kinds as such BundleErrors, too."""
    try:
        yield
    except (BundleError, *kinds) as error:
        raise BundleError(f"{path}: {error}") from error


def _digest(file: BinaryIO) -> bytes:
    """SHA-256, in hexadecimal, of all bytes before the seal."""
    digest = hashlib.sha256()
    left = file.seek(0, os.SEEK_END) - SEAL_BYTES
    file.seek(0)
    while block := file.read(min(left, 1 << 20)):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest().encode()


def _check_seal(file: BinaryIO) -> str:
    """Check all bytes, and return the SHA-256 at the end of the file."""
    size, start = os.fstat(file.fileno()).st_size, file.read(4)
    if size < _LEAST_BYTES or start != b"PK\x03\x04":
        raise BundleError(
            f"expected a saved decoder, a zip of at least {_LEAST_BYTES} bytes; got {size} bytes that begin "
            f"with {start!r}"
        )
    expected, got = _digest(file), file.read()
    if got != expected:
        raise BundleError(
            f"it was changed or cut off since it was saved; expected it to end with {expected.decode()}, the "
            f"SHA-256 of what comes before, got {got!r}. Copy it again from where it came"
        )
    return got.decode()


def _entries(archive: ZipFile, size: int) -> dict[str, ZipInfo]:
    """The zip's entries by name; none may unpack to more bytes than the file has."""
    entries: dict[str, ZipInfo] = {}
    for entry in archive.infolist():
        name = entry.filename
        if name in entries:
            raise BundleError(f"the part {name!r} is there twice")
        if entry.compress_type != ZIP_STORED or entry.flag_bits & _ENCRYPTED or entry.file_size != entry.compress_size:
            raise BundleError(
                f"expected parts that are stored as they are; {name!r} is compressed or encrypted "
                f"({entry.compress_size} bytes for {entry.file_size})"
            )
        if entry.file_size > LARGEST_PART_BYTES:
            raise BundleError(f"{name!r} has {entry.file_size} bytes, expected at most {LARGEST_PART_BYTES} for a part")
        entries[name] = entry
    declared = sum(entry.file_size for entry in entries.values())
    if declared > size:
        raise BundleError(f"its parts claim {declared} bytes, but the whole file has {size}")
    if MANIFEST not in entries:
        raise BundleError(f"expected a part {MANIFEST}, got {', '.join(entries) or 'none'}")
    return entries


def _manifest(text: bytes) -> dict[str, Any]:
    """The manifest, with the fields that older formats lack."""
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{MANIFEST} is no readable JSON: {error}") from error
    number = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise BundleError(f"{MANIFEST}: expected 'format', a whole number from 1 on, got {number!r}")
    if number > FORMAT:
        raise BundleError(
            f"written by a newer hotwire ({manifest.get('hotwire', 'of unknown version')}) in format {number}, "
            f"this one reads formats up to {FORMAT}; upgrade hotwire"
        )
    manifest.setdefault("decodes", "classes")
    _check_types("", {"space": None} | manifest, {"space": (dict, _NONE)})
    if manifest["decodes"] == "gist":
        _check_types("", manifest, _GIST_FIELDS)
        return manifest
    _check_types("", manifest, _FIELDS)
    _check_types("network: ", manifest["network"], _NETWORK_FIELDS)
    if number < 5:
        manifest |= _BEFORE_5
    else:
        _check_types("", manifest, _FIELDS_SINCE_5)
    if number < 2:
        of_old = f"hotwire {manifest['hotwire']} saved it without the parts to run live; fit it again"
        return manifest | {"feature_low": None, "feature_high": None, "features": None, "live": {"reason": of_old}}
    _check_types("", manifest, _FIELDS_SINCE_2)
    _check_types("live: ", manifest["live"], {"reason": (str, _NONE)})
    if number < 3:
        return manifest | {"features": None}
    _check_types("", manifest, _FIELDS_SINCE_3)
    return manifest


def _check_types(where: str, got: Mapping[str, Any], expected: Mapping[str, tuple[type, ...]]) -> None:
    for name, kinds in expected.items():
        if name not in got:
            raise BundleError(f"manifest: {where}expected the field {name!r}, got only {', '.join(got)}")
        if not isinstance(got[name], kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise BundleError(f"manifest: {where}{name}: expected {wanted}, got {got[name]!r}")


def _check_parts(listed: Mapping[str, str], entries: Mapping[str, ZipInfo]) -> None:
    for name in listed:
        if name not in entries:
            raise BundleError(f"the part {name!r} is missing; there are: {', '.join(entries)}")
    for name in [*listed, *entries]:
        if name not in PARTS and (name != MANIFEST or name in listed):
            raise BundleError(f"unknown part {name!r}; expected {MANIFEST} and {' or '.join(PARTS)}")
        if name not in listed and name != MANIFEST:
            raise BundleError(f"the part {name!r} is not in the manifest, which lists: {', '.join(listed)}")
