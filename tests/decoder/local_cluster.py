"""A dask cluster of several processes on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

LINES_S = 60.0


class LocalCluster:
    """A scheduler and workers, each a process of its own as on a cluster of machines."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._env = {**os.environ, "OMP_NUM_THREADS": "1"}
        self._all: list[subprocess.Popen] = []
        told = folder / "scheduler.json"
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told))
        until = time.monotonic() + LINES_S
        while not (told.exists() and told.stat().st_size) and time.monotonic() < until:
            time.sleep(0.05)
        self.address = "tcp://" + told.read_text().split("tcp://")[1].split('"')[0]

    def worker(self) -> subprocess.Popen:
        return self._start("worker", self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny")

    def close(self) -> None:
        for process in reversed(self._all):
            with process:
                process.kill()

    def _start(self, what: str, *args: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *args]
        log = (self._folder / f"{what}_{len(self._all)}.txt").open("wb")
        with log:
            process = subprocess.Popen(command, env=self._env, stdout=log, stderr=log, cwd=self._folder)
        self._all.append(process)
        return process
