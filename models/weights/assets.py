"""Assets on this machine: fetched, checked and removed.

An asset is *ready* when its folder in the cache is complete; `fetch` makes it so. Opening a ready asset needs no
network and imports nothing heavy::

    <cache>/<asset name>/           the ready files and ``asset.json``, their list with sizes and SHA-256
    <cache>/downloads/              archives put there by hand, for machines without a network
"""

from __future__ import annotations

import shutil
from pathlib import Path

from ...errors import AssetError, ChecksumError
from ..cache_folder import cache_folder
from ..files import sha256_of_file
from .manifest import is_complete, read_manifest
from .registry import asset


def is_ready(name: str) -> bool:
    """Whether an asset, and all that it needs, is complete in the cache.

    Every file must have the size it had when it was made and checked; `verify` reads them all again.
    """
    wanted = asset(name)
    return is_complete(wanted, cache_folder() / name) and all(is_ready(needed) for needed in wanted.needs)


def fetch(name: str) -> Path:
    """The folder of an asset, made ready first if it is not: downloaded, checked, unpacked and converted.

    The download goes to a temporary folder and is deleted when the asset is ready. A run that fails leaves nothing; a
    run that is killed leaves nothing that a later run would use as complete.

    Parameters
    ----------
    name : str
        A name of the registry.

    Returns
    -------
    Path
        The folder in the cache. A network's has ``model.safetensors`` and, where transformers opens it, ``config.json``
        and the tokenizer; those of recordings and labels have their members' files.

    Raises
    ------
    UnknownNameError
        There is no such asset.
    DownloadError
        No network, or the index lacks the file; the message says how to provide it by hand.
    ChecksumError
        The file is not the one registered. It has been removed.
    DiskSpaceError
        The disk is too full.
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

    It is an AssetError if the asset is not ready, and a ChecksumError that names the file if one has changed.
    """
    wanted = asset(name)
    folder = cache_folder() / name
    if not is_complete(wanted, folder):
        raise AssetError(f"{name} is not in {folder}, or not complete; fetch it first")
    for file, expected in read_manifest(folder)["files"].items():
        now = sha256_of_file(folder / file)
        if now != expected["sha256"]:
            raise ChecksumError(
                f"{folder / file} has changed since it was made: SHA-256 {expected['sha256']} expected, "
                f"{now} found; remove {name} and fetch it again"
            )


def remove(name: str) -> None:
    """Delete an asset from the cache, if it is there."""
    folder = cache_folder() / asset(name).name
    if folder.exists():
        shutil.rmtree(folder)
