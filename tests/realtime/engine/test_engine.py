"""The engine, in virtual time; what goes wrong with a stream is in `test_fault_matrix.py`."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder import Events, Recording
from hotwire.decoder.recordings.markers import read_marker
from hotwire.decoder.steps import run_steps
from hotwire.decoder.windows import BlockAverage, Epoch, SlidingAverage, SlidingEpoch, windows
from hotwire.errors import InputError, ShapeError, StreamNotFoundError
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.scripted import At, Disappears, Samples, ScriptedSource
from hotwire.realtime.sources.source import Chunk, EndOfStream, Marker, StreamInfo

from ..scenes import (
    ONSETS,
    RATE_HZ,
    ROWS,
    N,
    all_but,
    check_decisions,
    chunk,
    chunks,
    decoder,
    marker,
    markers,
    run,
    scene,
)
from ..small import Kept

JITTER_S = np.random.default_rng(8).uniform(-0.002, 0.002, N)


def recut(came: np.ndarray, rows: np.ndarray, cuts: list[int]) -> list[At]:
    """The stream without some of its samples, cut anywhere; each chunk comes when its last sample is due."""
    edges = [0, *cuts, N]
    script = []
    for first, stop in pairwise(edges):
        index = first + np.flatnonzero(came[first:stop])
        if len(index):
            script.append(At(stop / RATE_HZ, Samples(rows[index], index / RATE_HZ + JITTER_S[index])))
    return script


@settings(max_examples=25)
@given(
    cuts=st.lists(st.integers(1, N - 1), max_size=60, unique=True).map(sorted),
    gaps=st.lists(st.tuples(st.integers(120, N - 220), st.integers(1, 200)), max_size=3),
    broken=st.lists(st.tuples(st.integers(0, N - 1), st.integers(1, 30)), max_size=3),
    channel=st.integers(0, 3),
    flat_from=st.integers(0, N),
)
def test_however_it_is_cut_the_decisions_and_losses_are_the_same(cuts, gaps, broken, channel, flat_from):
    rows = ROWS.copy()
    rows[flat_from : flat_from + 100, 3 - channel] = 0.5
    for first, n in broken:
        rows[first : first + n, channel] = np.nan
    sent = all_but(*((first, first + n) for first, n in gaps))
    marks = [marker(onset - 0.4, onset) for onset in ONSETS]  # between samples: their places are known to jitter only

    def decided(where: list[int]) -> Any:
        ran = run([*recut(sent, rows, where), *marks], lost_s=100.0)
        told = [
            (one.number, one.label, one.start_s, one.stop_s, one.present, one.abstained, one.answer, one.probabilities)
            for one in ran.decisions
        ]
        return told, ran.losses

    in_pieces, losses = decided(cuts)
    assert (in_pieces, losses) == decided(list(range(5, N, 5)))
    usable = sent & np.isfinite(rows).all(axis=1)
    assert losses.get("lost", 0) == (~sent).sum()
    assert losses.get("nonfinite", 0) == (sent & ~usable).sum()
    assert [one[4] for one in in_pieces] == [usable[onset : onset + 50].mean() for onset in ONSETS]


EPOCH = Epoch(0.0, 5.0, incomplete="drop")


@pytest.mark.parametrize("how", ["lost", "nonfinite"])
@pytest.mark.parametrize(
    ("n_lost", "least", "why"),
    [
        (1, 0.9, None),
        (1, 0.996, None),
        (1, 0.999, "249 of the window's 250 samples came, 99.9% needed"),
        (25, 0.9, None),
        (26, 0.9, "224 of the window's 250 samples came, 90% needed"),
    ],
)
def test_an_epoch_bridges_as_many_lost_samples_as_are_allowed(how, n_lost, least, why):
    fitted = decoder(window=EPOCH)
    came = all_but((300, 300 + n_lost))
    rows = ROWS.copy()
    rows[~came, 1] = np.nan
    script = chunks(rows=rows) if how == "nonfinite" else recut(came, ROWS, list(range(5, N, 5)))
    marks = [marker(onset - 0.4, onset) for onset in (0, 250, 500)]  # stamps of some jitter
    ran = run([*script, *marks], fitted, min_present=least, max_bad=0.2)
    told = [(one.start_s, one.present, one.abstained) for one in ran.decisions]
    assert told == [(0.0, 1.0, None), (5.0, 1 - n_lost / 250, why), (10.0, 1.0, None)]
    # What the steps give of the samples that came, and numpy's line over what is missing of the window.
    events = Events(np.zeros(1, int), np.array([5.0]), np.zeros(1), np.array(["go"]))
    n = int(came.sum())
    sent = Recording(ROWS[came], RATE_HZ, fitted.feature_names, np.zeros(n, int), unit="uV")
    stepped, window = run_steps(fitted.steps, sent).data, np.flatnonzero(came[250:500])
    bridged = ROWS.copy()
    for i in range(ROWS.shape[1]):
        bridged[250:500, i] = np.interp(np.arange(250), window, stepped[250 : 250 + len(window), i].astype(float))
    offline = windows(EPOCH, Recording(bridged, RATE_HZ, fitted.feature_names, np.zeros(N, int), events))
    if why is None:
        expected = fitted.decide(offline.X[0]).probabilities
        np.testing.assert_allclose(list(ran.decisions[1].probabilities.values()), expected, rtol=1e-7)


@settings(max_examples=20)
@given(
    cuts=st.lists(st.integers(1, N - 1), max_size=60, unique=True).map(sorted),
    gaps=st.lists(st.tuples(st.integers(120, N - 220), st.integers(1, 60)), max_size=3),
)
def test_epochs_over_gaps_are_the_same_to_the_bit_however_it_is_cut(cuts, gaps):
    fitted = decoder(window=Epoch(0.0, 1.0, baseline_s=(-0.2, 0.0), bin_s=0.1, incomplete="drop"))
    sent = all_but(*((first, first + n) for first, n in gaps))
    marks = [marker(onset - 0.4, onset) for onset in ONSETS]

    def decided(where: list[int]) -> Any:
        ran = run([*recut(sent, ROWS, where), *marks], fitted, lost_s=100.0, min_present=0.5)
        return [(one.label, one.start_s, one.present, one.abstained, one.probabilities) for one in ran.decisions]

    assert decided(cuts) == decided(list(range(5, N, 5)))


def test_turn_by_turn_without_waiting():
    clock = VirtualClock()
    engine, kept = scene([*chunks(), *markers()], clock=clock)
    with engine:
        decisions = []
        while not engine.ended:
            decisions += engine.turn()
            clock.advance(1 / 60)
    assert decisions == kept.decisions
    assert engine.turn() == []
    assert len(kept.decisions) == len(ONSETS)


def test_a_decoder_that_came_from_markers_goes_by_itself_where_asked():
    ran = run(chunks(), window=SlidingAverage(1.0, 1.0))
    assert [(one.number, one.event, one.label, one.start_s) for one in ran.decisions] == [
        (i, -1, None, float(i)) for i in range(20)
    ]


@pytest.mark.parametrize(
    ("own", "window"),
    [
        (Epoch(0.0, 1.0), SlidingAverage(1.0, 1.0)),
        (Epoch(0.0, 1.0), SlidingEpoch(0.8, 1.0)),
        (Epoch(0.0, 1.0, bin_s=0.1), SlidingEpoch(1.0, 1.0)),
        (BlockAverage(0.0, 1.0), SlidingEpoch(1.0, 1.0)),
        (BlockAverage(0.0, 1.0), SlidingAverage(0.001, 1.0)),
    ],
)
def test_a_window_that_the_decoder_cannot_decide_on_is_refused_at_once(own, window):
    with pytest.raises(InputError, match=r"window: expected one that makes the same|length_s: expected at least one"):
        scene([], decoder(window=own), window=window)


def test_a_marker_brings_its_duration():
    fitted = decoder(window=BlockAverage(start_s=0.5))
    ran = run([*chunks(), At(2.0, Marker("long", 2.0, 3.5, 0.0)), At(8.0, Marker("none", 8.0, None, 0.0))], fitted)
    assert [(one.label, one.start_s, one.stop_s) for one in ran.decisions] == [("long", 2.5, 5.5)]
    assert ran.losses == {"markers_refused": 1}
    (told,) = [status.why for status in ran.kept.statuses if "'none' cannot be used" in status.why]
    hint = told.partition("lasts as ")[2]
    assert read_marker(hint) == ("rest", 20.0)


def test_the_newest_samples_can_be_looked_at():
    rows = ROWS.copy()
    rows[390] = np.nan
    clock = VirtualClock()
    script = [*chunks(0, 300, rows=rows), *chunks(320, 400, rows=rows)]
    engine, _ = scene(script, clock=clock, buffer_s=4.0)
    with engine:
        engine.turn()
        assert np.isnan(engine.latest(1.0)).all()
        while clock.now() < 8.0:
            engine.turn(1.0)
        expected = rows[200:400].copy()
        expected[100:120] = np.nan
        np.testing.assert_array_equal(engine.latest(4.0), expected)
        np.testing.assert_array_equal(engine.latest(1.0), expected[150:])
        assert len(engine.latest(1e9)) == 200


class Everything:
    """A recorder that keeps all."""

    def __init__(self) -> None:
        self.info: StreamInfo | None = None
        self.samples: list[np.ndarray] = []
        self.stamps: list[np.ndarray] = []
        self.markers: list[Marker] = []
        self.closed = False

    def open(self, info: StreamInfo) -> None:
        self.info = info

    def write(self, chunk: Chunk) -> None:
        self.samples.append(chunk.samples.copy())
        self.stamps.append(chunk.stamps)

    def decision(self, decision: Any) -> None: ...
    def marker(self, marker: Marker) -> None:
        self.markers.append(marker)

    def close(self) -> None:
        self.closed = True


def recorded(script: list[At], recorder: Any) -> Engine:
    clock = VirtualClock()
    source = ScriptedSource(decoder().info(), sorted(script, key=lambda entry: entry.time_s), clock)
    engine = Engine(decoder(), source, recorder=recorder, clock=clock)  # type: ignore[arg-type]
    with engine:
        list(engine)
    return engine


def test_the_raw_stream_is_recorded_as_it_came():
    rows = ROWS.copy()
    rows[100:110, 2] = np.nan
    recorder = Everything()
    again = chunk(200, 205, late_s=0.05, rows=rows)
    recorded([*chunks(rows=rows), again, *markers(), marker(100, 300)], recorder)
    index = [*range(205), *range(200, 205), *range(205, N)]
    assert recorder.info == decoder().info()
    np.testing.assert_array_equal(np.concatenate(recorder.samples), rows[index])
    np.testing.assert_array_equal(np.concatenate(recorder.stamps), np.array(index) / RATE_HZ)
    assert sorted(one.stamp_s for one in recorder.markers) == sorted([*(onset / RATE_HZ for onset in ONSETS), 2.0])
    assert recorder.closed


def test_a_recorder_that_fails_is_left_alone():
    class Failing(Everything):
        def write(self, chunk: Chunk) -> None:
            if len(self.samples) == 10:
                raise OSError(28, "No space left on device")
            super().write(chunk)

    recorder = Failing()
    engine = recorded([*chunks(), *markers()], recorder)
    assert engine.losses["recording_stopped"] == 1
    assert len(recorder.samples) == 10
    assert not recorder.closed


def outputs_of(*outputs: Any) -> Engine:
    clock = VirtualClock()
    script = sorted([*chunks(), *markers()], key=lambda entry: entry.time_s)
    source = ScriptedSource(decoder().info(), script, clock)
    return Engine(decoder(), source, outputs=outputs, clock=clock)  # type: ignore[arg-type]


class Broken(Kept):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def decision(self, decision: Any) -> None:
        super().decision(decision)
        if len(self.decisions) == 3:
            raise self._error


def test_an_output_that_fails_gets_nothing_more_and_the_others_are_told():
    broken, also, kept = Broken(OSError(28, "No space left")), Broken(OSError(5, "Input/output error")), Kept()
    engine = outputs_of(broken, also, kept)
    with engine:
        list(engine)
    assert engine.losses["outputs_stopped"] == 2
    assert len(broken.decisions) == len(also.decisions) == 3
    assert len(kept.decisions) == len(ONSETS)
    told = [status.why for status in kept.statuses if "Broken stopped" in status.why]
    assert len(told) == 2
    assert "No space left" in told[0]
    assert "Input/output error" in told[1]
    assert (broken.closed, also.closed, kept.closed) == (1, 1, 1)


def test_who_no_longer_reads_along_ends_the_session():
    broken, kept = Broken(BrokenPipeError(32, "Broken pipe")), Kept()
    engine = outputs_of(broken, kept)
    with pytest.raises(BrokenPipeError), engine:
        list(engine)
    assert (broken.closed, kept.closed) == (1, 1)


def test_everything_is_closed_whatever_one_of_them_does():
    class Unwilling(Kept):
        def close(self) -> None:
            super().close()
            raise OSError("cannot be closed")

    unwilling, kept = Unwilling(), Kept()
    engine = outputs_of(unwilling, kept)
    with pytest.raises(OSError, match="cannot be closed"), engine:
        list(engine)
    assert (unwilling.closed, kept.closed) == (1, 1)


@pytest.mark.parametrize("units", [("",) * 4, ("uV",) * 4])
def test_a_stream_that_tells_no_units_is_taken_and_it_is_said(units):
    clock, kept = VirtualClock(), Kept()
    source = ScriptedSource(decoder().info(units=units), chunks(), clock)
    with Engine(decoder(), source, outputs=[kept], clock=clock) as engine:  # type: ignore[arg-type]
        list(engine)
    assert any("tells no units" in status.why for status in kept.statuses) == (units[0] == "")


def test_all_that_waits_is_seen_before_the_newest_is_chosen():
    """A source gives a second at a time; what is behind that must not be decided before."""

    class Second(ScriptedSource):
        def pull(self, timeout_s: float) -> Chunk | None:
            self.left = getattr(self, "left", None) or super().pull(timeout_s)
            if self.left is None:
                return None
            whole, self.left = self.left, None
            if len(whole.samples) > 50:
                self.left = Chunk(whole.samples[50:], whole.stamps[50:], whole.received_s)
            return Chunk(whole.samples[:50], whole.stamps[:50], whole.received_s)

    frozen = [entry._replace(time_s=20.0) for entry in chunks(100)]
    for backlog, starts in (("newest", [0.0, 1.0, 19.0]), ("every", [float(i) for i in range(20)])):
        clock = VirtualClock()
        source = Second(decoder().info(), [*chunks(0, 100), *frozen], clock)
        chosen = LiveSettings(window=SlidingAverage(1.0, 1.0), backlog=backlog, lost_s=100.0)  # type: ignore[arg-type]
        with Engine(decoder(), source, chosen, clock=clock) as engine:  # type: ignore[arg-type]
            assert [one.start_s for one in engine] == starts
            assert engine.losses.get("windows_skipped", 0) == 20 - len(starts)


def test_of_a_source_that_never_runs_dry_something_is_decided():
    """A recording that is all there at once, say: the newest is chosen of what came in a turn, not of all there is."""

    class Dry(ScriptedSource):
        def pull(self, timeout_s: float) -> Chunk:
            self.n = getattr(self, "n", -1) + 1
            return Chunk(np.ones((50, 4), np.float32), self.n + np.arange(50) / RATE_HZ, float(self.n + 1))

    clock = VirtualClock()
    chosen = LiveSettings(window=SlidingAverage(1.0, 1.0), backlog="newest")
    with Engine(decoder(), Dry(decoder().info(), [], clock), chosen, clock=clock) as engine:  # type: ignore[arg-type]
        assert [one.start_s for _ in range(3) for one in engine.turn()] == [63.0, 127.0, 191.0]
        assert engine.losses["windows_skipped"] == 192 - 3


def test_statuses_tell_the_losses_so_far():
    script = [*chunks(0, 100), *chunks(150, 300), *chunks(320), *markers()]
    ran = run(script)
    lost = [status.losses["lost"] for status in ran.kept.statuses if "lost" in status.losses]
    assert lost == sorted(lost)
    assert set(lost) == {0, 50, 70}
    check_decisions(ran, all_but((100, 150), (300, 320)))


def test_a_stream_that_ends_while_it_is_gone():
    ran = run([*chunks(0, 500), At(10.5, Disappears("unplugged")), *markers(range(0, 500, 50))])
    assert ran.states == ["SEARCHING", "LIVE", "LOST", "SEARCHING"]
    assert any("unplugged" in status.why for status in ran.kept.statuses)
    check_decisions(ran, onsets=range(0, 500, 50))


def test_without_a_shadow_there_is_nothing_to_promote_or_to_roll_back():
    engine, _ = scene(chunks())
    with engine:
        with pytest.raises(InputError, match="promote"):
            engine.promote()
        with pytest.raises(InputError, match="roll back"):
            engine.roll_back()


def test_the_state_is_repeated_every_second_while_nothing_changes_with_the_losses_so_far():
    engine, kept = scene(chunks(0, 500))
    with engine:
        list(engine)
    live_s = next(one.at_s for one in kept.statuses if one.state == "LIVE")
    assert len(kept.heartbeats) == pytest.approx(10.0 - live_s, abs=1.5)
    assert {(one.state, one.number, one.why) for one in kept.heartbeats} == {
        ("LIVE", kept.statuses[-1].number, "the first samples came")
    }
    assert [one.number for one in kept.statuses] == list(range(len(kept.statuses)))
    for one, later in pairwise(kept.heartbeats):
        assert later.repeated_after_s - one.repeated_after_s == pytest.approx(1.0, abs=0.15)
    assert all(one.losses == engine.losses and one.bundle == "0" * 64 for one in kept.heartbeats)


def test_the_state_is_repeated_while_the_stream_is_searched_for():
    clock = VirtualClock()
    kept = Kept()
    engine = Engine(decoder(), Absent(clock), LiveSettings(timeout_s=25.0), outputs=[kept], clock=clock)  # type: ignore[arg-type]
    with pytest.raises(StreamNotFoundError):
        engine.open()
    assert {one.state for one in kept.heartbeats} == {"SEARCHING"}
    assert len(kept.heartbeats) == 24
    still = "still looking for the stream: no such stream"
    assert [(one.at_s, one.why) for one in kept.statuses[1:]] == [(10.0, still), (20.0, still)]


class Absent:
    """A source whose stream is not there."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def open(self, timeout_s: float) -> StreamInfo:
        self._clock.sleep(timeout_s)
        raise StreamNotFoundError("no such stream")


class Custom:
    """A source that somebody wrote: what it pulls is given."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self._chunks = chunks

    def open(self, timeout_s: float) -> StreamInfo:
        return decoder().info()

    def pull(self, timeout_s: float) -> Chunk:
        if not self._chunks:
            raise EndOfStream
        return self._chunks.pop(0)

    def markers(self) -> list[Marker]:
        return []

    def close(self) -> None:
        pass


def custom(*chunks: tuple[Any, Any]) -> tuple[Engine, Kept]:
    kept, clock = Kept(), VirtualClock(1000.0)
    source = Custom([Chunk(np.asarray(rows, np.float32), np.asarray(stamps), 1000.0) for rows, stamps in chunks])
    return Engine(decoder(), source, outputs=[kept], clock=clock), kept  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "stamps", "said"),
    [
        (np.zeros((5, 4)), np.arange(4), r"expected stamps for 5 samples, one for each, got shape \(4,\)"),
        (np.zeros((5, 4)), np.zeros((5, 1)), r"got shape \(5, 1\)"),
        (np.zeros((5, 3)), np.arange(5), r"expected samples \(n_samples, 4\), for so many channels, got shape"),
        (np.zeros(5), np.arange(5), "got shape"),
    ],
)
def test_a_source_of_ones_own_that_gives_other_shapes_is_told(rows, stamps, said):
    engine, _ = custom((rows, stamps))
    with engine, pytest.raises(ShapeError, match=f"the source of 'amp': .*{said}"):
        engine.turn()


def test_samples_without_a_finite_stamp_are_counted_and_said_once():
    stamps = 999.0 + np.arange(100) / RATE_HZ
    stamps[[10, 50, 99]] = np.nan, np.inf, np.nan
    engine, kept = custom(*((ROWS[i : i + 10], stamps[i : i + 10]) for i in range(0, 100, 10)), (ROWS[:1], [np.nan]))
    with engine:
        list(engine)
    assert engine.losses["stamps_not_finite"] == 4
    assert engine.losses["lost"] == 2  # the last one has nothing after it
    assert sum("stamps are NaN or infinite" in one.why for one in kept.statuses) == 1


def test_stamps_of_another_clock_are_named_once():
    now_s = time.time()
    engine, kept = custom(*((ROWS[:10], now_s + (np.arange(10) + i) / RATE_HZ) for i in range(0, 100, 10)))
    with engine:
        list(engine)
    assert [one.why[:40] for one in kept.statuses if "time.time()" in one.why] == [
        "samples are stamped by time.time(), not "
    ]
