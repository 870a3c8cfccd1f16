"""Replays with faults drawn at random: lost samples, NaN, a flat channel, samples that are sent twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...decoder.recordings.recording import Recording
from ..clock import Clock
from ..engine.quality import MIN_SAMPLES
from ..sources.recording_source import random_cuts
from ..sources.scripted import At, Samples, ScriptedSource
from ..sources.source import Marker, StreamInfo
from .faults import Delivery, Duplicated, Fault, Flat, LostSamples, NotANumber, with_faults

EDGE_S, EDGE_SAMPLES = 1.2, 20
"""No fault is so near the beginning, where the timeline learns the jitter, or the end, after which nothing shows it."""
MOST_TWICE_S, MOST_TWICE = 0.5, 8
"""Stamps that go back by more than the longer of the two are those of a clock that was set."""


class Sent(NamedTuple):
    """What is sent of a run of which samples are lost: `data` (n_samples, n_channels) as damaged, and its delivery.

    `came` (n_samples,) are the samples that arrive, `unaltered` those that arrive as they are in the recording, and
    `losses` the numbers of those lost, of those sent twice, and of those with NaN.
    """

    data: NDArray[np.float32]
    delivery: Delivery
    came: NDArray[np.bool_]
    unaltered: NDArray[np.bool_]
    losses: dict[str, int]


def sent(run: Recording, faults: Sequence[Fault]) -> Sent:
    """A recording of one run as it is sent with these faults."""
    data, delivery = with_faults(run.data, run.feature_names, run.rate_hz, faults)
    times = np.bincount(delivery.sample, minlength=len(data))
    came = times > 0
    losses = {
        "lost": int((~came).sum()),
        "duplicated": int((times[came] - 1).sum()),
        "nonfinite": int((came & ~np.isfinite(data).all(axis=1)).sum()),
    }
    return Sent(data, delivery, came, came & (data == run.data).all(axis=1), losses)


def draw_faults(run: Recording, longest: int, rng: np.random.Generator) -> list[Fault]:
    """One fault of each kind, in random order, none over another; none for a run that is too short for them.

    A few samples are lost, a stretch of them, a channel is NaN for some time or flat, and a chunk is sent twice.
    `longest` is the length of the longest window in samples: stretches are about as long.
    """
    rate_hz, n = run.rate_hz, run.n_samples
    edge = max(round(EDGE_S * rate_hz), EDGE_SAMPLES)
    n_second = max(MIN_SAMPLES, round(rate_hz))
    twice = max(round(MOST_TWICE_S * rate_hz), MOST_TWICE)
    lengths = {
        "few": int(rng.integers(1, 4)),
        "stretch": max(2, round(longest * rng.uniform(0.3, 1.0))),
        "nan": max(2, round(longest * rng.uniform(0.1, 0.5))),
        "twice": int(rng.integers(2, twice + 1)),
        "flat": 2 * n_second,
    }
    slot = (n - 2 * edge) // len(lengths)
    if slot < 4:
        return []
    faults: list[Fault] = []
    for number, kind in enumerate(rng.permutation(list(lengths)).tolist()):
        length = min(lengths[kind], slot - 2)
        first = edge + number * slot + int(rng.integers(0, slot - length))
        # From between two samples to between two, so that rounding moves none.
        at_s, for_s = (first - 0.5) / rate_hz, length / rate_hz
        channel = run.feature_names[int(rng.integers(run.n_features))]
        if kind in ("few", "stretch"):
            faults.append(LostSamples(at_s, for_s))
        elif kind == "twice":
            faults.append(Duplicated(at_s, for_s))
        else:
            faults.append((NotANumber if kind == "nan" else Flat)(at_s, for_s, channel))
    return faults


def source_with_faults(
    run: Recording, sent: Sent, clock: Clock, rng: np.random.Generator, earliest_s: float
) -> ScriptedSource:
    """A recording of one run as a stream with faults, in chunks of random lengths.

    Markers come up to `earliest_s` before their event, never after it: a channel that is bad after the window counts
    where a late marker makes the window ready only then.
    """
    data, delivery = sent.data, sent.delivery
    cuts = np.unique([0, *random_cuts(len(delivery.sample), rng)]).tolist()
    script = [
        At(float(delivery.due_s[stop - 1]), Samples(data[delivery.sample[first:stop]], delivery.stamp_s[first:stop]))
        for first, stop in pairwise(cuts)
    ]
    events = run.events
    for label, onset_s, duration_s in zip(events.label.tolist(), events.onset_s, events.duration_s, strict=True):
        early_s = max(0.0, float(onset_s) - rng.uniform(0.0, earliest_s))
        script.append(At(early_s, Marker(label, float(onset_s), float(duration_s), 0.0)))
    # Where both are due at once, markers first.
    script.sort(key=lambda entry: (entry.time_s, isinstance(entry.what, Samples)))
    name = f"{run.source}, with faults"
    units = (run.unit,) * run.n_features if isinstance(run.unit, str) else run.unit
    info = StreamInfo(name, "recording", name, run.feature_names, units, run.rate_hz)
    return ScriptedSource(info, script, clock)
