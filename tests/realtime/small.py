"""A decoder so small that what it must say can be worked out by hand: for tests of what runs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hotwire.decoder.bundle.compiled import RowDecision
from hotwire.decoder.steps import Step, open_chain
from hotwire.decoder.volumes import VolumeSpace
from hotwire.decoder.windows import BlockAverage, Window
from hotwire.realtime.decision import LiveDecision, Output, Status
from hotwire.realtime.sources.source import StreamInfo


class SignDecoder:
    """Says "up" where the mean over all features of the window is positive, else "down"."""

    path = Path("sign.hotwire")
    answers = ("up", "down")
    space: VolumeSpace | None = None

    def __init__(
        self,
        n_features: int = 2,
        rate_hz: float = 10.0,
        window: Window | None = None,
        steps: Sequence[Step] = (),
        digest: str = "0" * 64,
        unit: str = "uV",
    ) -> None:
        self.feature_names = tuple(f"ch{i}" for i in range(n_features))
        self.unit, self.rate_hz, self.digest = unit, rate_hz, digest
        self.feature_low = np.full(n_features, -1.0, np.float32)
        self.feature_high = np.full(n_features, 1.0, np.float32)
        self.window = window or BlockAverage(stop_s=1.0)
        self.steps = tuple(steps)
        chain = open_chain(self.steps, self.feature_names, rate_hz)
        self.names_after_steps, self.rate_after_steps_hz = chain.names_out, chain.rate_out_hz

    def decide(self, x: Any) -> RowDecision:
        up = 1.0 / (1.0 + np.exp(-float(np.mean(x))))
        return RowDecision(self.answers[int(up <= 0.5)], np.array([up, 1.0 - up]), None)

    def info(self, **other: Any) -> StreamInfo:
        """A stream that fits."""
        settings: dict[str, Any] = {
            "name": "amp",
            "type": "EEG",
            "source_id": "amp-1",
            "channel_names": self.feature_names,
            "units": (self.unit,) * len(self.feature_names),
            "rate_hz": self.rate_hz,
        }
        return StreamInfo(**(settings | other))


class Kept(Output):
    """An output that keeps everything."""

    def __init__(self) -> None:
        self.decisions: list[LiveDecision] = []
        self.statuses: list[Status] = []
        self.heartbeats: list[Status] = []
        self.opened = self.closed = 0

    def open(self, info: StreamInfo, decoder: Any) -> None:
        self.opened += 1

    def decision(self, decision: LiveDecision) -> None:
        self.decisions.append(decision)

    def status(self, status: Status) -> None:
        self.statuses.append(status)

    def heartbeat(self, status: Status) -> None:
        self.heartbeats.append(status)

    def close(self) -> None:
        self.closed += 1

    @property
    def states(self) -> list[str]:
        """The states gone through, each once for as long as it lasted."""
        found: list[str] = []
        for status in self.statuses:
            if not found or found[-1] != status.state:
                found.append(str(status.state))
        return found
