"""Outputs without a network: a file of JSON lines, a function."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import InputError
from ...errors.printable import json_text
from ..decision import LiveDecision, Output, Status
from ..live_decoder import LiveDecoder
from ..live_feedback import LiveFeedback
from ..live_text import LiveText
from ..sources.source import StreamInfo
from .appending import append_whole

PACKAGES = ("hotwire", "numpy", "onnxruntime", "pylsl")


class JsonLines(Output):
    """Writes every decision and every change of state as a line of JSON.

    A line is one ``os.write`` to the end of the file: a kill -9 loses at most the current line. A session begins with a
    line of the type ``"start"``; the next session in the same file follows it.

    Parameters
    ----------
    path : path
        Created if necessary; an existing file is extended.
    settings : mapping, optional
        The session's settings, written into its first line.

    Raises
    ------
    InputError
        There is no such folder, or the path is a folder.
    """

    def __init__(self, path: str | PathLike[str], settings: Mapping[str, Any] | None = None) -> None:
        self.path = Path(path)
        self.settings = dict(settings or {})
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise InputError(f"{self.path}: expected a file in a folder that exists: {error}") from error
        if _ends_within_a_line(self._fd):
            append_whole(self._fd, b"\n")

    def open(self, info: StreamInfo, decoder: LiveDecoder) -> None:
        self._write(
            {
                "type": "start",
                "at": datetime.now(UTC).isoformat(),
                "bundle": decoder.digest,
                "bundle_path": str(decoder.path),
                "stream": asdict(info),
                "settings": self.settings,
                "versions": {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES},
            }
        )

    def decision(self, decision: LiveDecision) -> None:
        self._write(decision.to_dict())

    def text(self, text: LiveText) -> None:
        self._write(text.to_dict())

    def feedback(self, feedback: LiveFeedback) -> None:
        self._write(feedback.to_dict())

    def status(self, status: Status) -> None:
        self._write(status.to_dict())

    def close(self) -> None:
        os.fsync(self._fd)
        os.close(self._fd)

    def _write(self, record: dict[str, Any]) -> None:
        append_whole(self._fd, json_text(record).encode("utf-8") + b"\n")


class Lines(NamedTuple):
    """The records in a file of JSON lines, in order, and the numbers (from 1) of the lines that are incomplete.

    ``record["type"]`` is ``"start"``, ``"decision"``, ``"text"``, ``"feedback"`` or ``"status"``.
    """

    records: list[dict[str, Any]]
    torn: list[int]


def read_decisions(path: str | PathLike[str]) -> Lines:
    """Read a file of `JsonLines`. Incomplete lines are skipped and their numbers returned; InputError if there is no
    file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    records = [(number, _record(line)) for number, line in enumerate(path.read_bytes().split(b"\n"), start=1) if line]
    return Lines(
        records=[record for _, record in records if record is not None],
        torn=[number for number, record in records if record is None],
    )


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _ends_within_a_line(fd: int) -> bool:
    size = os.lseek(fd, 0, os.SEEK_END)
    if not size:
        return False
    os.lseek(fd, size - 1, os.SEEK_SET)
    return os.read(fd, 1) != b"\n"


class Callback(Output):
    """Calls a function with every published decision, in the deciding thread, so it should be quick."""

    def __init__(self, function: Callable[[LiveDecision], object]) -> None:
        self.function = function

    def decision(self, decision: LiveDecision) -> None:
        if not decision.shadow:
            self.function(decision)
