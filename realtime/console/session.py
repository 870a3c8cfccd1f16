"""Runs a decoder on a stream until the end: signals, commands, and the summary."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from ...errors.printable import json_text
from ..decision import LiveDecision, Output, Status
from ..engine.live_engine import LiveEngine
from ..live_feedback import LiveFeedback
from ..live_text import LiveText
from ..swap import Commands
from .view import View

if TYPE_CHECKING:
    from ..monitor.server import Monitor

TURN_S = 0.1
"""The longest turn: the view and the commands are updated this often."""
N_LATENCIES = 10_000
LATENCIES = ("age", "queue", "compute")


class JsonStream(Output):
    """Prints every decision and every state as a line of JSON."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def decision(self, decision: LiveDecision) -> None:
        self._print(decision.to_dict())

    def text(self, text: LiveText) -> None:
        self._print(text.to_dict())

    def feedback(self, feedback: LiveFeedback) -> None:
        self._print(feedback.to_dict())

    def status(self, status: Status) -> None:
        self._print(status.to_dict())

    def _print(self, record: dict[str, Any]) -> None:
        print(json_text(record), file=self._file, flush=True)


@dataclass
class Tally(Output):
    """Counts decisions, for the summary."""

    n_decisions: int = 0
    n_abstained: int = 0
    n_late: int = 0
    n_in_shadow: int = 0
    said: dict[str, int] = field(default_factory=dict)
    latencies: deque[tuple[float, ...]] = field(default_factory=lambda: deque(maxlen=N_LATENCIES))

    def decision(self, decision: LiveDecision) -> None:
        if decision.shadow:
            self.n_in_shadow += 1
            return
        self.n_decisions += 1
        self.n_abstained += decision.abstained is not None
        self.n_late += decision.late
        if decision.abstained is None:
            self.said[decision.said] = self.said.get(decision.said, 0) + 1
            self.latencies.append(tuple(getattr(decision.latency, f"{part}_s") for part in LATENCIES))

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON. Latencies are in milliseconds, of the last 10,000 decisions."""
        latency_ms = {}
        if self.latencies:
            columns = 1e3 * np.array(self.latencies).T
            for name, values in zip(LATENCIES, columns, strict=True):
                p50, p99 = np.percentile(values, [50, 99]).tolist()
                latency_ms[name] = {"p50": p50, "p99": p99, "max": float(values.max())}
        return {
            "n_decisions": self.n_decisions,
            "n_abstained": self.n_abstained,
            "n_late": self.n_late,
            "n_in_shadow": self.n_in_shadow,
            "said": dict(sorted(self.said.items(), key=lambda item: -item[1])),
            "latency_ms": latency_ms,
        }


class Stop:
    """Whether the user requested to stop."""

    requested = False


@contextmanager
def stop_on_signal() -> Iterator[Stop]:
    """Let Ctrl-C and SIGTERM stop at the next turn; the second one interrupts at once."""
    stop = Stop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def request(number: int, _: object) -> None:
        stop.requested = True
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, request)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def decode(
    engine: LiveEngine[Any, Any],
    view: View,
    *,
    commands: Commands | None = None,
    monitor: Monitor | None = None,
    seconds: float | None = None,
) -> str:
    """Run an engine, from opening its stream to closing everything, and return why it ended.

    During the search for the stream, Ctrl-C raises KeyboardInterrupt; later it ends the session.
    """
    try:
        engine.open()
        until_s = None if seconds is None else time.monotonic() + seconds
        with stop_on_signal() as stop:
            while True:
                engine.turn(TURN_S)
                view.draw(engine.state)
                for polled in (commands, monitor):
                    if polled is not None:
                        polled.poll(engine)
                if engine.ended:
                    return "the stream ended"
                if stop.requested:
                    return "interrupted"
                if commands is not None and commands.stopped:
                    return "told to stop"
                if until_s is not None and time.monotonic() >= until_s:
                    return "the time was over"
    finally:
        engine.close()


@contextmanager
def liblsl_aside(log: Path | None) -> Iterator[None]:
    """Redirect the messages of liblsl, which would break the view, to a file or nowhere."""
    sys.stderr.flush()
    stderr = os.dup(2)
    aside = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.dup2(aside, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(aside)
