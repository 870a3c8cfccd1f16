"""Offline decisions on a run of which samples are missing: what a live session has to decide, and where to abstain.

The steps and the window take the samples that are there, in order, and are told what is missing, in one loop over the
run: no stream, no stamps, no chunks, no markers that come early.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...decoder.bundle.compiled import CompiledDecoder
from ...decoder.recordings.recording import Recording
from ...decoder.steps import open_chain
from ...decoder.windows import WindowRow
from ..engine.answering import abstention
from ..engine.broken_channels import bad_channels, filled, middle_of
from ..engine.pipeline import QUALITY_S, Arrival, ReadyWindow, in_the_stream
from ..engine.quality import Quality
from ..settings import LiveSettings
from .gap_replay import Sent
from .parity import DecisionRecord, NotingDecoder, digest_of


class TwinDecision(NamedTuple):
    """The decision on a window, or the abstention.

    `is_untouched`: every sample that it depends on arrived as it is in the recording, so it is the decision on the
    whole recording. With steps, these are all samples of the run so far.
    """

    record: DecisionRecord
    is_untouched: bool


def decided_with_gaps(
    decoder: NotingDecoder, run: Recording, as_sent: Sent, settings: LiveSettings
) -> list[TwinDecision]:
    """Decide on the windows of a recording of one run, or abstain, by what arrives of it."""
    decided = []
    for row, why, taken in _windows(decoder, run, as_sent, settings):
        decoder.noted.clear()
        answer = None if why else decoder.decide(row.x)
        record = DecisionRecord(
            run=str(run.runs[0]),
            label=str(run.events.label[row.event]) if row.event >= 0 else "",
            first=row.first,
            stop=row.stop,
            answer=None if answer is None else answer.answer,
            text=None if answer is None else answer.text,
            features="".join(decoder.noted),
            probabilities=""
            if answer is None
            else digest_of(dict(zip(decoder.answers, answer.probabilities.tolist(), strict=True))),
            abstained=why,
        )
        needed = as_sent.unaltered[0 if decoder.steps else row.first : taken]
        decided.append(TwinDecision(record, bool(needed.all())))
    return decided


def _windows(
    decoder: CompiledDecoder, run: Recording, as_sent: Sent, settings: LiveSettings
) -> Iterator[tuple[WindowRow, str | None, int]]:
    """Each window, its samples counted in those of the stream; the reason for no decision; and the samples taken."""
    data, came = as_sent.data, as_sent.came
    chain = open_chain(decoder.steps, decoder.feature_names, decoder.rate_hz)
    state = decoder.window.open(len(chain.names_out), chain.rate_out_hz)
    stride = decoder.rate_hz / chain.rate_out_hz
    for event in range(len(run.events)):
        state.announce(event, float(run.events.onset_s[event]), float(run.events.duration_s[event]))
    channels = _Channels(decoder, settings.max_bad)

    def ready(rows: list[WindowRow], taken: int) -> Iterator[tuple[WindowRow, str | None, int]]:
        for row in (in_the_stream(row, stride) for row in rows):
            rejected = None if row.rejected is None else row.rejected.message(chain.names_out)
            one = ReadyWindow(row, channels.bad_since(row.first), Arrival(0.0, 0.0, 0), rejected)
            yield row, abstention(one, settings, len(decoder.feature_names)), taken

    data, few = filled(data, middle_of(decoder.feature_low, decoder.feature_high), settings.max_bad)
    usable = came & few
    for first, stop in _cells(came, usable, channels.every):
        part, n = data[first:stop], stop - first
        yield from ready(state.push(chain.push(part)) if usable[first] else state.skip(chain.skip(n)), stop)
        if came[first]:
            channels.take(as_sent.data[first:stop], stop)
    yield from ready(state.push(chain.finish()) + state.finish(), len(data))


class _Channels:
    """Which channels were flat or saturated, checked on the same grid of samples as a live session does."""

    def __init__(self, decoder: CompiledDecoder, max_bad: float) -> None:
        self._max_bad = max_bad
        self.every = max(1, round(QUALITY_S * decoder.rate_hz))
        self._names = decoder.feature_names
        self._quality = Quality(len(self._names), decoder.rate_hz, decoder.feature_low, decoder.feature_high)
        self._last_bad: dict[int, tuple[int, str]] = {}

    def take(self, samples: NDArray[np.float32], stop: int) -> None:
        self._quality.push(samples)
        if stop % self.every == 0:
            bad = bad_channels(self._quality.reasons(), len(self._names), self._max_bad)
            self._last_bad |= {i: (stop, why) for i, why in bad.items()}

    def bad_since(self, first: int) -> tuple[str, ...]:
        """The names of those that were bad in any check after this position, with the reason."""
        return tuple(f"{self._names[i]} ({why})" for i, (at, why) in sorted(self._last_bad.items()) if at > first)


def _cells(came: NDArray[np.bool_], usable: NDArray[np.bool_], every: int) -> Iterator[tuple[int, int]]:
    """Cut a run wherever samples begin or end to be missing, and where channels are checked."""
    changes = np.flatnonzero((came[1:] != came[:-1]) | (usable[1:] != usable[:-1])) + 1
    return pairwise(np.unique(np.concatenate([np.arange(0, len(came), every), changes, [len(came)]])).tolist())
