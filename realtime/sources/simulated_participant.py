"""A simulated participant: an EEG that reacts to cues, to try a calibration without an amplifier, and for tests.

``python -m hotwire.realtime.sources.simulated_participant STREAM CUES LABEL LABEL [...]`` listens to the LSL markers
CUES and sends STREAM. Each channel has its own mu rhythm, an autoregressive process around 10 Hz. During a cue it is
weaker on one side, as when a hand is moved or this is imagined. The program ends with its standard input.

References
----------
Pfurtscheller & Lopes da Silva (1999), Event-related EEG/MEG synchronization and desynchronization: basic principles.
Clin. Neurophysiol. 110, 1842-1857.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from math import cos, pi, sqrt

import numpy as np
import pylsl
from numpy.typing import NDArray
from pylsl.util import LostError

from .cued_source import read_cue

RATE_HZ = 100.0
MU_HZ = 10.0
DECAY = 0.95
"""The part of the rhythm that remains after a sample; its bandwidth is about 1.6 Hz."""
MU_UV, NOISE_UV = 8.0, 2.0
LEFT_OF_MU = 0.25
"""The part of the rhythm's amplitude that remains on the side of the cue."""
CHANNELS = ("C3", "C4", "Cz")
CHUNK_S = 0.02


class Eeg:
    """Simulates one channel for each label, and at least three, in microvolts.

    The second label's cue acts on the first channel, C3, and the first label's on the second, C4: the right side of the
    brain moves the left hand.
    """

    def __init__(self, labels: Sequence[str], seed: int = 0) -> None:
        n_channels = max(len(CHANNELS), len(labels))
        self.channels = (*CHANNELS, *(f"C{i}z" for i in range(4, n_channels + 1)))[:n_channels]
        crossed = [1, 0, *range(2, n_channels)]
        self._channel_of = {label: crossed[i] for i, label in enumerate(labels)}
        self._rng = np.random.default_rng(seed)
        self._past = np.zeros((2, n_channels))
        self.samples(round(10 * RATE_HZ), None)  # until the rhythm has its full strength

    def samples(self, n_samples: int, label: str | None) -> NDArray[np.float32]:
        """Return the next (n_samples, n_channels), during a cue with this label or without a cue."""
        drives, noise = self._rng.normal(size=(n_samples, 2, len(self.channels))).swapaxes(0, 1)
        first, second = 2 * DECAY * cos(2 * pi * MU_HZ / RATE_HZ), -(DECAY**2)
        # The standard deviation of unit noise after this filter.
        strength = sqrt((1 - second) / ((1 + second) * ((1 - second) ** 2 - first**2)))
        mu = np.empty_like(noise)
        for i, drive in enumerate(drives):
            mu[i] = first * self._past[0] + second * self._past[1] + drive
            self._past = np.stack([mu[i], self._past[0]])
        mu *= MU_UV / strength
        if label in self._channel_of:
            mu[:, self._channel_of[label]] *= LEFT_OF_MU
        return (mu + NOISE_UV * noise).astype(np.float32)


def participate(stream: str, cues: str, labels: Sequence[str], stop: threading.Event, seed: int = 0) -> None:
    """Send an EEG that reacts to cues, from when their stream exists until ``stop`` is set."""
    inlet = _listened(cues, stop)
    eeg = Eeg(labels, seed)
    described = pylsl.StreamInfo(stream, "EEG", len(eeg.channels), RATE_HZ, pylsl.cf_float32, f"simulated:{stream}")
    described.set_channel_labels(list(eeg.channels))
    described.set_channel_units("uV")
    outlet = pylsl.StreamOutlet(described)
    begun_s, n_sent = pylsl.local_clock(), 0
    label, until_s = None, 0.0
    while not stop.wait(CHUNK_S):
        now_s = pylsl.local_clock()
        if inlet is not None:
            try:
                values, stamp_s = inlet.pull_sample(timeout=0.0)
            except LostError:  # the session is over, the participant continues
                inlet, values, stamp_s = None, None, None
            if values is not None and stamp_s is not None:
                label, duration_s = read_cue(values[0])
                until_s = stamp_s + duration_s
        if now_s >= until_s:
            label = None
        n_new = int((now_s - begun_s) * RATE_HZ) + 1 - n_sent
        if n_new > 0:
            n_sent += n_new
            outlet.push_chunk(eeg.samples(n_new, label), begun_s + (n_sent - 1) / RATE_HZ)


def _listened(cues: str, stop: threading.Event) -> pylsl.StreamInlet | None:
    resolver = pylsl.ContinuousResolver(prop="name", value=cues)
    while not stop.wait(CHUNK_S):
        if found := resolver.results():
            inlet = pylsl.StreamInlet(found[0], recover=False)
            inlet.open_stream(timeout=10.0)
            return inlet
    return None


def main(arguments: Sequence[str] | None = None) -> None:
    """Take part until standard input ends."""
    parser = argparse.ArgumentParser(prog="simulated_participant")
    parser.add_argument("stream")
    parser.add_argument("cues")
    parser.add_argument("labels", nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    stop = threading.Event()

    def watch() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
    participate(given.stream, given.cues, given.labels, stop, given.seed)


if __name__ == "__main__":
    main()
