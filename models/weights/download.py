"""Making an asset ready: download, check, take out, convert, and only then move into place.

Everything is made in one temporary folder beside the final one. A lock lets one process at a time make an
asset, so whatever lies in that temporary folder while nobody holds the lock was left by a run that died, and
is swept away at the next. The finished folder gets its name in one step.
"""

from __future__ import annotations

import errno
import os
import shutil
import tarfile
import time
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

from ...errors import AssetError, ChecksumError, DiskSpaceError, DownloadError, MissingExtraError
from ..cache.files import sha256_of_file
from .assets import Asset, Member, is_complete, write_manifest

try:
    import requests
    from filelock import FileLock, Timeout
    from pypi_simple import (
        PYPI_SIMPLE_ENDPOINT,
        NoSuchProjectError,
        PyPISimple,
        UnsupportedRepoVersionError,
        tqdm_progress_factory,
    )
except ModuleNotFoundError as missing:
    raise MissingExtraError(
        f"fetching weights or data needs the package {missing.name}; run: pip install 'hotwire[all]'"
    ) from missing

TIMEOUT_S = (10, 60)  # to connect; between two chunks
RETRY_WAITS_S = (1.0, 4.0)

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def make_ready(wanted: Asset, cache: Path) -> None:
    """Make an asset's folder in the cache. Two processes may try at once: the second waits for the first.

    Raises
    ------
    DownloadError, ChecksumError, DiskSpaceError, MissingExtraError, AssetError
        See `hotwire.models.weights.assets.fetch`. Nothing half made is left behind.
    """
    convert = _converter(wanted)
    target, making = cache / wanted.name, cache / f".{wanted.name}.making"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        sweep_dead(cache)
        with FileLock(cache / f".{wanted.name}.lock"):
            if is_complete(wanted, target):
                return
            _sweep(making)
            making.mkdir()
            try:
                _make(wanted, cache, making, convert)
                _sweep(target)
                os.replace(making / "ready", target)
            except Exception as error:
                if _says_disk_full(error):
                    raise _disk_space_error(wanted, cache) from error
                raise
            finally:
                _sweep(making)
    except OSError as error:
        raise AssetError(
            f"{wanted.name}: the cache folder {cache} cannot be used: {error}. "
            "Set HOTWIRE_CACHE to a folder that can be written"
        ) from error


def sweep_dead(cache: Path) -> None:
    """Delete what runs that died left in the cache, of whichever asset; what a living one makes is locked."""
    for making in cache.glob(".*.making"):
        with suppress(Timeout), FileLock(making.with_suffix(".lock"), timeout=0):
            _sweep(making)


def download(wanted: Asset, cache: Path, folder: Path) -> Path:
    """The checked archive of an asset: from the cache's ``downloads``, put there by hand, or into ``folder``.

    Raises
    ------
    DownloadError
        It is not to be had, after some attempts where the connection is to blame.
    ChecksumError
        It is not the file registered. It has been removed, from ``downloads`` too.
    """
    archive = cache / "downloads" / wanted.filename
    if not archive.exists():
        archive = folder / wanted.filename
        for wait_s in (*RETRY_WAITS_S, None):
            try:
                _download_once(wanted, archive)
                break
            except (
                requests.RequestException,
                NoSuchProjectError,
                UnsupportedRepoVersionError,
                ValueError,
            ) as error:
                if wait_s is None or not _is_passing(error):
                    raise _download_error(wanted, cache, error) from error
                time.sleep(wait_s)
    _check(archive, wanted.sha256)
    return archive


def extract(archive: Path, members: tuple[Member, ...], folder: Path) -> None:
    """Take these members, and nothing else, out of a wheel or source archive; each is checked."""
    with ExitStack() as stack:
        open_member: Callable[[str], IO[bytes] | None]
        if zipfile.is_zipfile(archive):
            open_member = stack.enter_context(zipfile.ZipFile(archive)).open
        else:
            open_member = stack.enter_context(tarfile.open(archive)).extractfile
        for member in members:
            try:
                source = open_member(member.path)
            except KeyError:
                source = None
            if source is None:
                raise AssetError(f"{archive.name} should hold the file {member.path}, but does not")
            with source, (folder / member.file).open("wb") as file:
                shutil.copyfileobj(source, file, length=1 << 20)
            _check(folder / member.file, member.sha256)


def convert_pth(source: Path, folder: Path) -> None:
    """Write a PyTorch file of weights as ``model.safetensors``, all its tensors under their own names.

    Raises
    ------
    AssetError
        The file holds something else than tensors.
    """
    import torch
    from safetensors.torch import save_file

    weights: Any = torch.load(source, map_location="cpu", weights_only=True)
    if not isinstance(weights, dict) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise AssetError(f"{source.name} should hold tensors by name and nothing else")
    weights = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _make(wanted: Asset, cache: Path, making: Path, convert: Callable[[Path, Path], None] | None) -> None:
    if shutil.disk_usage(cache).free < wanted.making_bytes:
        raise _disk_space_error(wanted, cache)
    ready, taken_out = making / "ready", making / "taken-out"
    ready.mkdir()
    taken_out.mkdir()
    archive = download(wanted, cache, making)
    if convert is None:
        extract(archive, wanted.members, ready)
    else:
        (member,) = wanted.members
        extract(archive, wanted.members, taken_out)
        convert(taken_out / member.file, ready)
    write_manifest(wanted, ready)


def _converter(wanted: Asset) -> Callable[[Path, Path], None] | None:
    # Looked for before the download, so that a missing package is known at once.
    try:
        if wanted.converted == "gguf":
            from .gguf import convert_gguf

            return convert_gguf
        if wanted.converted == "pth":
            import torch  # noqa: F401

            return convert_pth
    except ModuleNotFoundError as missing:
        raise MissingExtraError(
            f"converting {wanted.name} needs the package {missing.name}; run: pip install 'hotwire[all]'"
        ) from missing
    return None


def _download_once(wanted: Asset, archive: Path) -> None:
    with PyPISimple(os.environ.get("HOTWIRE_INDEX_URL") or PYPI_SIMPLE_ENDPOINT) as index:
        page = index.get_project_page(wanted.project, timeout=TIMEOUT_S)
        found = [package for package in page.packages if package.filename == wanted.filename]
        if not found:
            raise ValueError(f"the index's page of {wanted.project} does not list it")
        index.download_package(
            found[0],
            archive,
            verify=False,  # `download` does, against the registry; a mirror may state no SHA-256 at all
            progress=tqdm_progress_factory(desc=wanted.name, unit="B", unit_scale=True, delay=1, disable=None),
            timeout=TIMEOUT_S,
            headers={"Accept-Encoding": "identity"},  # the very bytes, not a compressed transfer of them
        )
    size_bytes = archive.stat().st_size
    if size_bytes < wanted.size_bytes:
        raise requests.ConnectionError(f"cut off after {size_bytes:,} of {wanted.size_bytes:,} bytes")


def _is_passing(error: Exception) -> bool:
    """Whether another attempt may succeed: the connection or the server is in trouble, but did not say no."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error.response.status_code in (429, 500, 502, 503, 504)
    return isinstance(error, requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError)


def _check(path: Path, expected: str) -> None:
    found = sha256_of_file(path)
    if found != expected:
        path.unlink()
        raise ChecksumError(
            f"{path.name} is not the file expected and has been removed: SHA-256 {expected} expected, {found} found"
        )


def _download_error(wanted: Asset, cache: Path, error: Exception) -> DownloadError:
    if wanted.filename.endswith(".whl"):
        by_hand = f"run `pip download --no-deps {wanted.project}=={wanted.version}` on a machine with a network"
    else:  # pip would try to build a source archive before handing it over
        by_hand = f"take it from the files of {wanted.project} {wanted.version} on the Python package index"
    return DownloadError(
        f"{wanted.name}: {wanted.filename} ({_megabytes(wanted.size_bytes)}) could not be downloaded: "
        f"{error}. "
        f"Try again, or provide it by hand: {by_hand} and put it into {cache / 'downloads'}"
    )


def _disk_space_error(wanted: Asset, cache: Path) -> DiskSpaceError:
    return DiskSpaceError(
        f"{wanted.name}: {_megabytes(wanted.making_bytes)} needed in {cache}, "
        f"{_megabytes(shutil.disk_usage(cache).free)} free; make room or set HOTWIRE_CACHE to another folder"
    )


def _says_disk_full(error: Exception) -> bool:
    # safetensors writes from Rust; its errors carry the system's number only in their text
    return getattr(error, "errno", None) in _DISK_FULL or any(f"(os error {n})" in str(error) for n in _DISK_FULL)


def _sweep(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB"
