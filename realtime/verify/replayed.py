"""A recording replayed over LSL by another process, as a source that ends."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from pathlib import Path
from uuid import uuid4

import pylsl

from ...decoder.readers.arrays.npz import write_npz
from ...decoder.recordings.recording import Recording
from ...errors import StreamError, StreamLostError
from ..sources.lsl_source import LslSource
from ..sources.private_lsl import private_config
from ..sources.source import Chunk, EndOfStream, Marker, MarkersChange, StreamInfo
from .faults import Fault, with_faults

GOODBYE_S = 10.0
LATE_S = 10.0
"""How long to wait for markers after the last sample: some may have been sent before the connection."""
LINGER_S = 600.0
"""LSL drops what was not pulled when a stream ends, so the replay stays until it is stopped."""


class _Ending(LslSource):
    """A replay's stream, which ends after its last sample and marker."""

    def __init__(
        self, name: str, recording: Recording, n_sent: int, process: subprocess.Popen[bytes], stderr: Path
    ) -> None:
        # Nothing is dropped, however slow its consumer is.
        buffer_s = recording.n_samples / recording.rate_hz + 60.0
        super().__init__(name, markers=f"{name}-markers", buffer_s=buffer_s)
        self._process = process
        self._stderr = stderr
        self._n_samples_left = n_sent
        self._n_markers_left = len(recording.events)
        self._samples_ended_s = inf

    def open(self, timeout_s: float) -> StreamInfo:
        if self._process.poll() is not None:
            message = self._stderr.read_text(errors="replace").strip()
            raise StreamError(f"the replay ended before its stream was found: {message or 'it said nothing'}")
        return super().open(timeout_s)

    def pull(self, timeout_s: float) -> Chunk | None:
        if self._n_samples_left <= 0:
            self._samples_ended_s = min(self._samples_ended_s, time.monotonic())
            if self._n_markers_left <= 0 or time.monotonic() > self._samples_ended_s + LATE_S:
                raise EndOfStream
        try:
            chunk = super().pull(timeout_s)
        except StreamLostError:
            raise EndOfStream from None
        self._n_samples_left -= 0 if chunk is None else len(chunk.samples)
        return chunk

    def markers(self) -> list[Marker | MarkersChange]:
        came = super().markers()
        self._n_markers_left -= sum(isinstance(one, Marker) for one in came)
        return came


@contextmanager
def replayed(
    recording: Recording,
    *,
    speed: float,
    faults: Sequence[Fault] = (),
    name: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[LslSource]:
    """Replay a recording of one run at this speed in another process, which ends with the ``with`` block.

    Yields a source of samples and markers; opening it raises StreamError if the replay fails. The default name is
    unique. ``env`` is the environment of the process, see `private_session`.
    """
    name = name or f"hotwire-replay-{uuid4().hex[:8]}"
    n_sent = len(with_faults(recording.data, recording.feature_names, recording.rate_hz, faults)[1].sample)
    with tempfile.TemporaryDirectory() as folder:
        path, log = Path(folder) / "recording.npz", Path(folder) / "stderr"
        write_npz(recording, path)
        arguments = [str(path), "--name", name, "--speed", repr(speed), "--linger", str(LINGER_S)]
        arguments += [word for fault in faults for word in ("--fault", str(fault))]
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "hotwire.decoder.cli.group", "replay", *arguments],
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        try:
            yield _Ending(name, recording, n_sent, process, log)
        finally:
            process.terminate()
            try:
                process.wait(GOODBYE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def private_session(folder: str | os.PathLike[str]) -> dict[str, str]:
    """Use a private LSL session in this process and in those started with the returned environment.

    Call it before any other use of LSL. If ``LSLAPICFG`` is set, that session is used.
    """
    if "LSLAPICFG" in os.environ:
        return dict(os.environ)
    config = private_config(Path(folder))
    pylsl.set_config_filename(str(config))
    return {**os.environ, "LSLAPICFG": str(config)}
