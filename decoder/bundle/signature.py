"""Signed bundles: a rig that asks for a signature runs only what the holder of a key has signed (Ed25519, RFC 8032).

The signature lies beside the bundle as ``BUNDLE.sig``, in base64. It is over the bundle's SHA-256, which is checked
against every byte whenever a bundle is read.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ...errors import BundleError, InputError, MissingExtraError
from ...models.files import write_whole
from .sealed import describe

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE, PUBLIC = ".sig", ".pub"
_MOST_BYTES = 10_000


class _Loaded(Protocol):
    @property
    def digest(self) -> str: ...


Decoder = TypeVar("Decoder", bound=_Loaded)


def new_keys(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write a new private key, readable by its owner only, and its public key, ``PATH.pub``; return both paths.

    InputError if one of the files exists.
    """
    ed25519, serialization = _cryptography()
    path = Path(path)
    public_path = Path(f"{path}{PUBLIC}")
    for one in (path, public_path):
        if one.exists():
            raise InputError(f"{one}: there is such a file already, and a key is never overwritten; name another")
    key = ed25519.Ed25519PrivateKey.generate()
    pem, raw = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, raw)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileNotFoundError as error:
        raise InputError(f"{path}: expected a file in a folder that exists: {error}") from error
    with os.fdopen(file, "wb") as private_file:
        private_file.write(private)
    write_whole(public_path, key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return path, public_path


def sign(bundle: str | os.PathLike[str], key: str | os.PathLike[str]) -> Path:
    """Check a bundle and sign it with a private key; return the signature's path, ``BUNDLE.sig``."""
    digest = describe(bundle)["digest"]
    return write_whole(f"{bundle}{SIGNATURE}", base64.b64encode(_private_key(key).sign(_message(digest))) + b"\n")


class RequiredSignature:
    """Takes only bundles that were signed with the private key of a public one.

    Parameters
    ----------
    public_key : path
        As `new_keys` writes it.

    Raises
    ------
    InputError
        There is no such file, or it is no public key.
    MissingExtraError
        The package cryptography is not installed.
    """

    def __init__(self, public_key: str | os.PathLike[str]) -> None:
        self.path = Path(public_key)
        self._key = _public_key(self.path)

    def load(self, bundle: str | os.PathLike[str], load: Callable[[str | os.PathLike[str]], Decoder]) -> Decoder:
        """Check a bundle's signature, load it, and check that just this was loaded; else raise BundleError."""
        self.check(bundle, describe(bundle)["digest"])
        decoder = load(bundle)
        self.check(bundle, decoder.digest)
        return decoder

    def check(self, bundle: str | os.PathLike[str], digest: str) -> None:
        """Raise BundleError unless the signature beside a bundle is the key's, over a bundle of this SHA-256."""
        from cryptography.exceptions import InvalidSignature

        path = Path(f"{bundle}{SIGNATURE}")
        if not path.is_file():
            raise BundleError(
                f"{bundle}: it is not signed, expected {path.name} beside it; `hotwire sign {Path(bundle).name} --key "
                "KEY` signs it"
            )
        try:
            with path.open("rb") as file:
                signature = base64.b64decode(file.read(_MOST_BYTES), validate=False)
            self._key.verify(signature, _message(digest))
        except (InvalidSignature, ValueError) as error:
            raise BundleError(
                f"{bundle}: {path.name} is not the signature of this bundle by {self.path}. It was signed with another "
                "key, or changed since: do not use it unless you know why"
            ) from error


def _message(digest: str) -> bytes:
    return f"hotwire bundle {digest}".encode()


def _private_key(path: str | os.PathLike[str]) -> Ed25519PrivateKey:
    ed25519, serialization = _cryptography()
    key = _read_key(path, "private", lambda pem: serialization.load_pem_private_key(pem, None))
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise InputError(f"{path}: expected a private key of Ed25519, got another; `hotwire keys` makes one")
    return key


def _public_key(path: str | os.PathLike[str]) -> Ed25519PublicKey:
    ed25519, serialization = _cryptography()
    key = _read_key(path, "public", serialization.load_pem_public_key)
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise InputError(f"{path}: expected a public key of Ed25519, got another; `hotwire keys` makes one")
    return key


def _read_key(path: str | os.PathLike[str], kind: str, read: Callable[[bytes], Any]) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such file; `hotwire keys KEY` writes a pair, KEY and KEY{PUBLIC}")
    with Path(path).open("rb") as file:
        pem = file.read(_MOST_BYTES)
    try:
        return read(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(
            f"{path}: expected a {kind} key as `hotwire keys` writes it (PEM, without a password)"
        ) from error


def _cryptography() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingExtraError("signatures need the package cryptography; install hotwire[sign]") from error
    return ed25519, serialization
