"""Parity: with the same bundle and samples, live and offline decisions are equal, bit for bit.

Every decision is computed once offline and once live for each cutting. They are compared by a SHA-256 over the
features, the probabilities, the class, the text and the interval. Where samples are missing, live decisions and
abstentions are compared with an offline twin of which the same samples are missing.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from math import ceil
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any, Literal

import numpy as np

from ...decoder.fitted_on import runs_of_fit
from ...decoder.recordings.recording import Recording
from ...errors import InputError, RecordingError, UnknownNameError
from ..clock import SystemClock, VirtualClock
from ..settings import LiveSettings
from ..sources.recording_source import RecordingSource
from .faults import Fault
from .gap_replay import draw_faults, sent, source_with_faults
from .parity import AS_OFFLINE, DecisionRecord, NotingDecoder, decided_live, decided_offline, recording_digest
from .pass_counts import PassCounts, Progress
from .twin import decided_with_gaps

Lsl = Literal["also", "never"]
LSL = ("also", "never")
FORMAT = 2
"""2: decisions with ``abstained``, and the parts with gaps."""
CUTTINGS_PER_GAPS = 5
"""So many cuttings without a fault to one with."""
MAX_THREADS = 2
LATEST_S = 10.0
"""Markers arrive up to this much earlier or later than their event."""
FASTEST = 100.0
MAX_NUMBERS_PER_S = 2e6
"""A replay sends at most this much: the network is not tested."""
PACKAGES = ("hotwire", "numpy", "onnxruntime", "pylsl")


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
    min_present: float = LiveSettings.min_present,
    progress: Progress | None = None,
) -> Certificate:
    """Compare the decisions of a bundle on a recording offline and live.

    Live means the engine. Each run is cut into chunks of random lengths, some of them empty, with early, late and
    reordered markers, `cuttings` times under a virtual clock. Nothing is missing there, and every channel is trusted,
    so that all decisions are those of the whole recording.

    One time to five cuttings, faults are drawn at random, and the session abstains as it would live, by `min_present`
    and the default ``max_bad`` of `LiveSettings`. Some samples and a stretch of them are lost, a channel is NaN or
    flat, a chunk is sent twice. Every decision and every abstention, with its reason, must be that of an offline twin
    of which the same samples are missing; decisions that depend on none of these must be those of the whole recording;
    and the losses that the session counts must be the injected ones.

    With `lsl` ``"also"``, another process also replays each run through LSL, once whole and once with faults. There,
    every channel is trusted: when a late marker comes, a channel may have become flat since. `seed` is that of the
    first cutting; the next ones count up. `progress` is called with the number of finished and of all passes over a
    run.

    Raises BundleError if the bundle is damaged or its decoder cannot run live, RecordingError if the recording does not
    match or has nothing to decide, UnknownNameError if there is no such run.
    """
    if cuttings < 1:
        raise InputError(f"cuttings: expected 1 or more, got {cuttings}")
    if lsl not in LSL:
        raise UnknownNameError("lsl", lsl, LSL)
    at, begun_s = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    parts = {run: recording.select(runs=[run]) for run in (recording.runs if runs is None else runs)}
    policy = LiveSettings(min_present=min_present)
    n_gaps = ceil(cuttings / CUTTINGS_PER_GAPS)
    counts = PassCounts(len(parts) * (1 + cuttings + n_gaps + 2 * (lsl == "also")), progress)

    decoder = NotingDecoder.load(bundle)
    offline: dict[int | str, list[DecisionRecord]] = {}
    for run, part in parts.items():
        offline[run] = decided_offline(decoder, part)
        counts.passed()
    offline_s = time.perf_counter() - begun_s
    expected = [one for of_run in offline.values() for one in of_run]
    if not expected:
        raise RecordingError(f"recording: there is nothing to decide in {recording.source}: it has no events?")
    history_s = _history_s(decoder.rate_hz, parts, offline)
    longest = max(one.stop - one.first for one in expected)

    def faults_of(number: int, run: int | str) -> tuple[list[Fault], np.random.Generator]:
        rng = np.random.default_rng([number, list(parts).index(run)])
        return draw_faults(parts[run], longest, rng), rng

    def cut(decoder: NotingDecoder, job: tuple[int, int | str], carry_on: Callable[[], None]) -> None:
        number, run = job
        clock = VirtualClock()
        latest_s = np.random.default_rng(number).uniform(0.0, LATEST_S)
        source = RecordingSource(parts[run], clock, seed=number, marker_delay_s=(-latest_s, latest_s))
        got, _ = decided_live(decoder, source, clock, str(run), history_s, carry_on)
        counts.compared(f"cutting {number}", offline[run], got)

    _in_threads(decoder, [(seed + i, run) for i in range(cuttings) for run in parts], cut)
    in_cuttings = counts.figures()

    def lose(decoder: NotingDecoder, job: tuple[int, int | str], carry_on: Callable[[], None]) -> None:
        number, run = job
        clock, (faults, rng) = VirtualClock(), faults_of(number, run)
        as_sent = sent(parts[run], faults)
        twins = decided_with_gaps(decoder, parts[run], as_sent, policy)
        source = source_with_faults(parts[run], as_sent, clock, rng, LATEST_S)
        got, losses = decided_live(decoder, source, clock, str(run), history_s, carry_on, policy)
        counts.compared_with_gaps(f"gaps {number}", offline[run], twins, got, as_sent.losses, losses)

    _in_threads(decoder, [(seed + i, run) for i in range(n_gaps) for run in parts], lose)
    abstains = {"min_present": policy.min_present, "max_bad": policy.max_bad}
    in_gaps = {"n": n_gaps, "seed": seed, "policy": abstains, **counts.figures()}
    through_lsl: dict[str, Any] | None = None
    gaps_through_lsl: dict[str, Any] | None = None
    if lsl == "also":
        length_s = sum(part.n_samples for part in parts.values()) / recording.rate_hz
        speed = min(FASTEST, 0.5 * length_s / offline_s)  # so that decisions are fast enough
        with _lsl_replays(decoder, history_s, speed) as replay:
            losses: Counter[str] = Counter()
            for run, part in parts.items():
                got, lost = replay(part, [], AS_OFFLINE)
                losses.update(lost)
                counts.compared("LSL", offline[run], got)
            through_lsl = counts.figures() | {"speed": speed, "losses": dict(losses)}
            trusting = replace(policy, max_bad=AS_OFFLINE.max_bad)
            for run, part in parts.items():
                faults, _ = faults_of(seed, run)
                as_sent = sent(part, faults)
                twins = decided_with_gaps(decoder, part, as_sent, trusting)
                got, lost = replay(part, faults, trusting)
                counts.compared_with_gaps("gaps through LSL", offline[run], twins, got, as_sent.losses, lost)
            abstains = {"min_present": trusting.min_present, "max_bad": trusting.max_bad}
            gaps_through_lsl = {"policy": abstains, "speed": speed, **counts.figures()}
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
        "gaps": in_gaps,
        "lsl": through_lsl,
        "gaps_through_lsl": gaps_through_lsl,
        "differences": counts.reported,
        "decisions": [{**one._asdict(), "sha256": one.sha256} for one in expected],
        "seconds": time.perf_counter() - begun_s,
    }
    return Certificate(counts.n_unequal_in_all == 0, report)


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


@contextmanager
def _lsl_replays(decoder: NotingDecoder, history_s: float, speed: float) -> Iterator[Any]:
    """Yield a function that decides on a run while another process replays it, with the losses; all in one session."""
    from .replayed import private_session, replayed

    def replay(
        part: Recording, faults: Sequence[Fault], policy: LiveSettings
    ) -> tuple[list[DecisionRecord], dict[str, int]]:
        at = min(speed, MAX_NUMBERS_PER_S / (part.rate_hz * part.n_features))
        with replayed(part, speed=at, faults=faults, env=env) as source:
            return decided_live(decoder, source, SystemClock(), str(part.runs[0]), history_s, policy=policy)

    with tempfile.TemporaryDirectory() as folder:
        env = private_session(folder)
        yield replay
