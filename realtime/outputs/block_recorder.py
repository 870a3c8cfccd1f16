"""The raw stream of a session in blocks, as one XDF file in which every block is a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from ...errors import RecordingError
from ..sources.source import Chunk, Marker, StreamInfo
from .xdf import XdfRecorder


class BlockRecorder:
    """Goes on with the same file, which must not exist before, from block to block.

    Breaks are not recorded: readers see samples missing, and begin a new run. A marker is held back until it is said
    to be worth keeping, so that every event of the file has its whole trial. A RecordingError where the file cannot be
    written any more; what was written before can be read.
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
        """Hold a marker back."""
        self._held.append(marker)

    def write_marker(self, marker: Marker) -> None:
        """Write a marker that was held back: its trial is whole."""
        self._held.remove(marker)
        with self._naming():
            self._recorder.marker(marker)

    def close(self) -> None:
        """End a block; markers still held back are forgotten."""
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
