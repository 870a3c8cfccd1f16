"""The process that decodes the hour: `hotwire stream` without its screen, with everything recorded.

python _hour_consumer.py BUNDLE FOLDER

It ends when told to, and answers with the losses, the decisions, the changes of the markers' state and its memory.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

from _processes import say

from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.realtime.decision import LiveDecision, Output, Status
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.outputs.json_lines import JsonLines
from hotwire.realtime.outputs.lsl_outputs import LslOutlets
from hotwire.realtime.outputs.xdf import XdfRecorder
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.lsl_source import LslSource

MEMORY_EVERY_S = 1.0


class Noted(Output):
    """What the benchmark is about."""

    def __init__(self) -> None:
        self.decisions: list[tuple[str | None, str | None]] = []
        self.markers: list[tuple[float, str]] = []
        self.n_statuses = 0

    def decision(self, decision: LiveDecision) -> None:
        self.decisions.append((decision.label, decision.abstained))

    def status(self, status: Status) -> None:
        self.n_statuses += 1
        state = str(status.markers)
        if not self.markers or self.markers[-1][1] != state:
            self.markers.append((status.at_s, state))


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def main() -> None:
    bundle, folder = sys.argv[1], Path(sys.argv[2])
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    noted, memory = Noted(), []
    outputs: list[Any] = [noted, LslOutlets("hour-decoder"), JsonLines(folder / "decisions.jsonl")]
    source = LslSource(source_id="hour-amplifier", markers="hour-markers")
    settings = LiveSettings(timeout_s=30.0)
    engine = Engine(
        CompiledDecoder.load(bundle), source, settings, outputs=outputs, recorder=XdfRecorder(folder / "raw.xdf")
    )
    begun_s, processor_s, next_s = time.monotonic(), time.process_time(), 0.0
    with engine:
        say({"open": True})
        while not stop.is_set():
            engine.turn(0.1)
            if time.monotonic() >= next_s:
                next_s = time.monotonic() + MEMORY_EVERY_S
                memory.append(resident_bytes())
        losses = engine.losses
    say(
        {
            "losses": losses,
            "decisions": noted.decisions,
            "markers": noted.markers,
            "said": noted.n_statuses,
            "memory": memory,
            "processor": (time.process_time() - processor_s) / (time.monotonic() - begun_s),
        }
    )


if __name__ == "__main__":
    main()
