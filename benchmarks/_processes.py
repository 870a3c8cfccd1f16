"""Processes of a benchmark: they speak JSON, line by line, in an LSL session of their own. Every wait is bounded."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from hotwire.realtime.sources.private_lsl import private_config

PATIENCE_S = 60.0
HERE = Path(__file__).parent


def say(what: dict) -> None:
    """Answer to the process that started this one."""
    print(json.dumps(what), flush=True)


def environment(folder: Path) -> dict[str, str]:
    """For processes that see each other's streams and nobody else's."""
    return {
        **os.environ,
        "LSLAPICFG": str(private_config(folder)),
        "OMP_NUM_THREADS": "1",
        "MNE_LSL_LOG_LEVEL": "ERROR",
    }


class ProcessError(RuntimeError):
    """A process died, hung or said nonsense."""


class Process:
    """One that answers, or is reported with what it wrote to stderr."""

    def __init__(self, name: str, arguments: list[str], folder: Path, env: dict[str, str]) -> None:
        self.name = name
        self._stderr = folder / f"{name}.txt"
        with open(self._stderr, "w") as file:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                self._lines.put(line)
        self._lines.put("")

    def tell(self, what: Any) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._error("is gone") from None

    def says(self, patience_s: float = PATIENCE_S) -> dict:
        """Return its next answer."""
        try:
            line = self._lines.get(timeout=patience_s)
        except queue.Empty:
            raise self._error(f"said nothing for {patience_s:g} s") from None
        if not line:
            self._process.wait(PATIENCE_S)
            raise self._error(f"ended with status {self._process.returncode}")
        return json.loads(line)

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Make sure that it is gone."""
        assert self._process.stdin is not None
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE_S)
        self._process.stdin.close()

    def _error(self, what: str) -> ProcessError:
        return ProcessError(f"the process {self.name!r} {what}:\n{self._stderr.read_text()[-4000:]}")
