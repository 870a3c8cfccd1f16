from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
import pyxdf
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.readers import read_xdf
from hotwire.errors import InputError
from hotwire.realtime.outputs.xdf import XdfRecorder
from hotwire.realtime.sources.source import Chunk, Marker, StreamInfo

from .test_network_outputs import decision

INFO = StreamInfo("amp <1> & co", "EEG", "serial-7", ("Cz", "Pz", "O'z"), ("µV", "", "µV"), 250.0)


def chunk(first: int, n: int, rate_hz: float = 250.0, n_channels: int = 3) -> Chunk:
    index = np.arange(first, first + n)
    samples = np.random.default_rng(first).normal(size=(n, n_channels)).astype(np.float32)
    return Chunk(samples, 1e5 + index / rate_hz, 1e5 + (first + n) / rate_hz)


def record(path: Path, sizes: list[int], markers: list[Marker]) -> list[Chunk]:
    recorder = XdfRecorder(path)
    recorder.open(INFO)
    chunks = []
    for size in sizes:
        chunks.append(chunk(sum(len(c.samples) for c in chunks), size))
        recorder.write(chunks[-1])
    for marker in markers:
        recorder.marker(marker)
    recorder.close()
    return chunks


MARKERS = [
    Marker("face", 1e5 + 0.1, None, 1e5 + 0.2),
    Marker("a µ house", 1e5 + 0.25, 2.5, 1e5 + 0.3),
    Marker('{"odd"}', 1e5 + 0.1, None, 1e5 + 0.3),
]


def test_pyxdf_reads_what_was_written(tmp_path: Path) -> None:
    chunks = record(tmp_path / "raw.xdf", [7, 0, 1, 120], MARKERS)
    (data, markers), header = pyxdf.load_xdf(tmp_path / "raw.xdf", dejitter_timestamps=False)
    assert header["info"]["version"] == ["1.0"]
    np.testing.assert_array_equal(data["time_series"], np.concatenate([c.samples for c in chunks]))
    np.testing.assert_array_equal(data["time_stamps"], np.concatenate([c.stamps for c in chunks]))
    info = data["info"]
    assert info["name"] == ["amp <1> & co"]
    assert info["type"] == ["EEG"]
    assert info["source_id"] == ["serial-7"]
    assert info["nominal_srate"] == ["250.0"]
    channels = info["desc"][0]["channels"][0]["channel"]
    assert [(c["label"][0], c["unit"][0]) for c in channels] == [("Cz", "µV"), ("Pz", None), ("O'z", "µV")]
    footer = data["footer"]["info"]
    assert footer["sample_count"] == ["128"]
    assert float(footer["first_timestamp"][0]) == chunks[0].stamps[0]
    assert float(footer["last_timestamp"][0]) == chunks[-1].stamps[-1]
    assert [text for (text,) in markers["time_series"][:1]] == ["face"]
    np.testing.assert_array_equal(markers["time_stamps"], [m.stamp_s for m in MARKERS])


def test_clock_offsets_are_zero_and_come_every_few_seconds(tmp_path: Path) -> None:
    record(tmp_path / "raw.xdf", [250] * 21, [])
    streams, _ = pyxdf.load_xdf(tmp_path / "raw.xdf")
    for stream in streams:
        assert stream["clock_times"] == [1e5 + 1, 1e5 + 6, 1e5 + 11, 1e5 + 16, 1e5 + 21]
        assert stream["clock_values"] == [0] * 5


def test_our_reader_gives_it_back(tmp_path: Path) -> None:
    chunks = record(tmp_path / "raw.xdf", [100, 28], MARKERS)
    r = read_xdf(tmp_path / "raw.xdf")
    np.testing.assert_array_equal(r.data, np.concatenate([c.samples for c in chunks]))
    assert (r.rate_hz, r.feature_names, r.unit) == (250.0, ("Cz", "Pz", "O'z"), ("µV", "a.u.", "µV"))
    assert r.events.label.tolist() == ["face", '{"odd"}', "a µ house"]
    np.testing.assert_allclose(r.events.onset_s, [0.1, 0.1, 0.25], atol=1e-9)
    assert r.events.duration_s.tolist() == [0.0, 0.0, 2.5]
    assert r.source == f"{tmp_path / 'raw.xdf'}, stream 'amp <1> & co'"


def test_mne_makes_a_raw_of_it(tmp_path: Path) -> None:
    chunks = record(tmp_path / "raw.xdf", [500], MARKERS[:2])
    (data, markers), _ = pyxdf.load_xdf(tmp_path / "raw.xdf")
    labels = [c["label"][0] for c in data["info"]["desc"][0]["channels"][0]["channel"]]
    info = mne.create_info(labels, float(data["info"]["nominal_srate"][0]), "eeg")
    raw = mne.io.RawArray(1e-6 * data["time_series"].T, info, verbose="error")
    onset = markers["time_stamps"] - data["time_stamps"][0]
    raw.set_annotations(mne.Annotations(onset, 0, [text for (text,) in markers["time_series"]]))
    np.testing.assert_allclose(1e6 * np.asarray(raw.get_data()).T, chunks[0].samples, rtol=1e-6)
    assert mne.events_from_annotations(raw, verbose="error")[0][:, 0].tolist() == [25, 62]


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "raw.xdf"
    early = XdfRecorder(path)
    path.write_text("precious")
    with pytest.raises(InputError, match=r"raw\.xdf: there is such a file already"):
        XdfRecorder(path)
    with pytest.raises(InputError, match=r"raw\.xdf: there is such a file already"):
        early.open(INFO)
    assert path.read_text() == "precious"
    with pytest.raises(InputError, match="there is no folder"):
        XdfRecorder(tmp_path / "nowhere" / "raw.xdf")


def test_a_recorder_that_is_not_open_says_so(tmp_path: Path) -> None:
    recorder = XdfRecorder(tmp_path / "raw.xdf")
    with pytest.raises(InputError, match="is not open"):
        recorder.write(chunk(0, 3))
    recorder.close()
    assert not (tmp_path / "raw.xdf").exists()


class Killed(BaseException):
    """Stands for SIGKILL: nothing tidies up behind it."""


def killed_after(monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    """Let the process write so many bytes, whole calls or parts of them, and then end."""
    write, left = os.write, n_bytes

    def until_killed(fd: int, data: Any) -> int:
        nonlocal left
        n = write(fd, bytes(data)[:left])
        left -= n
        if n < len(data):
            raise Killed
        return n

    monkeypatch.setattr(os, "write", until_killed)


def n_bytes_written(sizes: list[int]) -> int:
    """Return how many bytes `record` writes, those that are written over counted twice."""
    count, write = 0, os.write

    def counting(fd: int, data: Any) -> int:
        nonlocal count
        count += len(data)
        return write(fd, data)

    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(os, "write", counting)
        record(Path(folder) / "raw.xdf", sizes, MARKERS)
    return count


def run(recorder: XdfRecorder, written: list[Chunk]) -> None:
    """Record some chunks and markers, and tell which chunks were written."""
    recorder.open(INFO)
    for size in SIZES:
        recorder.write(chunk(sum(len(c.samples) for c in written), size))
        written.append(chunk(sum(len(c.samples) for c in written), size))
    for marker in MARKERS:
        recorder.marker(marker)
    recorder.close()


SIZES = [3, 1, 5]
N_BYTES = n_bytes_written(SIZES)


@settings(max_examples=100)
@given(st.integers(4, N_BYTES - 1))
def test_killed_at_any_byte(n_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw.xdf"
        written: list[Chunk] = []
        with pytest.MonkeyPatch.context() as patch:
            killed_after(patch, n_bytes)
            recorder = XdfRecorder(path)
            with pytest.raises(Killed):
                run(recorder, written)
        assert recorder._fd is not None
        os.close(recorder._fd)
        streams, _ = pyxdf.load_xdf(path, dejitter_timestamps=False)
        stamps = np.concatenate([np.zeros(0), *(c.stamps for c in written)])
        if written:
            np.testing.assert_array_equal(streams[0]["time_stamps"], stamps)
            np.testing.assert_array_equal(streams[0]["time_series"], np.concatenate([c.samples for c in written]))
            assert read_xdf(path, markers="Markers" if len(streams) > 1 else None, on_event_outside="drop").n_samples


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[int]]:
    """A file, and how long it was after each of its chunks of samples."""
    path = tmp_path_factory.mktemp("grown") / "raw.xdf"
    recorder = XdfRecorder(path)
    recorder.open(INFO)
    sizes = []
    for first in (0, 5, 10):
        recorder.write(chunk(first, 5))
        sizes.append(path.stat().st_size)
    for marker in MARKERS:
        recorder.marker(marker)
    recorder.close()
    return path.read_bytes(), sizes


@settings(max_examples=100)
@given(st.data())
def test_cut_off_at_any_byte(grown: tuple[bytes, list[int]], data: st.DataObject) -> None:
    """A copy that broke off knows of no zero in front: pyxdf fails or mixes samples up, our reader does not."""
    content, sizes = grown
    cut = data.draw(st.integers(sizes[0], len(content) - 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cut.xdf"
        path.write_bytes(content[:cut])
        r = read_xdf(path, on_event_outside="drop")
    n_chunks = sum(cut >= size for size in sizes)
    np.testing.assert_array_equal(r.data, np.concatenate([chunk(5 * i, 5).samples for i in range(n_chunks)]))
    assert "cut off while it was written" in r.source


def test_a_full_disk_leaves_a_file_that_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = XdfRecorder(tmp_path / "raw.xdf")
    recorder.open(INFO)
    recorder.write(chunk(0, 50))
    room = 700
    write = os.write

    def full(fd: int, data: Any) -> int:
        nonlocal room
        if not room and len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        n = write(fd, bytes(data)[:room])
        room -= n
        return n

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        recorder.write(chunk(50, 100))
    recorder.close()
    monkeypatch.undo()
    r = read_xdf(tmp_path / "raw.xdf")
    np.testing.assert_array_equal(r.data, chunk(0, 50).samples)
    assert "cut off while it was written (0 bytes" in r.source


KILL = """
import sys
import numpy as np
from hotwire.realtime.sources.source import Chunk, StreamInfo
from hotwire.realtime.outputs.xdf import XdfRecorder

recorder = XdfRecorder(sys.argv[1])
recorder.open(StreamInfo("amp", "EEG", "id", tuple(map(str, range(64))), ("",) * 64, 1000.0))
first = 0
while True:
    index = np.arange(first, first + 100)
    recorder.write(Chunk(np.repeat(index[:, None], 64, axis=1).astype(np.float32), index / 1000, first / 1000))
    first += 100
    print(first, flush=True)
"""


def test_kill_9_loses_nothing_that_write_returned_from(tmp_path: Path) -> None:
    path = tmp_path / "raw.xdf"
    process = subprocess.Popen([sys.executable, "-c", KILL, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(300)]
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split("\n")
    process.wait()
    process.stdout.close()
    last = max([*told, *(int(line) for line in rest[:-1])])
    (data, _), _ = pyxdf.load_xdf(path)
    assert len(data["time_series"]) >= last
    np.testing.assert_array_equal(data["time_series"][:, 63], np.arange(len(data["time_series"])))


def test_decisions_are_a_stream_of_their_own_that_is_no_marker(tmp_path: Path) -> None:
    path = tmp_path / "raw.xdf"
    recorder = XdfRecorder(path)
    recorder.open(INFO)
    recorder.write(chunk(0, 500))
    recorder.marker(MARKERS[0])
    decided = [decision(number) for number in (0, 1)]
    for one in (*decided, decision(2, shadow=True)):
        recorder.decision(replace(one, stop_stamp_s=1e5 + one.number))
    recorder.close()
    (_, _, decisions), _ = pyxdf.load_xdf(path, dejitter_timestamps=False)
    assert decisions["info"]["type"] == ["Decisions"]
    np.testing.assert_array_equal(decisions["time_stamps"], [1e5, 1e5 + 1])
    told = [json.loads(text) for (text,) in decisions["time_series"]]
    assert [(one["number"], one["answer"], one["probabilities"]) for one in told] == [
        (number, "up", {"up": 0.75, "down": 0.25}) for number in (0, 1)
    ]
    assert read_xdf(path).events.label.tolist() == ["face"]
    assert len(read_xdf(path, markers="Decisions", on_event_outside="drop").events) == 2
