"""How long a live decision takes from the push of its samples, what it costs, and what others take for the same.

    python benchmarks/live.py [--quick] [--json] [--cases abcd] [--monitor]

One process sends, another decides: hotwire's engine; bare pylsl and onnxruntime, which do nothing else; and mne-lsl,
where it is installed, with its own thread and without (`acquire`). Each has an LSL stream of its own. All are connected
at once and served by turns, a few seconds each, round after round; who is not served is stopped. What is compared are
medians over the rounds.

Latency counts from the time just before `push_chunk` until the probabilities are there; after a pause the first window
is not counted. Samples are pushed in chunks, with a decision after each: 50 a second, or one for each volume. Processor
use is that of the whole deciding process, liblsl's threads included, in cores. Memory is the most that the process had
resident, in this case and those before it, which are smaller.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from _figures import GRACE_S, figures, goals, show
from _processes import HERE, Process, environment

BUFFERS_S = (2.0, 120.0)
LEAST_PUSHES = 5
"""In a turn, however slow the stream."""


class Case(NamedTuple):
    """What is sent: a chunk at a time; each decision is on the mean over the newest window."""

    title: str
    n_channels: int
    rate_hz: float
    n_chunk: int
    n_window: int


CASES = {
    "a": Case("530 voxels at 0.4 Hz", 530, 0.4, 1, 1),
    "b": Case("64 channels at 250 Hz", 64, 250.0, 5, 125),
    "c": Case("256 channels at 1 kHz", 256, 1000.0, 20, 500),
    "d": Case("1,024 channels at 2 kHz", 1024, 2000.0, 40, 1000),
}
QUICK_CASES = CASES | {"a": Case("530 voxels, hurried: 20 Hz instead of 0.4 Hz", 530, 20.0, 1, 1)}


class Bench:
    """The processes at work, and how often and how long each is served."""

    def __init__(self, folder: Path, rounds: int, turn_s: float, monitor: bool) -> None:
        self._rounds, self._turn_s = rounds, turn_s
        self._folder = folder
        self._env = environment(folder)
        self._processes: list[Process] = []
        self._sender = self._start("sender", "_sender.py")
        kinds = {"hotwire": "engine"} | ({"watched": "watched"} if monitor else {})
        kinds |= {"mne": "mne", "mne acquire": "mne_acquire"} if find_spec("mne_lsl") else {}
        self._consumers = {"bare": self._start("bare", "_consumers.py", "bare")}
        for buffer_s in BUFFERS_S:
            for name, kind in kinds.items():
                name = f"{name} {buffer_s:g} s"
                self._consumers[name] = self._start(name, "_consumers.py", kind, str(buffer_s))

    def run(self, cases: dict[str, Case]) -> dict[str, Any]:
        shapes = [f"{case.n_channels}:{case.rate_hz}" for case in cases.values()]
        bundles = self._start("bundles", "_bundle.py", str(self._folder), *shapes).says()["paths"]
        return {
            name: {"title": case.title, "consumers": self._case(case, bundle)}
            for (name, case), bundle in zip(cases.items(), bundles, strict=True)
        }

    def end(self) -> None:
        for process in self._processes:
            process.end()

    def _start(self, name: str, script: str, *arguments: str) -> Process:
        process = Process(name, [str(HERE / script), *arguments], self._folder, self._env)
        self._processes.append(process)
        return process

    def _case(self, case: Case, bundle: str) -> dict[str, Any]:
        """Connect all consumers, and serve them by turns."""
        sender, consumers = self._sender, self._consumers
        streams = {name: f"{case.n_channels} for {name}" for name in consumers}
        sender.tell({"open": case._asdict(), "streams": [*streams.values()]})
        sender.says()
        for name, consumer in consumers.items():
            consumer.tell({"case": case._asdict(), "bundle": bundle, "stream": streams[name]})
        for consumer in consumers.values():
            consumer.says()
        for consumer in consumers.values():
            consumer.pause()
        seconds = max(self._turn_s, LEAST_PUSHES * case.n_chunk / case.rate_hz)
        pushed: dict[str, list[list[float]]] = {name: [] for name in consumers}
        for number in range(self._rounds):
            for name in list(consumers) if number % 2 == 0 else reversed(consumers):
                consumers[name].go_on()
                sender.tell({"send": streams[name], "seconds": seconds})
                pushed[name].append(sender.says(seconds + 60)["pushed"])
                time.sleep(GRACE_S)
                consumers[name].pause()
        for consumer in consumers.values():
            consumer.go_on()
            consumer.tell("end")
        return {
            name: figures(pushed[name], consumer.says(), case.n_chunk, case.n_window)
            for name, consumer in consumers.items()
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short turn each, under 50 s: a look, no verdict")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--cases", default="abcd", help="which of a, b, c and d")
    parser.add_argument(
        "--monitor", action="store_true", help="also hotwire with a monitor on, and a page that watches"
    )
    arguments = parser.parse_args()
    chosen = QUICK_CASES if arguments.quick else CASES
    with tempfile.TemporaryDirectory() as folder:
        rounds, turn_s = (1, 0.7) if arguments.quick else (5, 6.0)
        bench = Bench(Path(folder), rounds, turn_s, arguments.monitor)
        try:
            found: dict[str, Any] = {"cases": bench.run({name: chosen[name] for name in arguments.cases})}
        finally:
            bench.end()
    found["goals"] = goals(found["cases"])
    found["machine"] = {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
    found["versions"] = {
        name: version(name) if find_spec(name.replace("-", "_")) else None
        for name in ("pylsl", "onnxruntime", "numpy", "mne-lsl")
    }
    if arguments.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
