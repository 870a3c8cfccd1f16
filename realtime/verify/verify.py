"""Parity: with the same bundle and samples, live and offline decisions are equal, bit for bit.

Every decision is computed once offline and once live for each cutting. They are compared by a SHA-256 over the
features, the probabilities, the class, the text and the interval.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from queue import Empty, SimpleQueue
from threading import Event, Lock
from typing import Any, Literal

import numpy as np

from ...decoder.fitted_on import runs_of_fit
from ...decoder.recordings.recording import Recording
from ...errors import InputError, RecordingError, UnknownNameError
from ..clock import SystemClock, VirtualClock
from ..sources.recording_source import RecordingSource
from .parity import DecisionRecord, NotingDecoder, decided_live, decided_offline, differences, recording_digest

Lsl = Literal["also", "never"]
LSL = ("also", "never")
FORMAT = 1
MAX_REPORTED = 10
MAX_THREADS = 2
LATEST_S = 10.0
"""Markers arrive up to this much earlier or later than their event."""
FASTEST = 100.0
MAX_NUMBERS_PER_S = 2e6
"""A replay sends at most this much: the network is not tested."""
PACKAGES = ("hotwire", "numpy", "onnxruntime", "pylsl")

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Certificate:
    """The result of a verification: whether all decisions are equal, and the details, ready for JSON."""

    passed: bool
    report: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"type": "hotwire parity certificate", "result": "PASS" if self.passed else "FAIL", **self.report}


def verify(
    bundle: str | os.PathLike[str],
    recording: Recording,
    *,
    runs: Sequence[int | str] | None = None,
    cuttings: int = 50,
    seed: int = 0,
    lsl: Lsl = "also",
    progress: Progress | None = None,
) -> Certificate:
    """Compare the decisions of a bundle on a recording offline and live.

    Live means the engine. Each run is cut into chunks of random lengths, some of them empty, with early, late and
    reordered markers, `cuttings` times under a virtual clock. With `lsl` ``"also"``, another process also replays each
    run once through LSL. A live decoder may abstain from samples that it does not trust; here it decides on all of
    them, as offline. `seed` is that of the first cutting; the next ones count up. `progress` is called with the number
    of finished and of all passes over a run.

    Raises BundleError if the bundle is damaged or its decoder cannot run live, RecordingError if the recording does not
    match or has nothing to decide, UnknownNameError if there is no such run.
    """
    if cuttings < 1:
        raise InputError(f"cuttings: expected 1 or more, got {cuttings}")
    if lsl not in LSL:
        raise UnknownNameError("lsl", lsl, LSL)
    at, begun_s = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    parts = {run: recording.select(runs=[run]) for run in (recording.runs if runs is None else runs)}
    tally = _Tally(len(parts) * (1 + cuttings + (lsl == "also")), progress)

    decoder = NotingDecoder.load(bundle)
    offline: dict[int | str, list[DecisionRecord]] = {}
    for run, part in parts.items():
        offline[run] = decided_offline(decoder, part)
        tally.passed()
    offline_s = time.perf_counter() - begun_s
    expected = [one for of_run in offline.values() for one in of_run]
    if not expected:
        raise RecordingError(f"recording: there is nothing to decide in {recording.source}: it has no events?")
    history_s = _history_s(decoder.rate_hz, parts, offline)

    def cut(decoder: NotingDecoder, job: tuple[int, int | str], carry_on: Callable[[], None]) -> None:
        number, run = job
        clock = VirtualClock()
        latest_s = np.random.default_rng(number).uniform(0.0, LATEST_S)
        source = RecordingSource(parts[run], clock, seed=number, marker_delay_s=(-latest_s, latest_s))
        got, _ = decided_live(decoder, source, clock, str(run), history_s, carry_on)
        tally.compared(f"cutting {number}", offline[run], got)

    _in_threads(decoder, [(seed + i, run) for i in range(cuttings) for run in parts], cut)
    in_cuttings = tally.figures()
    through_lsl: dict[str, Any] | None = None
    if lsl == "also":
        length_s = sum(part.n_samples for part in parts.values()) / recording.rate_hz
        speed = min(FASTEST, 0.5 * length_s / offline_s)  # so that decisions are fast enough
        losses = _through_lsl(
            decoder, parts, history_s, speed, lambda run, got: tally.compared("LSL", offline[run], got)
        )
        through_lsl = tally.figures() | {"speed": speed, "losses": dict(losses)}
    of_fit = runs_of_fit(recording, decoder.manifest.get("fitted_on"))
    report = {
        "format": FORMAT,
        "at": at,
        "bundle": {"path": str(decoder.path), "sha256": decoder.digest, "made_by": decoder.manifest["hotwire"]},
        "recording": {
            "source": recording.source,
            "sha256": recording_digest(recording),
            "runs": [str(run) for run in parts],
            "part_of_fit": None if of_fit is None else [str(run) for run in parts if str(run) in of_fit],
        },
        "versions": {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "machine": {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()},
        "n_decisions": len(expected),
        "cuttings": {"n": cuttings, "seed": seed, **in_cuttings},
        "lsl": through_lsl,
        "differences": tally.reported,
        "decisions": [{**one._asdict(), "sha256": one.sha256} for one in expected],
        "seconds": time.perf_counter() - begun_s,
    }
    return Certificate(tally.n_unequal_in_all == 0, report)


class _Tally:
    """Counts passes and compares their decisions; several threads may call it at once."""

    def __init__(self, n_passes: int, progress: Progress | None) -> None:
        self.reported: list[dict[str, Any]] = []
        self.n_unequal_in_all = 0
        self._n_passes, self._n_passed = n_passes, 0
        self._n_compared = self._n_unequal = 0
        self._progress = progress
        self._lock = Lock()

    def passed(self) -> None:
        with self._lock:
            self._n_passed += 1
            if self._progress is not None:
                self._progress(self._n_passed, self._n_passes)

    def compared(self, where: str, expected: Sequence[DecisionRecord], got: Sequence[DecisionRecord]) -> None:
        """Compare one pass over a run."""
        unequal = differences(expected, got)
        with self._lock:
            self._n_compared += max(len(expected), len(got))
            self._n_unequal += len(unequal)
            self.n_unequal_in_all += len(unequal)
            room = MAX_REPORTED - len(self.reported)
            self.reported += [{"where": where, **one} for one in unequal[:room]]
        self.passed()

    def figures(self) -> dict[str, int]:
        """Return the counts since the last call."""
        counted = {"n_compared": self._n_compared, "n_unequal": self._n_unequal}
        self._n_compared = self._n_unequal = 0
        return counted


def _history_s(rate_hz: float, parts: dict[Any, Recording], offline: dict[Any, list[DecisionRecord]]) -> float:
    """How long samples must be stored, so that the window of the latest marker is complete."""
    longest_s = max((float(part.events.duration_s.max(initial=0.0)) for part in parts.values()), default=0.0)
    longest_s += max((one.stop - one.first) / rate_hz for of_run in offline.values() for one in of_run)
    return longest_s + LATEST_S + 5.0 + 10 / rate_hz


def _in_threads(
    decoder: NotingDecoder,
    jobs: Sequence[Any],
    do: Callable[[NotingDecoder, Any, Callable[[], None]], None],
) -> None:
    """Do all jobs in one thread for each core, each with its own decoder."""
    waiting: SimpleQueue[Any] = SimpleQueue()
    for job in jobs:
        waiting.put(job)
    stop = Event()

    def carry_on() -> None:
        if stop.is_set():
            raise _StoppedError

    def work(number: int) -> None:
        own = NotingDecoder.load(decoder.path) if number else decoder
        while True:
            try:
                job = waiting.get_nowait()
            except Empty:
                return
            do(own, job, carry_on)

    n_threads = min(MAX_THREADS, os.cpu_count() or 1, len(jobs))
    with ThreadPoolExecutor(n_threads) as pool:
        running = [pool.submit(work, number) for number in range(n_threads)]
        try:
            ended, _ = wait(running, return_when=FIRST_EXCEPTION)
        finally:  # also after an interrupt: the threads must not continue to the end
            stop.set()
        for one in ended:
            one.result()


class _StoppedError(Exception):
    """Another thread failed, or the user interrupted it."""


def _through_lsl(
    decoder: NotingDecoder,
    parts: dict[Any, Recording],
    history_s: float,
    speed: float,
    compare: Callable[[Any, list[DecisionRecord]], None],
) -> Counter[str]:
    """Decide on each run while another process replays it, and return all losses."""
    from .replayed import private_session, replayed

    losses: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        env = private_session(folder)
        for run, part in parts.items():
            at = min(speed, MAX_NUMBERS_PER_S / (part.rate_hz * part.n_features))
            with replayed(part, speed=at, env=env) as source:
                got, lost = decided_live(decoder, source, SystemClock(), str(run), history_s)
            losses.update(lost)
            compare(run, got)
    return losses
