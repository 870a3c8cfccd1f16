"""Markers from LabStreamingLayer, on their own link, which may break and come back while samples continue."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from threading import Event, Thread

import pylsl
from pylsl.util import LostError

from ...decoder.recordings.markers import read_marker
from ...errors import StreamNotFoundError
from .lsl_link import Link
from .source import Marker, MarkersChange

ATTEMPT_S = 0.1
"""The length of one attempt to find the stream; after it the search can be ended."""
PAUSE_S = 0.2
"""Between attempts, because one ends at once if several streams have the name."""
REPORT_S = 5.0
"""A failed search is reported only after this time, because a stream that comes back takes a second to answer."""
GOODBYE_S = 5.0


class LslMarkers:
    """A marker stream by its name: one channel, irregular, of text or numbers.

    It is searched for in its own thread, because connecting takes a second and decisions must not wait. After a loss it
    is found by its source_id, or by its name if it has none. ``is_open``: samples need not wait for it any more.
    """

    def __init__(self, name: str, buffer_s: float) -> None:
        self._link = Link("marker stream", {"name": name}, _not_markers, buffer_s, needs_source_id=False)
        self._search: _Search | None = None
        self._news: list[MarkersChange] = []
        self.is_open = False

    def __str__(self) -> str:
        return str(self._link)

    def connect(self) -> str | None:
        """Search for the stream, if this is not done already, and return why it is not connected.

        None if it is connected or the first attempt still runs; ``is_open`` says which.
        """
        if self._search is None and not self._link.connected:
            self._search = _Search(self._link)
        goes_on = self._search is not None and self._search.goes_on  # before the next line: it may connect and end now
        if not self._link.connected:
            assert self._search is not None
            return self._search.why if goes_on else "the search failed, as standard error tells"
        if self._search is not None:
            self._search.give_up()  # it has ended already, or does so at once
            self._search = None
        self.is_open = True
        self._news.append(MarkersChange(True, f"{self._link} is there"))
        return None

    @property
    def sees_match(self) -> bool:
        """Whether the last search saw a stream of that name, even an unsuitable one."""
        return self._link.sees_match

    def go_on_without(self, why: str) -> None:
        """Let samples begin without markers; the search continues."""
        self.is_open = True
        self._news.append(MarkersChange(False, why))
        if self._search is not None:
            self._search.is_reported()

    def search_again(self, why: str) -> None:
        """Drop the connection, which may be dead without an error, and search again."""
        if self.is_open and self._search is None:
            self._link.drop()
            self._news.append(MarkersChange(False, f"{self._link} is looked for again: {why}"))
            self._search = _Search(self._link)

    def pull(self) -> list[Marker | MarkersChange]:
        """Return the new markers, and whether the stream went or came back, without waiting."""
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
                label, duration_s = read_marker(value.decode(errors="replace") if isinstance(value, bytes) else value)
                came.append(Marker(label, stamp_s + self._link.correction_s(), duration_s, pylsl.local_clock()))
        except LostError:
            came.append(MarkersChange(False, f"{self._link.lost()}. It is looked for; samples go on"))
            self._search = _Search(self._link)
            return came

    def close(self) -> None:
        """Disconnect. A later search takes any stream of that name."""
        if self._search is not None:
            self._search.give_up()
            self._search = None
        self._link.close()
        self._news.clear()
        self.is_open = False


class _Search:
    """Connects a link in a thread, without a time limit. Nothing else may use the link in the meantime.

    ``why`` is the message of the last attempt.
    """

    def __init__(self, link: Link) -> None:
        self.why: str | None = None
        self._link = link
        self._reported: bool | None = None  # whether the last report said that a stream matches
        self._messages: SimpleQueue[str] = SimpleQueue()
        self._given_up = Event()
        self._thread = Thread(target=self._run, name=f"search for {link}", daemon=True)
        self._thread.start()

    @property
    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def is_reported(self) -> None:
        """Note that it was already reported that no stream matches."""
        self._reported = False
        self.messages()

    def messages(self) -> list[str]:
        """Return the new messages that should be reported."""
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
