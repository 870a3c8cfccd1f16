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

ATTEMPT_S = 0.1
"""How long one attempt to find the stream lasts: so soon the search can be given up."""
PAUSE_S = 0.2
"""Between attempts, as one may end at once, where several streams have the name."""
REPORT_S = 5.0
"""What the search sees, none or one that cannot be taken, is reported when it has seen it for so long: the one that
comes back takes a second to answer."""
GOODBYE_S = 5.0


class LslMarkers:
    """The stream of markers of a name: one channel, irregular, of text or numbers.

    It is searched for in a thread of its own, at first and when it is gone, as connecting takes a second in which
    decisions must not wait. One that had a source_id comes back with it; one that had none is known by its name, as at
    first. ``is_open`` says that samples need not wait for it any more.
    """

    def __init__(self, name: str, buffer_s: float) -> None:
        self._link = Link("marker stream", {"name": name}, _not_markers, buffer_s, needs_source_id=False)
        self._search: _Search | None = None
        self._news: list[MarkersChange] = []
        self.is_open = False

    def __str__(self) -> str:
        return str(self._link)

    def connect(self) -> str | None:
        """Search for the stream, if that is not done already, and say why it is not connected.

        None: it is, or the first attempt is not over yet; ``is_open`` tells which.
        """
        if self._search is None and not self._link.connected:
            self._search = _Search(self._link)
        if not self._link.connected:
            assert self._search is not None
            return self._search.why if self._search.goes_on else "the search failed, as standard error tells"
        if self._search is not None:
            self._search.messages()  # of no use any more
        self.is_open = True
        return None

    @property
    def sees_match(self) -> bool:
        """Whether the last search saw a stream of that name, if one that cannot be taken."""
        return self._link.sees_match

    def go_on_without(self, why: str) -> None:
        """Let samples begin without markers; the search goes on."""
        self.is_open = True
        self._news.append(MarkersChange(False, why))
        if self._search is not None:
            self._search.is_reported()

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
            came += [MarkersChange(False, why) for why in self._search.messages()]
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
                text = value.decode(errors="replace") if isinstance(value, bytes) else f"{value:g}"
                label, duration_s = read_marker(text)
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

    ``why`` is what the last attempt said.
    """

    def __init__(self, link: Link) -> None:
        self.why: str | None = None
        self._link = link
        self._reported: bool | None = None  # whether a stream that matches was seen, as was reported last
        self._messages: SimpleQueue[str] = SimpleQueue()
        self._given_up = Event()
        self._thread = Thread(target=self._run, name=f"search for {link}", daemon=True)
        self._thread.start()

    @property
    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def is_reported(self) -> None:
        """Somebody else has reported that no stream matches."""
        self._reported = False
        self.messages()

    def messages(self) -> list[str]:
        """Return what it saw since the last call, where that is worth saying."""
        messages: list[str] = []
        while True:
            try:
                messages.append(self._messages.get_nowait())
            except Empty:
                return messages

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
                self.why = str(error)
                if self._link.sees_match != sees_match:
                    sees_match, since_s = self._link.sees_match, time.monotonic()
                elif sees_match != self._reported and time.monotonic() - since_s >= REPORT_S:
                    self._reported = sees_match
                    self._messages.put(str(error))
                self._given_up.wait(PAUSE_S)


def _not_markers(info: pylsl.StreamInfo) -> str:
    if info.nominal_srate() > 0:
        return "has a regular rate: these are samples, not markers"
    return "" if info.channel_count() == 1 else "has several channels; markers come in one"


def read_marker(text: str) -> tuple[str, float | None]:
    """Return a marker's label and its duration, where it says one.

    >>> read_marker("face"), read_marker('{"label": "face", "duration_s": 15}')
    (('face', None), ('face', 15.0))
    """
    if text.lstrip().startswith("{"):
        try:
            given = json.loads(text)
            duration_s = None if given.get("duration_s") is None else float(given["duration_s"])
            if duration_s is None or (isfinite(duration_s) and duration_s >= 0):
                return str(given["label"]), duration_s
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            pass  # not an object of ours: the text itself is the label
    return text, None
