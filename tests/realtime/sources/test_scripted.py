from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotwire.errors import InputError, ShapeError, StreamLostError, StreamNotFoundError
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.sources.scripted import Appears, At, Disappears, Samples, ScriptedSource, Silence, chunked
from hotwire.realtime.sources.source import EndOfStream, Marker, StreamInfo

INFO = StreamInfo("fake", "EEG", "f1", ("a", "b"), ("uV", "uV"), 10.0)
ROWS = np.arange(40, dtype=np.float32).reshape(20, 2)


def source(*script: At, info: StreamInfo = INFO) -> tuple[ScriptedSource, VirtualClock]:
    clock = VirtualClock()
    return ScriptedSource(info, script, clock), clock


def test_chunks_come_when_their_last_sample_is_due() -> None:
    fake, clock = source(*chunked(ROWS, 10.0, chunk_samples=6, start_s=100.0, delay_s=0.25))
    assert fake.open(1.0) == INFO
    came = []
    for _ in range(4):
        chunk = fake.pull(1000.0)
        assert chunk is not None
        assert chunk.received_s == clock.now() == pytest.approx(chunk.stamps[-1] + 0.25)
        came.append(chunk)
    with pytest.raises(EndOfStream):
        fake.pull(1000.0)
    np.testing.assert_array_equal(np.concatenate([chunk.samples for chunk in came]), ROWS)
    np.testing.assert_allclose(np.concatenate([chunk.stamps for chunk in came]), 100 + np.arange(20) / 10)
    assert [len(chunk.samples) for chunk in came] == [6, 6, 6, 2]


def test_a_pull_waits_no_longer_than_it_may() -> None:
    fake, clock = source(*chunked(ROWS, 10.0, start_s=5.0))
    fake.open(0.0)
    assert fake.pull(2.0) is None
    assert clock.now() == 2.0
    chunk = fake.pull(10.0)
    assert chunk is not None
    assert clock.now() == 5.0


def test_a_slow_consumer_gets_all_that_is_due_at_once() -> None:
    fake, clock = source(*chunked(ROWS, 10.0))
    fake.open(0.0)
    clock.advance(0.95)
    chunk = fake.pull(1.0)
    assert chunk is not None
    np.testing.assert_array_equal(chunk.samples, ROWS[:10])
    assert clock.now() == 0.95


def test_markers_come_along_and_once() -> None:
    marker = Marker("face", 0.5, None, received_s=np.nan)
    fake, _ = source(At(0.7, marker), At(1.0, Silence()), *chunked(ROWS, 10.0, start_s=2.0))
    fake.open(0.0)
    assert fake.markers() == []
    assert fake.pull(1.5) is None
    assert fake.markers() == [marker._replace(received_s=0.7)]
    assert fake.markers() == []


def test_a_stream_that_goes_away_and_comes_back() -> None:
    rows = [At(float(t), Samples(ROWS[:1], [float(t)])) for t in range(6)]
    fake, clock = source(*rows[:2], At(1.5, Disappears("cable")), *rows[2:4], At(3.5, Appears()), *rows[4:])
    fake.open(0.0)
    fake.pull(1.0)
    fake.pull(1.0)
    with pytest.raises(StreamLostError, match="cable"):
        fake.pull(1.0)
    with pytest.raises(StreamLostError, match="not open"):
        fake.pull(1.0)
    with pytest.raises(StreamNotFoundError, match="found: none"):
        fake.open(1.0)
    assert clock.now() == 2.5
    assert fake.open(5.0) == INFO
    assert clock.now() == 3.5
    chunk = fake.pull(5.0)
    assert chunk is not None
    assert chunk.stamps.tolist() == [4.0]


def test_only_the_same_source_is_taken_again() -> None:
    other = replace(INFO, source_id="f2")
    fake, _ = source(
        *chunked(ROWS[:1], 10.0),
        At(1.0, Disappears()),
        At(2.0, Appears(other)),
        At(9.0, Appears(INFO)),
        At(10.0, Silence()),
    )
    fake.open(0.0)
    fake.pull(0.5)
    with pytest.raises(StreamLostError):
        fake.pull(5.0)
    with pytest.raises(StreamNotFoundError, match=r"expected fake .*source_id f1.* found: fake .*source_id f2"):
        fake.open(3.0)
    assert fake.open(10.0) == INFO


def test_a_stream_without_a_source_id_is_never_found_again() -> None:
    fake, _ = source(At(1.0, Disappears()), At(2.0, Appears()), info=replace(INFO, source_id=""))
    fake.open(0.0)
    with pytest.raises(StreamLostError):
        fake.pull(5.0)
    with pytest.raises(EndOfStream):
        fake.open(5.0)


def test_a_stream_that_appears_late_or_never() -> None:
    fake, clock = source(At(3.0, Appears()), At(4.0, Silence()))
    with pytest.raises(StreamNotFoundError):
        fake.open(1.0)
    assert fake.open(5.0) == INFO
    assert clock.now() == 3.0
    fake, _ = source(At(3.0, Appears(replace(INFO, rate_hz=5.0))))
    assert fake.open(5.0).rate_hz == 5.0  # the first time, any stream is taken; whether it fits is not for the source


def test_an_exception_is_raised_where_the_script_has_it() -> None:
    fake, clock = source(At(2.0, KeyboardInterrupt()), *chunked(ROWS, 10.0, start_s=3.0))
    fake.open(0.0)
    with pytest.raises(KeyboardInterrupt):
        fake.pull(5.0)
    assert clock.now() == 2.0


def test_a_closed_source_gives_nothing() -> None:
    fake, _ = source(*chunked(ROWS, 10.0))
    fake.open(0.0)
    fake.close()
    fake.close()
    with pytest.raises(StreamLostError, match="not open"):
        fake.pull(1.0)


def test_a_script_out_of_order_is_an_error() -> None:
    with pytest.raises(InputError, match="entry 1 at 1 s after one at 2 s"):
        source(At(2.0, Silence()), At(1.0, Silence()))


def test_samples_that_do_not_fit_the_stream_are_an_error() -> None:
    with pytest.raises(ShapeError, match=r"expected rows \(1, 2\)"):
        source(At(0.0, Samples(np.zeros((1, 3)), [0.0])))
    wider = replace(INFO, channel_names=("a", "b", "c"), units=("", "", ""))
    source(At(0.0, Appears(wider)), At(1.0, Samples(np.zeros((1, 3)), [0.0])))
