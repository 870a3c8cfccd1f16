"""Signed bundles: what is not signed with the rig's key is refused."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hotwire.decoder.bundle import signature
from hotwire.decoder.bundle.sealed import describe, seal
from hotwire.decoder.bundle.signature import RequiredSignature, new_keys, sign
from hotwire.errors import BundleError, InputError

MANIFEST = {
    "decodes": "gist",
    "hotwire": "0",
    "created": "now",
    "layer": "4",
    "versions": {},
    "network": {},
    "timing": {},
    "beam": {},
    "graphs": {},
    "meter": {},
    "live": {},
    "fitted_on": {},
    "steps": [],
    "feature_names": ["a"],
    "unit": "uV",
    "rate_hz": 1.0,
    "words_per_s": 1.0,
}


class Loaded:
    """A decoder that was loaded."""

    def __init__(self, path: object) -> None:
        self.digest = describe(str(path))["digest"]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    seal(tmp_path / "my.hotwire", MANIFEST, {})
    return tmp_path / "my.hotwire"


def test_what_was_signed_is_taken_and_nothing_else(bundle: Path, tmp_path: Path) -> None:
    key, public = new_keys(tmp_path / "lab")
    required = RequiredSignature(public)
    with pytest.raises(BundleError, match=r"my\.hotwire: it is not signed, expected my\.hotwire\.sig beside it"):
        required.load(bundle, Loaded)
    assert sign(bundle, key) == tmp_path / "my.hotwire.sig"
    assert required.load(bundle, Loaded).digest == describe(bundle)["digest"]

    seal(bundle, MANIFEST | {"created": "later"}, {})  # another bundle beside the old signature
    with pytest.raises(BundleError, match="is not the signature of this bundle"):
        required.load(bundle, Loaded)
    other, _ = new_keys(tmp_path / "stranger")
    sign(bundle, other)
    with pytest.raises(BundleError, match="signed with another key, or changed since"):
        required.load(bundle, Loaded)


def test_what_was_exchanged_while_it_was_loaded_is_refused(bundle: Path, tmp_path: Path) -> None:
    key, public = new_keys(tmp_path / "lab")
    sign(bundle, key)

    def exchanged(path: object) -> Loaded:
        seal(str(path), MANIFEST | {"created": "later"}, {})
        return Loaded(path)

    with pytest.raises(BundleError, match="is not the signature of this bundle"):
        RequiredSignature(public).load(bundle, exchanged)


@pytest.mark.parametrize("content", [b"", b"not base64!", b"\xff" * 20_000, b"AAAA"])
def test_a_damaged_signature_is_refused(bundle: Path, tmp_path: Path, content: bytes) -> None:
    _, public = new_keys(tmp_path / "lab")
    (tmp_path / "my.hotwire.sig").write_bytes(content)
    with pytest.raises(BundleError, match="is not the signature"):
        RequiredSignature(public).load(bundle, Loaded)


def test_keys_are_not_overwritten_and_the_private_one_is_its_owners(tmp_path: Path) -> None:
    key, public = new_keys(tmp_path / "lab")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(InputError, match="never overwritten"):
        new_keys(key)
    with pytest.raises(InputError, match="expected a public key"):
        RequiredSignature(key)
    with pytest.raises(InputError, match="expected a private key"):
        sign_with_public(tmp_path, public)
    with pytest.raises(InputError, match=r"there is no such file; `hotwire keys KEY`"):
        RequiredSignature(tmp_path / "none.pub")
    with pytest.raises(InputError, match="in a folder that exists"):
        new_keys(tmp_path / "nowhere" / "lab")


def sign_with_public(folder: Path, public: Path) -> None:
    seal(folder / "a.hotwire", MANIFEST, {})
    signature.sign(folder / "a.hotwire", public)
