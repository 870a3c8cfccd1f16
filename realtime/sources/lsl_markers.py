"""Markers from LabStreamingLayer: a link of their own, which may break and come back while samples go on."""

from __future__ import annotations

import json
import time
from math import isfinite
from queue import Empty, SimpleQueue
from threading import Event, Thread

import pylsl
from pylsl.util import LostError

from ...errors import StreamNotFoundError
from .lsl_link import Link
from .source import Marker, MarkersChange

ATTEMPT_S = 0.5
"""How long one attempt to find the stream beside the samples lasts: so soon the search can be given up."""
PAUSE_S = 0.2
"""Between attempts, as one may end at once, where several streams have the name."""
TELL_S = 5.0
"""What the search sees, none or one that cannot be taken, is told when it has seen it for so long: the one that comes
back takes a second to answer."""
GOODBYE_S = 5.0


class LslMarkers:
    """The stream of markers of a name: one channel, irregular, of text or numbers.

    When it is gone it is searched for in a thread of its own, as connecting takes a second in which decisions must not
    wait. One that had a source_id comes back with it; one that had none is known by its name, as at first.

    Parameters
    ----------
    name : str
    buffer_s : float
        See `LslSource`.
    """

    def __init__(self, name: str, buffer_s: float) -> None:
        self._link = Link("marker stream", {"name": name}, _not_markers, buffer_s, needs_source_id=False)
        self._search: _Search | None = None
        self._news: list[MarkersChange] = []
        self.is_open = False

    def __str__(self) -> str:
        return str(self._link)

    def connect(self, until: float) -> None:
        """Connect for the first time; raises as `Link.connect` does."""
        self._link.connect(until)
        self.is_open = True
        self._news.append(MarkersChange(True, f"{self._link} is there"))

    @property
    def sees_match(self) -> bool:
        """Whether the last search saw a stream of that name, if one that cannot be taken."""
        return self._link.sees_match

    def go_on_without(self, why: str) -> None:
        """Let samples begin without markers; they are searched for beside them."""
        self.is_open = True
        self._news.append(MarkersChange(False, why))
        self._search = _Search(self._link, is_told=True)

    def search_again(self, why: str) -> None:
        """Give up the connection and search anew, where it may be dead without having said so."""
        if self.is_open and self._search is None:
            self._link.drop()
            self._news.append(MarkersChange(False, f"{self._link} is looked for again: {why}"))
            self._search = _Search(self._link)

    def pull(self) -> list[Marker | MarkersChange]:
        """Return what came since the last call, and whether the stream went or came back in between; never wait."""
        came: list[Marker | MarkersChange] = [*self._news]
        self._news.clear()
        if self._search is not None:
            came += [MarkersChange(False, why) for why in self._search.told()]
            if self._search.goes_on:
                return came
            self._search = None
            found = self._link.connected
            why = "is there" if found else "is not looked for any more: the search failed, as standard error tells"
            came.append(MarkersChange(found, f"{self._link} {why}"))
        if not self._link.connected:
            return came
        try:
            while True:
                values, stamp_s = self._link.inlet.pull_sample(timeout=0.0)
                if values is None or stamp_s is None:
                    return came
                value = values[0]
                label, duration_s = _read(value.decode(errors="replace") if isinstance(value, bytes) else f"{value:g}")
                came.append(Marker(label, stamp_s + self._link.correction_s(), duration_s, pylsl.local_clock()))
        except LostError:
            came.append(MarkersChange(False, f"{self._link.lost()}. It is looked for; samples go on"))
            self._search = _Search(self._link)
            return came

    def close(self) -> None:
        """Disconnect, and forget which stream it was."""
        if self._search is not None:
            self._search.give_up()
            self._search = None
        self._link.close()
        self._news.clear()
        self.is_open = False


class _Search:
    """Connects a link in a thread, for as long as it takes; nobody else may touch the link meanwhile.

    Parameters
    ----------
    link : Link
    is_told : bool
        That none is there is known already.
    """

    def __init__(self, link: Link, is_told: bool = False) -> None:
        self._link = link
        self._sees_match = False if is_told else None  # what was told last
        self._told: SimpleQueue[str] = SimpleQueue()
        self._given_up = Event()
        self._thread = Thread(target=self._run, name=f"search for {link}", daemon=True)
        self._thread.start()

    @property
    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def told(self) -> list[str]:
        """Return what it saw since the last call, where that is worth saying."""
        told: list[str] = []
        while True:
            try:
                told.append(self._told.get_nowait())
            except Empty:
                return told

    def give_up(self) -> None:
        self._given_up.set()
        self._thread.join(GOODBYE_S)

    def _run(self) -> None:
        sees_match, since_s = None, 0.0
        while not self._given_up.is_set():
            try:
                self._link.connect(time.monotonic() + ATTEMPT_S)
                return
            except StreamNotFoundError as error:
                if self._link.sees_match != sees_match:
                    sees_match, since_s = self._link.sees_match, time.monotonic()
                elif sees_match != self._sees_match and time.monotonic() - since_s >= TELL_S:
                    self._sees_match = sees_match
                    self._told.put(str(error))
                self._given_up.wait(PAUSE_S)


def _not_markers(info: pylsl.StreamInfo) -> str:
    if info.nominal_srate() > 0:
        return "has a regular rate: these are samples, not markers"
    return "" if info.channel_count() == 1 else "has several channels; markers come in one"


def _read(text: str) -> tuple[str, float | None]:
    """Return a marker's label and its duration, where it tells one.

    >>> _read("face"), _read('{"label": "face", "duration_s": 15}')
    (('face', None), ('face', 15.0))
    """
    if text.lstrip().startswith("{"):
        try:
            told = json.loads(text)
            duration_s = None if told.get("duration_s") is None else float(told["duration_s"])
            if duration_s is None or (isfinite(duration_s) and duration_s >= 0):
                return str(told["label"]), duration_s
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            pass  # not an object of ours: the text itself is the label
    return text, None
