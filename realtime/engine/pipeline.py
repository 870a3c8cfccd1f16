"""One decoder on a stream: its steps, its windows, and the quality of its channels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...decoder.steps import open_chain
from ...decoder.steps.base import all_finite
from ...decoder.windows import Window, WindowRow
from ..stream_match import StreamMatch
from .broken_channels import bad_channels, filled, middle_of
from .quality import Quality

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder

QUALITY_S = 0.25
"""How often channels are checked, on a grid of samples, so that the result does not depend on the chunks."""


class Arrival(NamedTuple):
    """When samples arrived: ``pulled_s``, and ``newest_stamp_s`` of the newest one, both on the local clock.

    ``stop`` is one past that sample on the stream's grid.
    """

    pulled_s: float
    newest_stamp_s: float
    stop: int


class ReadyWindow(NamedTuple):
    """A window that is ready for a decision.

    ``row`` counts the samples of the stream. ``bad`` names the features that were flat or saturated in it. ``arrival``
    is that of the window's newest sample. ``rejected`` is the reason if there must be no decision.
    """

    row: WindowRow
    bad: tuple[str, ...]
    arrival: Arrival
    rejected: str | None = None


class Pipeline:
    """The steps and windows of a decoder, which receive a stream from its first sample on.

    ``window`` is the decoder's own, or another. ``match`` makes of the stream what the decoder takes. Samples are
    stored for ``history_s``, for late markers. Samples with NaN or infinity in at most a share
    ``max_bad`` of the features are `filled`; others are missing samples to the steps. ``n_nonfinite`` counts both,
    ``n_filled`` the former; ``nonfinite`` names the features that were not finite in the newest of them.
    """

    def __init__(
        self,
        decoder: CompiledDecoder,
        window: Window,
        match: StreamMatch,
        history_s: float,
        max_bad: float,
    ) -> None:
        self.decoder = decoder
        self.n_nonfinite = self.n_filled = 0
        self.nonfinite: tuple[str, ...] = ()
        self.rate_hz = match.rate_hz
        self._match = match
        self._max_bad = max_bad
        self._middle = middle_of(decoder.feature_low, decoder.feature_high)
        self._next = 0
        self._unwatched: NDArray[np.float32] | None = None
        n_features = len(decoder.feature_names)
        self._steps = (*match.steps, *decoder.steps)
        self._chain = open_chain(self._steps, decoder.feature_names, match.rate_hz)
        self._delay = ceil(self._chain.delay_samples)
        # The number of stream samples for one sample after the steps.
        self._stride = match.rate_hz / self._chain.rate_out_hz
        self._windows = window.open(len(self._chain.names_out), self._chain.rate_out_hz, history_s)
        self._quality = Quality(n_features, match.rate_hz, decoder.feature_low, decoder.feature_high)
        self._check_every = max(1, round(QUALITY_S * match.rate_hz))
        self._reasons: dict[int, str] = {}
        self._last_bad = np.full(n_features, -1, np.int64)
        self._newest_bad = -1

    @property
    def faults(self) -> dict[int, str]:
        """The features that cannot be trusted now, see `Quality.reasons`."""
        return self._quality.reasons()

    def announce(self, event: int, index: float, duration_s: float) -> None:
        """Announce a marker at a (fractional) sample of the stream; raises as `WindowState.announce` does."""
        self._windows.announce(event, index / self.rate_hz, duration_s)

    def push(self, samples: NDArray[np.float32], arrival: Arrival) -> list[ReadyWindow]:
        """Take the stream's next samples (n, n_channels) and return the windows they complete."""
        ready: list[ReadyWindow] = []
        for part in self._parts(self._match.features(samples)):
            self.watch()
            rows: list[WindowRow] = []
            if all_finite(part):
                rows += self._windows.push(self._chain.push(part) if self._steps else part)
            else:
                usable, is_usable = filled(part, self._middle, self._max_bad)
                self._note_broken(part, is_usable)
                for first, stop in _stretches(is_usable):
                    if is_usable[first]:
                        rows += self._windows.push(self._chain.push(usable[first:stop]))
                    else:
                        rows += self._windows.skip(self._chain.skip(stop - first))
            ready += self._tagged(rows, arrival)
            self._unwatched = part
            self._next += len(part)
        return ready

    def watch(self) -> None:
        """Check the channels of the last pushed samples, while they are still in memory.

        Windows that end with these samples do not wait for it and use the previous result.
        """
        part, self._unwatched = self._unwatched, None
        if part is not None:
            self._quality.push(part)
            if self._next % self._check_every == 0:
                self._check()

    def skip(self, n_samples: int, arrival: Arrival) -> list[ReadyWindow]:
        """Note missing samples, and return the windows that end with them."""
        self.watch()
        self._next += n_samples
        return self._tagged(self._windows.skip(self._chain.skip(n_samples)), arrival)

    def late(self, arrival: Arrival) -> list[ReadyWindow]:
        """Return the windows that a marker completes because all their samples are there."""
        self.watch()
        return self._tagged(self._windows.push(np.empty((0, len(self._chain.names_out)), np.float32)), arrival)

    def finish(self, arrival: Arrival) -> list[ReadyWindow]:
        """End the stream and return the remaining windows, by the window's policy; raises as `WindowState.finish`."""
        self.watch()
        return self._tagged(self._windows.push(self._chain.finish()) + self._windows.finish(), arrival)

    def _parts(self, features: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Cut at the samples where the channels are checked."""
        done = 0
        while done < len(features):
            n = min(len(features) - done, self._check_every - self._next % self._check_every)
            yield features[done : done + n]
            done += n

    def _note_broken(self, part: NDArray[np.float32], is_usable: NDArray[np.bool_]) -> None:
        finite = np.isfinite(part)
        broken = np.flatnonzero(~finite.all(axis=1))
        self.n_nonfinite += len(broken)
        self.n_filled += int(is_usable[broken].sum())
        self.nonfinite = tuple(self.decoder.feature_names[i] for i in np.flatnonzero(~finite[broken[-1]]))

    def _check(self) -> None:
        bad = bad_channels(self._quality.reasons(), len(self._middle), self._max_bad)
        if bad:
            self._reasons.update(bad)
            self._last_bad[list(bad)] = self._newest_bad = self._next

    def _tagged(self, rows: list[WindowRow], arrival: Arrival) -> list[ReadyWindow]:
        if not rows:
            return []
        names = self.decoder.feature_names
        ready = []
        for row in (in_the_stream(row, self._stride) for row in rows):
            bad = np.flatnonzero(self._last_bad > row.first).tolist() if self._newest_bad > row.first else ()
            named = tuple(f"{names[i]} ({self._reasons[i]})" for i in bad)
            needed = min(row.stop + self._delay, arrival.stop)  # at another rate, its last samples may need fewer
            since_s = (arrival.stop - needed) / self.rate_hz  # its own newest sample is older
            own = Arrival(arrival.pulled_s, arrival.newest_stamp_s - since_s, needed)
            rejected = None if row.rejected is None else row.rejected.message(self._chain.names_out)
            ready.append(ReadyWindow(row, named, own, rejected))
        return ready


def in_the_stream(row: WindowRow, stride: float) -> WindowRow:
    """Give a row's position in samples of the stream, of which `stride` are one sample after the steps."""
    if stride == 1:
        return row
    first, stop = (round(sample * stride) for sample in (row.first, row.stop))
    present = row.n_present / (row.stop - row.first)
    return row._replace(first=first, stop=stop, n_present=round(present * (stop - first)))


def _stretches(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Cut a mask where it changes.

    >>> _stretches(np.array([True, True, False]))
    [(0, 2), (2, 3)]
    """
    edges = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    bounds = [0, *edges.tolist(), len(mask)]
    return list(pairwise(bounds))
