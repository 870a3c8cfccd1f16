"""Streams of MNE-LSL, by a stand-in that buffers and counts as its ``StreamLSL`` does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pylsl import local_clock

from hotwire.decoder.windows import SlidingAverage
from hotwire.errors import StreamError, StreamLostError, StreamNotFoundError
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.sources.mne_lsl_stream import MneLslStream
from hotwire.realtime.sources.source import StreamInfo

from ..small import SignDecoder


class BufferedStream:
    """A ring buffer of the newest samples (n_channels, n_samples), zeros at first; asking for data resets the count."""

    name, source_id, ch_names = "amp", "serial-7", ["ch0", "ch1"]

    def __init__(self, n_buffer: int = 20, sfreq: float = 10.0) -> None:
        self.info = {"sfreq": sfreq}
        self.connected, self.n_new_samples = False, 0
        self.options: dict[str, Any] = {}
        self._data, self._stamps = np.zeros((2, n_buffer)), np.zeros(n_buffer)
        self.comes_between = 0
        self.stamp_s = local_clock() + 0.1

    def connect(self, acquisition_delay: float, **options: Any) -> None:
        self.connected, self.options = True, options

    def disconnect(self) -> None:
        self.connected = False

    def get_channel_units(self) -> list[tuple[int, int]]:
        return [(107, -6), (0, 0)]

    def acquire(self, n: int, value: float = 1.0) -> None:
        for _ in range(n):
            self._data = np.roll(self._data, -1, axis=1)
            self._stamps = np.roll(self._stamps, -1)
            self._data[:, -1], self._stamps[-1] = value, self.stamp_s
            self.stamp_s += 1 / self.info["sfreq"]
        self.n_new_samples += n

    def get_data(self, winsize: float, *, exclude: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
        self.acquire(self.comes_between)
        n = int(np.ceil(winsize * self.info["sfreq"]))
        self.n_new_samples = 0
        return self._data[:, -n:], self._stamps[-n:]


def test_it_is_connected_without_smoothing_and_described() -> None:
    stream = BufferedStream()
    info = MneLslStream(stream).open(3.0)
    assert info == StreamInfo("amp", "EEG", "serial-7", ("ch0", "ch1"), ("uV", ""), 10.0)
    assert stream.options == {"processing_flags": ["clocksync"], "timeout": 3.0}


def test_every_sample_comes_once_also_those_between_two_questions() -> None:
    stream = BufferedStream()
    source = MneLslStream(stream)
    source.open(1.0)
    assert source.pull(0.0) is None
    stamps: list[float] = []
    for n, between in ((3, 0), (2, 2), (1, 1), (4, 0)):
        stream.acquire(n)
        stream.comes_between = between
        chunk = source.pull(0.0)
        assert chunk is not None
        assert chunk.samples.dtype == np.float32
        assert chunk.samples.shape == (n + between, 2)
        stamps += chunk.stamps.tolist()
    np.testing.assert_allclose(np.diff(stamps), 0.1)
    assert source.markers() == []


def test_samples_from_before_it_was_opened_do_not_count() -> None:
    stream = BufferedStream()
    stream.connect(0.0)
    stream.stamp_s = local_clock() - 1.0
    stream.acquire(5)
    source = MneLslStream(stream)
    source.open(1.0)
    assert source.pull(0.0) is None


def test_a_decoder_decides_on_it() -> None:
    decoder: Any = SignDecoder(window=SlidingAverage(0.5, 0.5))
    stream = BufferedStream()
    with Engine(decoder, MneLslStream(stream)) as engine:
        stream.acquire(8)
        [decision] = engine.turn(0.0)
    assert (decision.answer, decision.present) == ("up", 1.0)
    assert not stream.connected


def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    source = MneLslStream(BufferedStream())
    with pytest.raises(StreamLostError, match="not connected to the stream 'amp'"):
        source.pull(0.0)
    with pytest.raises(StreamError, match="'amp' has no regular rate"):
        MneLslStream(BufferedStream(sfreq=0.0)).open(1.0)

    def none_is_there(*_: Any, **__: Any) -> None:
        raise RuntimeError("The stream could not be found.")

    monkeypatch.setattr(BufferedStream, "connect", none_is_there)
    with pytest.raises(StreamNotFoundError, match="MNE-LSL: The stream could not be found"):
        source.open(1.0)
