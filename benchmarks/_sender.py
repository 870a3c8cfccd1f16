"""The process that sends: an outlet for each consumer, so that they can be served by turns.

It reads one order a line, and answers each::

    {"open": CASE, "streams": [source_id, ...]}   open outlets; those of the case before are closed
    {"send": source_id, "seconds": 2.0}           push on an absolute schedule; the answer is when each push was
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import pylsl
from _processes import say

BEGIN_S = 0.05
N_CHUNKS = 16


class Outlets:
    """The outlets of one case."""

    def __init__(self, case: dict[str, Any], streams: list[str]) -> None:
        n_channels, self._n_chunk, self._rate_hz = case["n_channels"], case["n_chunk"], case["rate_hz"]
        self._chunks = np.random.default_rng(2).normal(size=(N_CHUNKS, self._n_chunk, n_channels)).astype(np.float32)
        self._outlets = {}
        for stream in streams:
            info = pylsl.StreamInfo(stream, "EEG", n_channels, self._rate_hz, pylsl.cf_float32, stream)
            info.set_channel_labels([f"ch{i}" for i in range(n_channels)])
            info.set_channel_units("uV")
            self._outlets[stream] = pylsl.StreamOutlet(info)

    def send(self, stream: str, seconds: float) -> list[float]:
        """Push a chunk whenever it is due; it is stamped with the time of the push."""
        outlet, every_s = self._outlets[stream], self._n_chunk / self._rate_hz
        begin_s = pylsl.local_clock() + BEGIN_S
        pushed: list[float] = []
        for i in range(round(seconds / every_s)):
            left_s = begin_s + i * every_s - pylsl.local_clock()
            if left_s > 0:
                time.sleep(left_s)
            pushed.append(pylsl.local_clock())
            outlet.push_chunk(self._chunks[i % N_CHUNKS], pushed[-1])
        return pushed


def main() -> None:
    outlets = None
    for line in sys.stdin:
        order = json.loads(line)
        if "open" in order:
            outlets = Outlets(order["open"], order["streams"])
            say({"open": True})
        elif outlets is not None:
            say({"pushed": outlets.send(order["send"], order["seconds"])})


if __name__ == "__main__":
    main()
