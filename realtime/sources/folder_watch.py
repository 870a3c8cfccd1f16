"""The files of a folder that are complete, each once, and again where it is rewritten."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from ...errors import RecordingError
from ..clock import Clock
from .source import Refusal

LOOK_EVERY_S = 0.05
"""How often the folder is checked; a file that did not change for this time is complete."""
INCOMPLETE_S = 5.0
"""A file that did not change for this time and cannot be read is none that is being written."""
MOST_NAMED = 10

Content = TypeVar("Content")


class _Written(NamedTuple):
    """A file's size and time; they change when something is written."""

    n_bytes: int
    at_ns: int


class FolderWatch(Generic[Content]):
    """Reads files that appear in a folder, once they did not change between two checks.

    A file that cannot be read is tried again whenever it changes, as it may still be written. One that did not change
    for 5 s is refused: counted, and named if it is not one of many.

    Parameters
    ----------
    folder : Path
    matches : function
        Whether a file of this name is looked at.
    read : function
        Returns what is in a file; None, or a RecordingError, if it is not whole.
    incomplete : str
        What is said of a file that stays so.
    clock : Clock
    """

    def __init__(
        self,
        folder: Path,
        matches: Callable[[str], bool],
        read: Callable[[Path], Content | None],
        incomplete: str,
        clock: Clock,
    ) -> None:
        self.folder = folder
        self.refused: dict[str, str] = {}
        """What was said of each file that was refused, by its name."""
        self._matches, self._read_file, self._incomplete_is, self._clock = matches, read, incomplete, clock
        self._looks: dict[str, tuple[_Written, float]] = {}
        self._read: dict[str, _Written] = {}
        self._incomplete: dict[str, str] = {}
        self._refusals: list[Refusal] = []

    def look(self) -> Iterator[tuple[str, Content]]:
        """Yield the name and the content of every file that is complete since the last call; OSError if the folder
        cannot be read.
        """
        with os.scandir(self.folder) as entries:
            names = sorted(entry.name for entry in entries if self._matches(entry.name))
        for name in names:
            content = self._look_at(name)
            if content is not None:
                yield name, content

    def refuse(self, name: str, why: str) -> None:
        """Count and name a file, once, that is not taken."""
        if name in self.refused:
            return
        self.refused[name] = f"{name} {why}"
        n = len(self.refused)
        more = "; further files are only counted" if n == MOST_NAMED else ""
        self._refusals.append(
            Refusal("files_refused", f"no volume: {self.refused[name]}{more}" if n <= MOST_NAMED else "")
        )

    def refusals(self) -> list[Refusal]:
        """Return the refusals since the last call."""
        refusals, self._refusals = self._refusals, []
        return refusals

    def newest_s(self) -> float:
        """When the newest file that was read was written, in seconds since 1970; 0 before the first."""
        return max((written.at_ns for written in self._read.values()), default=0) / 1e9

    def rest(self, until_s: float) -> bool:
        """Wait until the next check; return whether there is one before ``until_s``."""
        left_s = until_s - self._clock.now()
        self._clock.sleep(min(LOOK_EVERY_S, left_s))
        return left_s > 0

    def __str__(self) -> str:
        names = sorted(os.listdir(self.folder))
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        refused = "".join(f". {why}" for why in list(self.refused.values())[:MOST_NAMED])
        return f"the folder holds {', '.join(names[:MOST_NAMED]) or 'nothing'}{more}{refused}"

    def _look_at(self, name: str) -> Content | None:
        path, now_s = self.folder / name, self._clock.now()
        try:
            stat = path.stat()
            written = _Written(stat.st_size, stat.st_mtime_ns)
            before, since_s = self._looks.setdefault(name, (written, now_s))
            waited_s = now_s - since_s
            if written != before:
                self._looks[name] = written, now_s
                return None
            if waited_s < LOOK_EVERY_S:
                return None
            if self._read.get(name) == written:
                if name in self._incomplete and waited_s >= INCOMPLETE_S:
                    self.refuse(name, self._incomplete[name])
                return None
            self._read[name] = written
            content = self._read_file(path)
        except FileNotFoundError:
            return None  # renamed: the next check reads it
        except OSError as error:  # perhaps still open in the writer: the next check tries again
            self._read.pop(name, None)
            if now_s - self._looks[name][1] >= INCOMPLETE_S:
                self.refuse(name, f"cannot be read: {error}")
            return None
        except RecordingError as error:
            self._incomplete[name] = f"is damaged: {str(error).removeprefix(f'{path}: ')}"
            return None
        if content is None:
            self._incomplete[name] = self._incomplete_is
            return None
        self._incomplete.pop(name, None)
        return content
