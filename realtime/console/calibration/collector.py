"""Instead of a decoder while there is none yet: it has the engine cut windows, and collects them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....decoder.bundle.compiled import RowDecision
from ....decoder.steps import Step, open_chain
from ....decoder.windows import Window
from ...sources.source import StreamInfo


class Collector:
    """Takes the windows of a stream as a decoder would, and decides nothing.

    ``channels`` are those of the stream to take; ``samples`` (n_samples, n_channels) are of these channels, as they are
    when all is well: what they reach there is their range. ``rows`` holds the windows that were fit to be decided on,
    each with ``n_times`` rows of features at ``times_hz``; ``delay_s`` is how long after a sample it comes out of the
    steps.
    """

    path = Path("calibration")
    digest = ""
    answers = ("",)

    def __init__(
        self,
        info: StreamInfo,
        channels: Sequence[str],
        samples: NDArray[np.float32],
        steps: Sequence[Step],
        window: Window,
    ) -> None:
        self.feature_names, self.rate_hz = tuple(channels), info.rate_hz
        self.unit = tuple(info.units[info.channel_names.index(name)] for name in channels)
        finite = np.where(np.isfinite(samples), samples, 0.0)
        self.feature_low, self.feature_high = finite.min(axis=0), finite.max(axis=0)
        self.steps, self.window = tuple(steps), window
        chain = open_chain(self.steps, self.feature_names, self.rate_hz)
        window.open(len(chain.names_out), chain.rate_out_hz)  # says what is wrong before the session does
        self.n_times, self.times_hz = window.n_times(chain.rate_out_hz), window.times_hz(chain.rate_out_hz)
        self.rate_after_steps_hz = chain.rate_out_hz
        self.delay_s = chain.delay_samples / self.rate_hz
        self.rows: list[NDArray[np.float32]] = []

    def decide(self, x: NDArray[np.float32]) -> RowDecision:
        """Remember a window's row."""
        self.rows.append(np.array(x, np.float32))
        return RowDecision("", np.ones(1), None)
