"""The streams in an XDF file, as pyxdf reads them, without an incomplete chunk at the end."""

from __future__ import annotations

import io
import logging
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....errors import MissingExtraError, RecordingError
from ..damaged import reading
from .chunks import whole_part


class XdfStream(NamedTuple):
    """One stream of a file: its description, its values (n_samples, n_channels) or texts, and their stamps.

    Texts are empty where the stream does not say; the nominal rate is zero for irregular streams; the stamps are in
    seconds, on one clock for all streams; `closed` says whether the recorder wrote the stream's end.
    """

    name: str
    type: str
    source_id: str
    rate_hz: float
    format: str
    channel_names: list[str]
    units: list[str]
    values: Any
    stamps: NDArray[np.float64]
    closed: bool

    @property
    def is_signal(self) -> bool:
        return self.format != "string" and self.rate_hz > 0

    @property
    def is_markers(self) -> bool:
        return self.format == "string" or (self.rate_hz == 0 and len(self.channel_names) == 1)

    def __str__(self) -> str:
        return (
            f"{self.name!r} (type {self.type!r}, source_id {self.source_id!r}, {len(self.channel_names)} channels of "
            f"{self.format} at {self.rate_hz:g} Hz, {len(self.stamps)} samples)"
        )


def load_streams(path: Path) -> tuple[list[XdfStream], int]:
    """Return the streams, on one clock, and how many bytes of a torn chunk at the end are left out."""
    try:
        import pyxdf
    except ImportError as error:
        raise MissingExtraError("reading XDF needs pyxdf; install hotwire[all]") from error
    if not path.is_file():
        raise RecordingError(f"{path}: there is no such file")
    complaints = _Complaints(logging.ERROR)
    logger = logging.getLogger(pyxdf.load_xdf.__module__)
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(complaints)
    try:
        with reading(path, "cannot be read as XDF"):
            n_whole, n_torn = whole_part(path)
            with open(path, "rb") as file:
                content = io.BytesIO(file.read(n_whole)) if n_torn else file
                with np.errstate(divide="ignore"):  # it works out a rate that is not used here
                    loaded, _ = pyxdf.load_xdf(content, dejitter_timestamps=False)
            streams = [_stream(one) for one in loaded]
    finally:
        logger.removeHandler(complaints)
        logger.propagate = propagates
    if complaints.messages:
        raise RecordingError(f"{path}: is damaged; pyxdf says: {complaints.messages[0]}")
    return streams, n_torn


class _Complaints(logging.Handler):
    """Collects what pyxdf only logs when it leaves data out."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def _stream(loaded: dict[str, Any]) -> XdfStream:
    info = loaded["info"]
    n_channels = int(info["channel_count"][0])
    described = _inside(info, "desc", "channels")
    channels = described.get("channel", [])
    if len(channels) != n_channels:
        channels = [{}] * n_channels
    return XdfStream(
        name=_text(info, "name"),
        type=_text(info, "type"),
        source_id=_text(info, "source_id"),
        rate_hz=float(info["nominal_srate"][0]),
        format=_text(info, "channel_format"),
        channel_names=_distinct([_text(channel, "label") or f"channel_{i}" for i, channel in enumerate(channels, 1)]),
        units=[_text(channel, "unit") or "a.u." for channel in channels],
        values=loaded["time_series"],
        stamps=np.asarray(loaded["time_stamps"], np.float64),
        closed="footer" in loaded,
    )


def _distinct(names: list[str]) -> list[str]:
    """Names that occur several times are numbered, as MNE-Python does: C3-0, C3-1."""
    return [f"{name}-{names[:i].count(name)}" if names.count(name) > 1 else name for i, name in enumerate(names)]


def joined_parts(parts: list[XdfStream]) -> XdfStream | None:
    """The one stream, or that of which a recorder took the parts for others after a restart; None if there is none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    parts = sorted(parts, key=lambda one: one.stamps[0] if len(one.stamps) else np.inf)
    first = parts[0]
    same = [one._replace(values=None, stamps=first.stamps, closed=True) for one in parts]
    ends = [one.stamps[[0, -1]] for one in parts if len(one.stamps)]
    overlap = any(later[0] <= earlier[1] for earlier, later in pairwise(ends))
    if not first.source_id or overlap or any(one != same[0] for one in same[1:]):
        return None
    values = [one.values for one in parts]
    return first._replace(
        values=[row for some in values for row in some] if first.format == "string" else np.concatenate(values),
        stamps=np.concatenate([one.stamps for one in parts]),
        closed=all(one.closed for one in parts),
    )


def _inside(element: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the first element at this path of names; empty where there is none."""
    for name in names:
        element = (element.get(name) or [None])[0] or {}
    return element


def _text(element: dict[str, Any], name: str) -> str:
    return (element.get(name) or [None])[0] or ""
