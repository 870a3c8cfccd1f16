"""Collects the windows that the engine cuts, in place of a decoder."""

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
    """Takes a stream's windows like a decoder, but makes no decisions.

    ``channels`` are the stream's channels to take. ``samples`` (n_samples, n_channels) are good samples of them, which
    give their ranges. ``rows`` has the valid windows, each with ``n_times`` rows of features at ``times_hz``.
    ``delay_s`` is the delay of the steps.
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
        window.open(len(chain.names_out), chain.rate_out_hz)  # raises before the session begins
        self.n_times, self.times_hz = window.n_times(chain.rate_out_hz), window.times_hz(chain.rate_out_hz)
        self.rate_after_steps_hz = chain.rate_out_hz
        self.delay_s = chain.delay_samples / self.rate_hz
        self.rows: list[NDArray[np.float32]] = []

    def decide(self, x: NDArray[np.float32]) -> RowDecision:
        """Store a window's row."""
        self.rows.append(np.array(x, np.float32))
        return RowDecision("", np.ones(1), None)
