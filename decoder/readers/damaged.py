"""What other packages raise while they read a file, as one of hotwire's errors that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import HotwireError, RecordingError

SMALL_BYTES = 1 << 20
"""What best can be packed becomes a thousand times larger: files smaller than this hold no more than 1 GB."""


@contextmanager
def reading(path: Path, complaint: str) -> Iterator[None]:
    """Turn whatever is raised inside into a RecordingError: the path, the complaint, and what was said.

    For calls of other packages: nobody lists all that nibabel, MNE-Python, pyxdf, scipy, h5py and numpy raise for
    damaged bytes, plain `Exception` included. A lack of memory stays what it is, unless the file is so small that
    nothing in it can fill a memory: then its sizes are damaged.

    Examples
    --------
    >>> with reading(Path("a.nii"), "cannot be read as NIfTI"):
    ...     raise KeyError("n1")
    Traceback (most recent call last):
        ...
    hotwire.errors.RecordingError: a.nii: cannot be read as NIfTI: KeyError: 'n1'
    """
    try:
        yield
    except HotwireError:
        raise
    except MemoryError as error:
        size = path.stat().st_size if path.is_file() else SMALL_BYTES
        if size >= SMALL_BYTES:
            raise
        raise RecordingError(
            f"{path}: {complaint}: it promises far more than can be in its {size} bytes; it is damaged"
        ) from error
    except Exception as error:
        said = " ".join(str(error).split())
        if not said or isinstance(error, LookupError | AttributeError | TypeError | AssertionError):
            said = ": ".join([type(error).__name__, *([said] if said else [])])
        raise RecordingError(f"{path}: {complaint}: {said}") from error
