"""A LabStreamingLayer world for each test: its own processes, session and ports, on this machine only."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from hotwire.realtime.sources.private_lsl import private_config

PATIENCE_S = 240
"""No test waits longer for a process: then something hangs."""


class Child:
    """A Python process of a test. Every wait is bounded; what goes wrong is reported with what it wrote to stderr."""

    def __init__(self, code: str, args: tuple, env: dict[str, str], stderr: Path) -> None:
        self._stderr = stderr
        with open(stderr, "w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", dedent(code), json.dumps(args)],
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put("")

    def says(self) -> Any:
        """Return the next line it prints, which is JSON."""
        try:
            line = self._lines.get(timeout=PATIENCE_S)
        except queue.Empty:
            line = ""
        if not line:
            self.kill()
            pytest.fail(f"the process said nothing more (exit status {self.process.returncode}): {self._errors()}")
        return json.loads(line)

    def result(self) -> Any:
        """Wait until it ends, and return the last line it printed, which is JSON."""
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the process did not end: {self._errors()}")
        self._reader.join(PATIENCE_S)
        if self.process.returncode:
            pytest.fail(f"the process ended with status {self.process.returncode}: {self._errors()}")
        lines = [line for line in self._lines.queue if line]
        return json.loads(lines[-1]) if lines else None

    def go(self) -> None:
        """End its standard input, for processes that read it to wait for this."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it, if it still lives; also when it is stopped."""
        self.go()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)

    def _errors(self) -> str:
        return self._stderr.read_text()[-4000:]


class LslWorld:
    """Starts processes that see each other's streams and nobody else's.

    liblsl reads its settings once in a process, and if it crashes the tests must not: hence all LSL of the tests runs
    in processes of its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._children: list[Child] = []
        config = private_config(folder)
        self.env = {**os.environ, "LSLAPICFG": str(config), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}

    def start(self, code: str, *args: Any) -> Child:
        """Start a process; it finds the arguments as JSON in ``sys.argv[1]``, and says what it has to say as JSON."""
        child = Child(code, args, self.env, self.folder / f"stderr_{len(self._children)}.txt")
        self._children.append(child)
        return child

    def run(self, code: str, *args: Any) -> Any:
        """Run a process to its end, and return the last thing it said."""
        return self.start(code, *args).result()

    def close(self) -> None:
        for child in self._children:
            child.kill()


@pytest.fixture
def lsl(tmp_path: Path) -> Iterator[LslWorld]:
    world = LslWorld(tmp_path)
    yield world
    world.close()
