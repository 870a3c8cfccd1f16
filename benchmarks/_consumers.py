"""The process that takes a stream and decides on it.

    python _consumers.py {bare, engine, watched, mne, mne_acquire} [BUFFER_S]

It reads ``{"case": CASE, "bundle": path, "stream": source_id}``, answers when it is connected, decides until another
line comes, and answers with what it noted at each decision.
"""

from __future__ import annotations

import json
import queue
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _bundle import graph_beside
from _processes import HERE, say

from hotwire.realtime.decision import Output
from hotwire.realtime.monitor.feed import MOST_CHANNELS

WAIT_S = 0.25
POLL_S = 0.001
"""As often as mne-lsl's own thread looks for samples by default."""


class Job:
    """What to do, and what came of it."""

    def __init__(self, order: dict[str, Any], buffer_s: float, lines: queue.Queue[str]) -> None:
        case = order["case"]
        self.n_channels: int = case["n_channels"]
        self.rate_hz: float = case["rate_hz"]
        self.n_chunk: int = case["n_chunk"]
        self.n_window: int = case["n_window"]
        self.bundle: str = order["bundle"]
        self.stream: str = order["stream"]
        self.buffer_s = buffer_s
        self.notes: list[tuple] = []
        self._lines = lines

    @property
    def goes_on(self) -> bool:
        return self._lines.empty()

    def note(
        self,
        at_s: float,
        *,
        sample: int | None = None,
        stamp_s: float | None = None,
        pulled_s: float | None = None,
        abstained: bool = False,
    ) -> None:
        """Note a decision, and the newest sample in it: how many had come with it, or its stamp."""
        # Plain tuples of numbers give the garbage collector nothing to do.
        self.notes.append((at_s, sample, stamp_s, pulled_s, abstained, time.process_time()))

    def graph(self) -> Callable[[np.ndarray], Any]:
        """The decoder's graph, opened as hotwire opens it: one thread that does not spin."""
        import onnxruntime

        from hotwire.models.networks.one_thread import one_thread

        path = graph_beside(self.bundle)
        session = onnxruntime.InferenceSession(path, one_thread(), providers=["CPUExecutionProvider"])

        def run(row: np.ndarray) -> Any:
            return session.run(["probabilities"], {"features": row})

        for _ in range(3):
            run(np.zeros((1, self.n_channels), np.float32))
        return run


def bare(job: Job) -> dict[str, Any]:
    """pylsl's pull, and onnxruntime on a window that is there already; nothing else."""
    import pylsl

    run = job.graph()
    row = np.zeros((1, job.n_channels), np.float32)
    (found,) = pylsl.resolve_byprop("source_id", job.stream, timeout=10.0)
    inlet = pylsl.StreamInlet(found, as_numpy=True)
    inlet.open_stream(10.0)
    inlet.time_correction(10.0)
    rows = np.empty((max(64, round(job.rate_hz)), job.n_channels), np.float32)
    n = 0
    say({"ready": True})
    while job.goes_on:
        _, stamps = inlet.pull_chunk(WAIT_S, len(rows), dest_obj=rows, min_samples=1)
        pulled_s = pylsl.local_clock()
        n, n_before = n + len(stamps), n
        if n // job.n_chunk > n_before // job.n_chunk:
            run(row)
            job.note(pylsl.local_clock(), sample=n // job.n_chunk * job.n_chunk, pulled_s=pulled_s)
    return {}


def engine(job: Job, monitor: Any = None) -> dict[str, Any]:
    """hotwire, as `hotwire.realtime.stream` runs it; with a monitor, as ``hotwire stream --monitor`` does."""
    from pylsl import local_clock

    from hotwire.decoder.bundle.compiled import CompiledDecoder
    from hotwire.decoder.windows import SlidingAverage
    from hotwire.realtime import Engine, LiveSettings, LslSource

    # A pause, while others are served, is neither a reason to abstain nor to search for the stream again.
    window = SlidingAverage(job.n_window / job.rate_hz, job.n_chunk / job.rate_hz)
    settings = LiveSettings(
        window=window, buffer_s=job.buffer_s, history_s=job.buffer_s, min_present=0.0, lost_s=3600.0
    )
    noted = Noted(job, local_clock)
    outputs = [noted] if monitor is None else [noted, monitor]
    noted.engine = Engine(CompiledDecoder.load(job.bundle), LslSource(source_id=job.stream), settings, outputs=outputs)
    with noted.engine:
        if monitor is not None:
            monitor.choose([*range(min(MOST_CHANNELS, job.n_channels))])
        say({"ready": True})
        while job.goes_on:
            noted.engine.turn(WAIT_S)
            if monitor is not None:
                monitor.poll(noted.engine)
    return {"losses": noted.engine.losses}


def watched(job: Job) -> dict[str, Any]:
    """hotwire with a monitor that shows as many channels as it can, and a page in another process that watches it."""
    from hotwire.realtime.monitor.server import Monitor

    monitor = Monitor("127.0.0.1", 0)
    page = subprocess.Popen([sys.executable, str(HERE / "_page.py"), monitor.url])
    try:
        return engine(job, monitor)
    finally:
        page.kill()
        page.wait()


class Noted(Output):
    """An output of the engine that notes each decision as it is published."""

    def __init__(self, job: Job, now: Callable[[], float]) -> None:
        self.engine: Any = None
        self._job = job
        self._now = now

    def open(self, info: Any, decoder: Any) -> None: ...

    def decision(self, decision: Any) -> None:
        at_s = self._now()
        losses = self.engine.losses
        dropped = losses["duplicated"] + losses["reordered"]
        came = round(decision.stop_s * self._job.rate_hz) - losses["lost"] + dropped
        self._job.note(at_s, sample=came, abstained=decision.abstained is not None)

    def status(self, status: Any) -> None: ...

    def close(self) -> None: ...


def mne(job: Job, delay_s: float | None = POLL_S) -> dict[str, Any]:
    """mne-lsl: its thread fills its buffer, from which the newest window is taken after so many new samples."""
    from mne_lsl.lsl import local_clock  # type: ignore[import-not-found]
    from mne_lsl.stream import StreamLSL  # type: ignore[import-not-found]

    run = job.graph()
    window_s = (job.n_window - 0.5) / job.rate_hz  # it rounds up
    picks = np.arange(job.n_channels)  # its fastest way to say "all"
    stream = StreamLSL(job.buffer_s, source_id=job.stream).connect(delay_s, timeout=10.0)
    say({"ready": True})
    while job.goes_on:
        if delay_s is None:
            stream.acquire()
        if stream.n_new_samples < job.n_chunk:
            time.sleep(POLL_S)
            continue
        data, stamps = stream.get_data(window_s, picks=picks)
        run(data.mean(axis=1)[None])
        job.note(local_clock(), stamp_s=float(stamps[-1]))
    stream.disconnect()
    return {}


def mne_acquire(job: Job) -> dict[str, Any]:
    """mne-lsl without its thread: samples are acquired here."""
    return mne(job, delay_s=None)


CONSUMERS = {one.__name__: one for one in (bare, engine, watched, mne, mne_acquire)}


def listen(lines: queue.Queue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    lines.put("")


def main() -> None:
    consumer = CONSUMERS[sys.argv[1]]
    buffer_s = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=listen, args=(lines,), daemon=True).start()
    while line := lines.get():
        job = Job(json.loads(line), buffer_s, lines)
        found = consumer(job)
        lines.get()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        say({"notes": job.notes, "found": found, "peak_mb": peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)})


if __name__ == "__main__":
    main()
