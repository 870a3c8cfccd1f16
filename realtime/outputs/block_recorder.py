"""The raw stream of a session in blocks, as one XDF file in which every block is a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from ...errors import RecordingError
from ..decision import LiveDecision
from ..sources.source import Chunk, Marker, StreamInfo
from .xdf import XdfRecorder


class BlockRecorder:
    """Writes all blocks to one file, which must not exist before.

    Breaks are not recorded: readers see missing samples and begin a new run. A marker waits until `write_marker` writes
    it, so that every event in the file has its whole trial. Raises RecordingError if the file cannot be written any
    more; what was written before can be read.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self._recorder = XdfRecorder(path)
        self._is_begun = False
        self._held: list[Marker] = []

    def open(self, info: StreamInfo) -> None:
        """Begin a block."""
        if not self._is_begun:
            with self._naming():
                self._recorder.open(info)
            self._is_begun = True

    def write(self, chunk: Chunk) -> None:
        with self._naming():
            self._recorder.write(chunk)

    def marker(self, marker: Marker) -> None:
        """Let a marker wait."""
        self._held.append(marker)

    def write_marker(self, marker: Marker) -> None:
        """Write a waiting marker: its trial is complete."""
        self._held.remove(marker)
        with self._naming():
            self._recorder.marker(marker)

    def decision(self, decision: LiveDecision) -> None:
        """Nothing is decided while a decoder is taught."""

    def close(self) -> None:
        """End a block; markers that still wait are dropped."""
        self._held.clear()

    def end(self) -> None:
        """Close the file."""
        with self._naming():
            self._recorder.close()

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RecordingError(
                f"{self.path}: cannot be written any more: {error}. What was written before can be read; make room, "
                "and go on with a new session"
            ) from error
