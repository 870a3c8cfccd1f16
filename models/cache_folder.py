"""The folder of hotwire's files, which other processes share: its path, locks, and errors."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from ..errors import AssetError, DiskSpaceError

if TYPE_CHECKING:
    from filelock import FileLock

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
PATIENCE_S = 2.0
"""Nobody waits longer without a word."""


def cache_folder() -> Path:
    """Return the folder named by the environment variable ``HOTWIRE_CACHE``, or hotwire's in the user's cache."""
    chosen = os.environ.get("HOTWIRE_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("hotwire", appauthor=False)


def lock_of(path: Path, timeout_s: float = -1) -> FileLock:
    """Return the lock of a file or folder, a hidden file next to it."""
    from filelock import FileLock

    return FileLock(path.with_name(f".{path.name}.lock"), timeout=timeout_s)


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Raise an AssetError that says what to do where a folder cannot be read or written, or its disk is full."""
    try:
        yield
    except OSError as error:
        what_to_do = "set HOTWIRE_CACHE to a folder that can be written"
        if error.errno in DISK_FULL:
            raise DiskSpaceError(f"{folder}: the disk is full; make room, or {what_to_do}") from error
        raise AssetError(f"{folder} cannot be used: {error}; {what_to_do}") from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a file or folder against other processes during the block; it is said where another one has to end first."""
    from filelock import Timeout
    from tqdm import tqdm

    lock = lock_of(path)
    with usable(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=PATIENCE_S)
        except Timeout:
            tqdm.write(f"Waiting for another process that makes {path}.", file=sys.stderr)
            lock.acquire(timeout=-1)
    try:
        yield
    finally:
        lock.release()
