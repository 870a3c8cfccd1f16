"""Arrays kept on disk as .npz files: there whole or not at all, and known to be undamaged when they are read again."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...models.cache.files import whole_file


def keep_arrays(path: Path, arrays: Mapping[str, NDArray]) -> Path:
    """Write arrays so that the file is there whole or not at all; one that is there is replaced."""
    with whole_file(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    return path


def kept_arrays(path: Path, wanted: Callable[[str], bool] = lambda name: True) -> dict[str, NDArray] | None:
    """Read what `keep_arrays` wrote; the whole file is checked against its checksums.

    Parameters
    ----------
    path : Path
    wanted : callable, optional
        Whether an array of that name is to be read; by default all are.

    Returns
    -------
    dict of str to array, or None
        None where there is no such file, or it is damaged.
    """
    try:
        with path.open("rb") as file:
            with zipfile.ZipFile(file) as members:
                if members.testzip() is not None:
                    return None
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays if wanted(name)}
    # What zipfile makes of damaged headers: unknown methods of compression, encryption, names that are not there.
    except (OSError, ValueError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return None
