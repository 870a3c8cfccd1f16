"""The simulated participant of ``hotwire calibrate --simulate``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

GOODBYE_S = 10.0


@contextmanager
def simulated_participant(stream: str, cues: str, labels: Sequence[str], seed: int) -> Iterator[None]:
    """Run a simulated participant in another process."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "hotwire.realtime.sources.simulated_participant"),
            *("--seed", str(seed), "--", stream, cues, *labels),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
