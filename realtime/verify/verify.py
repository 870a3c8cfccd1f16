"""Parity: the same bundle and the same samples decide the same live as offline, bit for bit.

Every decision is computed anew each time, offline once and live once for each cutting, and compared by a SHA-256 over
all of it: the features that it rests on, the probabilities, the answer, the text, and the interval.
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
"""Markers come up to so much earlier or later than what they mark."""
FASTEST = 100.0
MAX_NUMBERS_PER_S = 2e6
"""A replay sends no more than this: the link is not what is tested."""
PACKAGES = ("hotwire", "numpy", "onnxruntime", "pylsl")

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Certificate:
    """What a verification found: whether every decision was the same everywhere, and all of it, ready for JSON."""

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
    """Compare what a bundle decides on a recording offline with what it decides live.

    Live means the engine: fed with each run cut into chunks of random lengths, some of them empty, with markers that
    come early, late and in another order, once for each cutting, under a virtual clock; and once with each run
    replayed through LSL by another process. Live, a decoder may abstain from samples that it does not trust; here it
    decides on all of them, as it does offline.

    Parameters
    ----------
    bundle : path
    recording : Recording
    runs : sequence of int or str, optional
        Which runs; all where not given.
    cuttings : int
        How many times to cut each run anew.
    seed : int
        Of the first cutting; those of the others count on.
    lsl : {"also", "never"}
        Whether to go through LSL.
    progress : callable, optional
        Called with the number of passes over a run that are done, and of all of them.

    Raises
    ------
    BundleError
        The bundle is damaged, or its decoder cannot run live.
    RecordingError
        The recording is not what it was fitted on, or there is nothing to decide in it.
    UnknownNameError
        There is no such run.
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
        speed = min(FASTEST, 0.5 * length_s / offline_s)  # so that decisions keep up
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
        """What was counted since the last time."""
        counted = {"n_compared": self._n_compared, "n_unequal": self._n_unequal}
        self._n_compared = self._n_unequal = 0
        return counted


def _history_s(rate_hz: float, parts: dict[Any, Recording], offline: dict[Any, list[DecisionRecord]]) -> float:
    """How long samples have to be kept, that the latest marker finds its window's first one still there."""
    longest_s = max((float(part.events.duration_s.max(initial=0.0)) for part in parts.values()), default=0.0)
    longest_s += max((one.stop - one.first) / rate_hz for of_run in offline.values() for one in of_run)
    return longest_s + LATEST_S + 5.0 + 10 / rate_hz


def _in_threads(
    decoder: NotingDecoder,
    jobs: Sequence[Any],
    do: Callable[[NotingDecoder, Any, Callable[[], None]], None],
) -> None:
    """Do all jobs, in as many threads as there are cores, each with a decoder of its own."""
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
        finally:  # also where it was interrupted: the threads must not go on to the end
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
    """Decide on each run as another process replays it, and return all losses."""
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
