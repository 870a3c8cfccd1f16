"""Files and folders opened with Neo: which of its readers, and the segments they hold."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from ....errors import MissingExtraError, RecordingError, UnknownNameError
from ..damaged import reading

REFUSED = ("PickleIO", "ElphyIO")
"""They run code that is in a file."""
COMPLAINT = "cannot be read by Neo"
NEO_FILES = (
    *(".plx", ".pl2", ".nev", ".ns1", ".ns2", ".ns3", ".ns4", ".ns5", ".ns6", ".ncs", ".nse", ".ntt", ".smr", ".smrx"),
    *(".rhd", ".rhs", ".abf", ".nex", ".trc", ".mcd", ".oebin", ".continuous", ".spikes", ".tbk", ".axgd", ".lfp"),
)
"""Endings that no other reader of hotwire takes, of the most common formats."""


def segments_of(path: Path, format: str | None) -> list[Any]:
    """Return Neo's segments, one after the other, in all blocks; samples are not read yet where Neo can wait.

    Errors
    ------
    RecordingError where the file cannot be read, or where several of Neo's readers fit.
    """
    opened = _reader(path, format)
    with reading(path, COMPLAINT), warnings.catch_warnings(action="ignore"):
        blocks = opened(str(path)).read(lazy=True) if opened.support_lazy else opened(str(path)).read()
        segments = [segment for block in blocks for segment in block.segments]
    if not segments:
        raise RecordingError(f"{path}: Neo finds no segment in it")
    return segments


def loaded(path: Path, item: Any) -> Any:
    """Return what Neo has not read yet."""
    with reading(path, COMPLAINT), warnings.catch_warnings(action="ignore"):
        return item.load() if hasattr(item, "load") else item


def _reader(path: Path, format: str | None) -> Any:
    try:
        import neo.io
    except ImportError as error:
        raise MissingExtraError("reading this format needs neo; install hotwire[neo]") from error
    if not path.exists():
        raise RecordingError(f"{path}: there is no such file or folder")
    known = {one.__name__: one for one in neo.io.iolist if one.__name__ not in REFUSED}
    if format is not None:
        if format not in known:
            raise UnknownNameError("format", format, known)
        return known[format]
    try:
        found = [one.__name__ for one in neo.io.list_candidate_ios(path)]
    except ValueError:
        found = []
    fitting = [name for name in found if name in known]
    if len(fitting) != 1:
        names = fitting or [name for name in known]
        raise RecordingError(
            f"{path}: format: expected the name of one of Neo's readers, {len(fitting) or 'none'} of them fit its "
            f"ending; give format = {names[0]!r} or another one of {', '.join(names)}"
        )
    return known[fitting[0]]
