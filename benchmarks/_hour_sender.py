"""The process that sends the hour: samples with losses and a broken channel, and markers whose stream dies and returns.

python _hour_sender.py SECONDS SPEED

It answers with what it sent: samples, those it left out, and each marker with its stamp and when it was sent.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pylsl
from _processes import say

N_CHANNELS, RATE_HZ, N_CHUNK = 64, 250.0, 25
LOST_SHARE = 0.005
MARKER_S, MARKERS_EVERY_S = 1.0, 4.0
MINUTE_S, AWAY_S = 60.0, 20.0
"""The stream of markers is away for the last seconds of every minute."""
BROKEN = 7
BEGIN_S = 3.0
"""In real time, for the consumer to connect to both streams."""


def broken_between(seconds: float) -> tuple[float, float]:
    """When the channel is NaN: ten minutes of an hour."""
    return seconds / 3, seconds / 2


def markers_outlet() -> pylsl.StreamOutlet:
    info = pylsl.StreamInfo("hour-markers", "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, "hour-markers")
    return pylsl.StreamOutlet(info)


def main() -> None:
    seconds, speed = map(float, sys.argv[1:])
    rng = np.random.default_rng(0)
    n_samples = int(seconds * RATE_HZ) // N_CHUNK * N_CHUNK
    is_sent = rng.random(n_samples) >= LOST_SHARE
    is_sent[: int(10 * RATE_HZ)] = is_sent[-N_CHUNK:] = True
    is_sent[1:] |= ~is_sent[:-1]  # single losses
    noise = rng.normal(size=(40 * N_CHUNK, N_CHANNELS)).astype(np.float32)
    info = pylsl.StreamInfo("hour", "EEG", N_CHANNELS, RATE_HZ, pylsl.cf_float32, "hour-amplifier")
    info.set_channel_labels([f"ch{i}" for i in range(N_CHANNELS)])
    info.set_channel_units("uV")
    outlet, markers = pylsl.StreamOutlet(info), markers_outlet()
    say({"open": True})
    outlet.wait_for_consumers(60.0)
    start_s = pylsl.local_clock() + BEGIN_S
    first_nan, last_nan = broken_between(seconds)
    next_marker_s, sent = MARKERS_EVERY_S, []
    for first in range(0, n_samples, N_CHUNK):
        at_s = first / RATE_HZ
        time.sleep(max(0.0, start_s + (at_s + N_CHUNK / RATE_HZ) / speed - pylsl.local_clock()))
        is_away = at_s % MINUTE_S >= MINUTE_S - AWAY_S
        if is_away:
            markers = None
        elif markers is None:
            markers = markers_outlet()
        index = first + np.flatnonzero(is_sent[first : first + N_CHUNK])
        rows = noise[index % len(noise)]
        if first_nan <= at_s < last_nan:
            rows[:, BROKEN] = np.nan
        outlet.push_chunk(rows, (start_s + index / RATE_HZ).tolist())  # type: ignore[arg-type]
        if next_marker_s <= at_s:
            if markers is not None and next_marker_s + 2 * MARKER_S < seconds:
                label = f"marker {len(sent)}"
                said = json.dumps({"label": label, "duration_s": MARKER_S})
                markers.push_sample([said], start_s + next_marker_s)
                sent.append({"label": label, "at_s": next_marker_s, "sent_s": pylsl.local_clock()})
            next_marker_s += MARKERS_EVERY_S
    time.sleep(2.0)
    say({"samples": n_samples, "left_out": int((~is_sent).sum()), "markers": sent})
    sys.stdin.readline()  # the outlets stay until the consumer has taken all


if __name__ == "__main__":
    main()
