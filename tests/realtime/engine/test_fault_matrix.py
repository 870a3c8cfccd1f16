"""Everything that goes wrong with a stream: the states it has to show, what has to be counted, and no wrong decision.

In virtual time; `test_fault_matrix_lsl.py` holds what takes a real LSL.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hotwire.decoder import Events, Recording
from hotwire.decoder.bundle.compiled import RowDecision
from hotwire.decoder.windows import BlockAverage, SlidingAverage, windows
from hotwire.errors import StreamMismatchError, StreamNotFoundError
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.health import MarkerState
from hotwire.realtime.outputs.json_lines import JsonLines, read_decisions
from hotwire.realtime.outputs.xdf import XdfRecorder
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.scripted import Appears, At, Disappears, Samples, ScriptedSource, Silence
from hotwire.realtime.sources.source import Marker, MarkersChange

from ..scenes import (
    N_FEATURES,
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
from ..small import Kept, SignDecoder

WELL = ["SEARCHING", "LIVE"]
GAP = [*WELL, "GAP", "RECOVERED", "LIVE"]
STALE = [*WELL, "STALE", "RECOVERED", "LIVE"]
RESTART = [*WELL, "LOST", "SEARCHING", "RECOVERED", "LIVE"]


def test_nothing_goes_wrong():
    ran = run([*chunks(), *markers()])
    assert ran.states == WELL
    assert ran.losses == {}
    check_decisions(ran)


@pytest.mark.parametrize(
    ("first", "stop", "states"),
    [(300, 350, GAP), (300, 301, GAP), (293, 333, GAP), (300, 450, STALE), (300, 700, STALE)],
    ids=["a second", "one sample", "across windows", "3 s", "8 s"],
)
def test_lost_samples(first, stop, states):
    ran = run([*chunks(0, first), *chunks(stop), *markers()])
    assert ran.states == states
    assert ran.losses == {"lost": stop - first} | abstained(all_but((first, stop)))
    check_decisions(ran, all_but((first, stop)))


def abstained(came: np.ndarray) -> dict[str, int]:
    n = sum(came[onset : onset + 50].mean() < 0.75 for onset in ONSETS)
    return {"abstained": n} if n else {}


def test_duplicated_chunks():
    again = [chunk(200, 205, late_s=0.05), chunk(500, 520, late_s=0.2)]
    ran = run([*chunks(), *again, *markers()])
    assert ran.states == WELL
    assert ran.losses == {"duplicated": 25}
    check_decisions(ran)


def test_reordered_chunks():
    overtaken = (205, 505)
    in_order = [entry for entry in chunks() if round(entry.time_s * RATE_HZ) not in overtaken]
    late = [chunk(stop - 5, stop, late_s=0.11) for stop in overtaken]
    ran = run([*in_order, *late, *markers()])
    assert ran.states == [*GAP, *GAP[2:]]
    assert ran.losses == {"lost": 10, "reordered": 10}
    check_decisions(ran, all_but((200, 205), (500, 505)))


@pytest.mark.parametrize("channels", [[2], [0, 1, 2, 3]])
def test_a_channel_of_nan(channels):
    rows = ROWS.copy()
    rows[310:410, channels] = np.nan
    came = all_but((310, 410))
    ran = run([*chunks(rows=rows), *markers()])
    assert ran.states == GAP
    assert ran.losses == {"nonfinite": 100, **abstained(came)}
    check_decisions(ran, came)
    (told,) = [status.why for status in ran.kept.statuses if status.why.startswith("nonfinite")]
    assert told.endswith("in " + ", ".join(f"ch{channel}" for channel in channels))


def test_infinity_now_and_then():
    rows = ROWS.copy()
    rows[[17, 333, 334, 800], [0, 1, 2, 3]] = [np.inf, -np.inf, np.nan, np.inf]
    came = all_but((17, 18), (333, 335), (800, 801))
    ran = run([*chunks(rows=rows), *markers()], settle_s=0.1)
    assert ran.states == [*GAP, *GAP[2:], *GAP[2:]]
    assert ran.losses == {"nonfinite": 4}
    check_decisions(ran, came)


def test_a_flat_channel():
    rows = ROWS.copy()
    rows[200:400, 1] = 0.25
    ran = run([*chunks(rows=rows), *markers()])
    # It takes a second without a change to know; the channel is judged every twelve samples.
    untrusted = [250, 300, 350]
    assert ran.states == WELL
    assert ran.losses == {"abstained": len(untrusted)}
    check_decisions(ran, rows=rows, untrusted=untrusted)
    assert {one.abstained for one in ran.decisions if one.abstained} == {
        "1 of 4 features cannot be trusted: ch1 (flat)"
    }


def test_a_saturated_channel():
    rows = ROWS.copy()
    rows[200:400, 3] = 50.0 + ROWS[200:400, 3]
    ran = run([*chunks(rows=rows), *markers()])
    # Known once it fills more than half a second, and for half a second after.
    untrusted = [200, 250, 300, 350, 400]
    assert ran.states == WELL
    assert ran.losses == {"abstained": len(untrusted)}
    check_decisions(ran, rows=rows, untrusted=untrusted)
    assert all("ch3 (saturated)" in one.abstained for one in ran.decisions if one.abstained)


def test_a_few_bad_channels_may_be_allowed():
    rows = ROWS.copy()
    rows[200:400, 1] = 0.25
    ran = run([*chunks(rows=rows), *markers()], max_bad=0.25)
    assert ran.losses == {}
    check_decisions(ran, rows=rows)


@pytest.mark.parametrize("by_s", [200_000.0, -200_000.0, -3.0])
@pytest.mark.parametrize("at", [300, 333])
def test_a_clock_that_is_set(by_s, at):
    script = [*chunks(0, at), *chunks(at, off_s=by_s)]
    before = [onset for onset in ONSETS if onset < at]
    after = [onset for onset in ONSETS if onset >= at]
    # A stamp of the new clock means nothing before the first sample that has one.
    new = [marker(onset, onset + 6, off_s=by_s) for onset in after]
    ran = run([*script, *markers(before), *new], deadline_s=0.5, on_late="withhold")
    assert ran.states == WELL
    assert ran.losses == {"clock_resets": 1}
    check_decisions(ran)
    assert all(0.5 < one.latency.age_s * RATE_HZ < 5.5 for one in ran.decisions)  # chunks are five samples long
    # What a decision rests on is told by the clock of its own time; a window may lie across both.
    for one in ran.decisions:
        assert one.start_stamp_s == pytest.approx(one.start_s + (by_s if one.start_s >= at / RATE_HZ else 0.0))


@pytest.mark.parametrize("by_s", [200_000.0, -200_000.0])
def test_a_clock_that_is_set_while_samples_are_lost(by_s):
    script = [*chunks(0, 300), *chunks(450, off_s=by_s)]
    after = range(450, N - 50, 50)
    new = [marker(onset, onset + 6, off_s=by_s) for onset in after]
    ran = run([*script, *markers(range(0, 300, 50)), *new])
    assert ran.states == STALE
    assert ran.losses == {"clock_resets": 1, "lost": 150}  # as the time of arrival tells
    check_decisions(ran, all_but((300, 450)), onsets=[*range(0, 300, 50), *after])


def test_a_frozen_outlet_that_catches_up():
    frozen = [chunk(first, first + 5)._replace(time_s=11.0) for first in range(300, 550, 5)]
    ran = run([*chunks(0, 300), *frozen, *chunks(550), *markers()], deadline_s=1.0)
    assert ran.states == STALE
    skipped = [300, 350, 400, 450]  # they ended more than a second before
    assert ran.losses == {"windows_skipped": len(skipped)}
    check_decisions(ran, onsets=[onset for onset in ONSETS if onset not in skipped])


def test_a_frozen_outlet_loses_nothing_and_without_a_deadline_all_is_decided():
    frozen = [chunk(first, first + 5)._replace(time_s=11.0) for first in range(300, 550, 5)]
    ran = run([*chunks(0, 300), *frozen, *chunks(550), *markers()])
    assert ran.states == STALE
    assert ran.losses == {}
    check_decisions(ran)


def test_a_stream_that_is_gone_and_comes_back():
    again = [At(6.0, Disappears()), At(8.5, Appears())]
    ran = run([*chunks(0, 300), *again, *chunks(430), *markers()])
    assert ran.states == RESTART
    assert ran.losses == {"restarts": 1, "lost": 130, **abstained(all_but((300, 430)))}
    check_decisions(ran, all_but((300, 430)))


def test_what_is_sent_while_it_is_gone_is_lost():
    ran = run([*chunks(), At(6.05, Disappears()), At(6.35, Appears()), *markers()])
    assert ran.states == RESTART
    assert ran.losses == {"restarts": 1, "lost": 15, "abstained": 1}
    check_decisions(ran, all_but((300, 315)))


@pytest.mark.parametrize("off_s", [200_000.0, -5.0])
def test_a_stream_that_comes_back_with_another_clock(off_s):
    again = [At(6.0, Disappears()), At(7.9, Appears())]
    script = [*chunks(0, 300), *again, *chunks(400, off_s=off_s), *markers(range(0, 300, 50))]
    ran = run([*script, *markers(range(450, N - 50, 50), off_s=off_s)])
    came = all_but((300, 400))
    assert ran.states == RESTART
    assert ran.losses == {"restarts": 1, "lost": 100}
    check_decisions(ran, came, onsets=[*range(0, 300, 50), *range(450, N - 50, 50)])


def test_silence_that_is_taken_for_a_loss():
    ran = run([*chunks(0, 200), *chunks(500), *markers()], lost_s=5.0)
    assert ran.states == [*WELL, "STALE", "LOST", "SEARCHING", "RECOVERED", "LIVE"]
    assert ran.losses == {"restarts": 1, "lost": 300, **abstained(all_but((200, 500)))}
    check_decisions(ran, all_but((200, 500)))


def test_another_stream_does_not_take_its_place():
    other = decoder().info(source_id="amp-2")
    ran = run([*chunks(0, 310), At(6.2, Disappears()), At(7.0, Appears(other)), *chunks(400), *markers()])
    assert ran.states == [*WELL, "LOST", "SEARCHING"]
    assert ran.losses == {"windows_cut_off": 1}
    check_decisions(ran, onsets=range(0, 300, 50))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rate_hz": 100.0}, ["rate_hz", "50", "100"]),
        ({"units": ("mV",) * N_FEATURES}, ["units (number 0)", "uV", "mV"]),
        ({"channel_names": ("ch0", "ch2", "ch1", "ch3")}, ["channel_names (number 1)", "ch1", "ch2"]),
        ({"channel_names": ("ch0",), "units": ("uV",)}, ["channel_names", "4 (ch0, ch1, ch2, ch3)", "1 (ch0)"]),
    ],
)
def test_a_stream_that_comes_back_as_another_ends_the_session(changed, told):
    back = Appears(decoder().info(**changed))
    engine, kept = scene([*chunks(0, 300), At(6.1, Disappears()), At(6.5, back), At(20.0, Silence()), *markers()])
    with pytest.raises(StreamMismatchError) as raised, engine:
        list(engine)
    for part in told:
        assert part in str(raised.value)
    assert kept.states == [*WELL, "LOST", "SEARCHING"]
    assert [round(one.start_s) for one in kept.decisions] == [0, 1, 2, 3, 4, 5]
    assert kept.closed == 1


def test_no_stream():
    engine, kept = scene([At(12.0, Appears()), *chunks()])
    with pytest.raises(StreamNotFoundError, match="found: none"), engine:
        list(engine)
    assert kept.states == ["SEARCHING"]
    assert (kept.opened, kept.closed, kept.decisions) == (0, 1, [])
    assert engine.losses == {}


def test_a_stream_that_comes_late():
    script = [At(9.5, Appears()), *chunks(500), *markers(range(500, N - 50, 50))]
    ran = run(script)
    assert ran.states == WELL
    assert ran.losses == {}
    assert [one.start_s for one in ran.decisions] == list(range(9))
    assert [one.start_stamp_s for one in ran.decisions] == pytest.approx(range(10, 19))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"channel_names": ("ch0", "ch1"), "units": ("uV",) * 2}, "lacks ch2, ch3"),
        ({"channel_names": ("ch0", "ch2", "ch1", "ch3")}, "another order"),
        ({"channel_names": ("a", "b", "c", "d")}, "none of the decoder's names"),
        ({"rate_hz": 51.0}, "fitted at 50 Hz"),
        ({"units": ("uV", "uV", "mV", "uV")}, "'mV'"),
    ],
)
def test_a_stream_of_another_kind(changed, told):
    info = decoder().info(**changed)
    rows = np.zeros((5, info.n_channels))
    kept, clock = Kept(), VirtualClock()
    source = ScriptedSource(info, [At(0.1, Samples(rows, np.arange(5) / RATE_HZ))], clock)
    engine = Engine(decoder(), source, outputs=[kept], clock=clock)  # type: ignore[arg-type]
    with pytest.raises(StreamMismatchError, match=told), engine:
        list(engine)
    assert kept.states == ["SEARCHING"]
    assert (kept.opened, kept.closed, kept.decisions) == (0, 1, [])


@pytest.mark.parametrize("order", [[0, 2, 1, 3], [3, 1, 0, 2]])
def test_channels_are_put_in_order_where_asked(order):
    names = tuple(f"ch{i}" for i in order)
    clock, kept = VirtualClock(), Kept()
    script = sorted([*chunks(rows=ROWS[:, order]), *markers()], key=lambda entry: entry.time_s)
    source = ScriptedSource(decoder().info(channel_names=names), script, clock)
    engine = Engine(decoder(), source, LiveSettings(channels="by name"), outputs=[kept], clock=clock)  # type: ignore[arg-type]
    with engine:
        list(engine)
    straight = run([*chunks(), *markers()])
    assert kept.decisions == straight.decisions


class Slow(SignDecoder):
    """Takes time on the clock for each decision, until a certain moment."""

    def __init__(self, clock: VirtualClock, seconds: float, until_s: float, **settings: Any) -> None:
        super().__init__(N_FEATURES, RATE_HZ, **settings)
        self._clock, self._seconds, self._until_s = clock, seconds, until_s

    def decide(self, x: Any) -> RowDecision:
        if self._clock.now() < self._until_s:
            self._clock.advance(self._seconds)
        return super().decide(x)


MINUTES_2 = np.random.default_rng(5).uniform(-1, 1, (6000, N_FEATURES)).astype(np.float32)


@pytest.mark.parametrize("on_late", ["publish", "withhold"])
@pytest.mark.parametrize("backlog", ["every", "catch-up", "newest"])
def test_a_consumer_slower_than_the_stream_for_a_minute(backlog, on_late):
    window = SlidingAverage(1.0, 0.2)
    clock = VirtualClock()
    slow = Slow(clock, 0.5, 60.0, window=window)
    script = chunks(0, len(MINUTES_2), rows=MINUTES_2)
    engine, kept = scene(script, slow, clock, backlog=backlog, deadline_s=1.0, on_late=on_late)
    with engine:
        decisions = list(engine)
    offline = sliding_offline(window)
    losses = {name: n for name, n in engine.losses.items() if n}

    # Everything that came up is accounted for, whatever the policy.
    assert kept.states == WELL
    assert not {"lost", "duplicated", "reordered"} & set(losses)
    n_skipped, n_withheld = losses.get("windows_skipped", 0), losses.get("withheld", 0)
    assert len(decisions) + n_skipped + n_withheld == len(offline)
    numbers = [one.number for one in decisions]
    assert numbers == sorted(set(numbers))
    for one in decisions:
        probabilities, stop = offline[one.number]
        assert round(one.stop_s * RATE_HZ) == stop
        assert list(one.probabilities.values()) == probabilities

    n_late = losses.get("late", 0)
    assert sum(one.late for one in decisions) + n_withheld == n_late
    assert n_withheld == (n_late if on_late == "withhold" else 0)
    worst_s = max(one.latency.total_s for one in decisions)
    if backlog == "every":  # half a second for each of what comes every fifth of one: a long queue
        assert n_skipped == 0
        assert n_late > 200
        assert worst_s > 30 if on_late == "publish" else worst_s <= 1.0
    elif backlog == "catch-up":  # only what is still in time is begun; it may take half a second
        assert n_skipped + n_late > 150
        assert worst_s < 1.7
    else:  # nothing waits for longer than one decision takes
        assert n_skipped > 150
        assert worst_s < 1.3
        assert n_late == 0
    # When that is over, all is as if nothing had been.
    in_time = [one.number for one in decisions if not one.late]
    assert in_time[-100:] == list(range(len(offline) - 100, len(offline)))


def sliding_offline(window: SlidingAverage) -> list[tuple[list[float], int]]:
    events = Events(np.zeros(0, int), np.zeros(0), np.zeros(0), np.zeros(0, str))
    fitted = decoder()
    names, n = fitted.feature_names, len(MINUTES_2)
    trials = windows(window, Recording(MINUTES_2, RATE_HZ, names, np.zeros(n, int), events, "uV"))
    stops = np.rint(trials.stop_s * RATE_HZ).astype(int)
    return [(fitted.decide(x).probabilities.tolist(), stop) for x, stop in zip(trials.X, stops, strict=True)]


@pytest.mark.parametrize(
    "when",
    [
        lambda onset: onset - 200,  # for data not there yet
        lambda onset: onset + 1,
        lambda onset: onset + 50,  # with the last sample
        lambda onset: onset + 300,
        lambda onset: 0 if onset % 100 else onset + 120,  # in another order
    ],
    ids=["early", "with its data", "when its data are there", "late", "mixed"],
)
def test_markers_whenever_they_come(when):
    ran = run([*chunks(), *(marker(onset, max(0.0, when(onset))) for onset in range(0, 700, 50))])
    assert ran.states == WELL
    assert ran.losses == {}
    check_decisions(ran, onsets=range(0, 700, 50))
    assert [one.label for one in ran.decisions] == ["go"] * 14


def test_markers_before_the_first_sample():
    ran = run([marker(520, 10), marker(600, 20), *chunks(500)])
    assert ran.losses == {}
    assert [(one.start_stamp_s, one.label) for one in ran.decisions] == [
        (pytest.approx(10.4), "go"),
        (pytest.approx(12.0), "go"),
    ]


def test_markers_that_come_twice():
    again = [marker(onset, onset + 60 * (onset % 3)) for onset in ONSETS]
    slightly_off = [marker(onset + 0.2, onset + 20) for onset in ONSETS]
    ran = run([*chunks(), *markers(), *again, *slightly_off])
    assert ran.states == WELL
    assert ran.losses == {"markers_repeated": 2 * len(ONSETS)}
    check_decisions(ran)


def test_markers_that_are_close_but_others():
    pairs = [*markers(), *(marker(onset, label="stop") for onset in ONSETS), marker(203), marker(206)]
    ran = run([*chunks(), *pairs])
    assert ran.losses == {}
    assert len(ran.decisions) == 2 * len(ONSETS) + 2


def test_a_marker_that_comes_too_late():
    ran = run([*chunks(), *markers(), marker(110, 800, label="too late")], history_s=10.0)
    assert ran.losses == {"markers_refused": 1}
    check_decisions(ran)
    (told,) = [status.why for status in ran.kept.statuses if "too late" in status.why]
    assert "cannot be used" in told
    assert "are still kept" in told


def test_a_marker_whose_data_never_come():
    ran = run([*chunks(), *markers(), marker(980)])
    assert ran.losses == {"windows_cut_off": 1}
    check_decisions(ran)


def test_a_marker_without_a_moment():
    ran = run([*chunks(), *markers(), At(3.0, Marker("when?", float("nan"), None, 0.0))])
    assert ran.losses == {"markers_refused": 1}
    check_decisions(ran)


def test_markers_go_by_their_own_stamps_between_samples():
    """At a rate of EEG, too, a marker just after a sample begins its window with the next one, as offline."""
    fitted = decoder(window=BlockAverage(stop_s=0.5))
    onsets_s = [1.0, 2.001, 3.0019, 4.01, 5.0199]
    script = [At(at_s, Marker("go", at_s, None, 0.0)) for at_s in onsets_s]
    ran = run([*chunks(), *script], fitted)
    n = len(onsets_s)
    events = Events(np.zeros(n, int), np.array(onsets_s), np.zeros(n), np.full(n, "go"))
    recording = Recording(ROWS, RATE_HZ, fitted.feature_names, np.zeros(N, int), events, "uV")
    trials = windows(fitted.window, recording)
    assert [one.start_s for one in ran.decisions] == trials.start_s.tolist()
    assert [one.stop_s for one in ran.decisions] == trials.stop_s.tolist()


def test_an_hour_of_512_features_loses_nothing_unreported():
    rng = np.random.default_rng(11)
    n, n_chunk, rate_hz, n_features = 180_000, 25, 50.0, 512
    base = rng.uniform(-1, 1, (4000, n_features)).astype(np.float32)
    came = np.ones(n, np.bool_)
    for first in rng.integers(100, n - 600, 300):  # single ones, and stretches of up to ten seconds
        came[first : first + int(rng.choice([1, 1, 2, 7, 50, 500]))] = False
    stamps = np.arange(n) / rate_hz + rng.uniform(-0.001, 0.001, n)
    script = []
    for first in range(0, n, n_chunk):
        index = first + np.flatnonzero(came[first : first + n_chunk])
        if len(index):
            at = first % (len(base) - n_chunk)
            script.append(At((first + n_chunk) / rate_hz, Samples(base[at : at + len(index)], stamps[index])))
    fitted = SignDecoder(n_features, rate_hz, SlidingAverage(1.0, 1.0))
    clock, kept = VirtualClock(), Kept()
    engine = Engine(fitted, ScriptedSource(fitted.info(), script, clock), outputs=[kept], clock=clock)  # type: ignore[arg-type]
    with engine:
        decisions = list(engine)
    losses = {name: lost for name, lost in engine.losses.items() if lost}
    present = {round(one.start_s): round(one.present * rate_hz) for one in decisions}
    truth = {second: int(m) for second, m in enumerate(came.reshape(-1, 50).sum(axis=1)) if m}
    assert present == truth
    assert losses["lost"] == n - came.sum()
    assert sum(present.values()) + losses["lost"] == n
    assert losses == {"lost": n - came.sum(), "abstained": sum(m < 37.5 for m in truth.values())}
    assert all((one.abstained is None) == (one.present >= 0.75) for one in decisions)
    # Every loss was told of when it was found: what each told of adds up to the count.
    told = [int(s.why.split()[1]) for s in kept.statuses if s.why.startswith("lost: ")]
    assert sum(told) == losses["lost"]


def limited_files(n_bytes: int) -> Any:
    """No file may grow beyond this, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="needs a limit on the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)


def run_on_a_full_disk(n_bytes: int, *, outputs: list[Any], recorder: Any = None) -> Engine:
    clock = VirtualClock()
    script = sorted([*chunks(), *markers()], key=lambda entry: entry.time_s)
    source = ScriptedSource(decoder().info(), script, clock)
    engine = Engine(decoder(), source, outputs=outputs, recorder=recorder, clock=clock)  # type: ignore[arg-type]
    lift = limited_files(n_bytes)
    try:
        with engine:
            list(engine)
    finally:
        lift()
    return engine


def test_a_disk_that_is_full_while_recording(tmp_path: Path):
    pyxdf = pytest.importorskip("pyxdf")
    log, recorder, kept = JsonLines(tmp_path / "log.jsonl"), XdfRecorder(tmp_path / "raw.xdf"), Kept()
    engine = run_on_a_full_disk(16_000, outputs=[log, kept], recorder=recorder)
    assert kept.states == WELL
    assert {name: n for name, n in engine.losses.items() if n} == {"recording_stopped": 1}
    assert sum("not recorded any more" in status.why for status in kept.statuses) == 1
    assert kept.decisions == run([*chunks(), *markers()]).decisions
    assert len([one for one in read_decisions(log.path).records if one["type"] == "decision"]) == len(ONSETS)
    data = pyxdf.load_xdf(tmp_path / "raw.xdf", dejitter_timestamps=False)[0][0]
    n = len(data["time_series"])
    assert 0 < n < N
    assert n % 5 == 0
    assert np.array_equal(data["time_series"], ROWS[:n])
    assert np.array_equal(data["time_stamps"], np.arange(n) / RATE_HZ)


def test_a_disk_that_is_full_for_the_log(tmp_path: Path):
    log, kept = JsonLines(tmp_path / "log.jsonl"), Kept()
    engine = run_on_a_full_disk(6_000, outputs=[log, kept])
    assert {name: n for name, n in engine.losses.items() if n} == {"outputs_stopped": 1}
    assert kept.decisions == run([*chunks(), *markers()]).decisions
    assert sum("JsonLines stopped" in status.why for status in kept.statuses) == 1
    assert "File too large" in str(engine.why_stopped(log))
    assert engine.why_stopped(kept) is None
    found = read_decisions(log.path)
    assert found.torn == []
    assert 0 < len([one for one in found.records if one["type"] == "decision"]) < len(ONSETS)


class Recording_:
    """A recorder that only says whether it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def open(self, info: Any) -> None: ...
    def write(self, chunk: Any) -> None: ...
    def decision(self, decision: Any) -> None: ...
    def marker(self, marker: Any) -> None: ...

    def close(self) -> None:
        self.closed += 1


class Interrupting(Kept):
    """Ctrl-C, at the moment when a state is told."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at

    def status(self, status: Any) -> None:
        super().status(status)
        if status.state == self._at:
            raise KeyboardInterrupt


EVERY_STATE = [
    *chunks(0, 200, rows=np.where(np.arange(N)[:, None] < 150, ROWS, np.nan).astype(np.float32)),
    At(7.0, Disappears()),
    At(9.0, Appears()),
    *chunks(460),
]


@pytest.mark.parametrize(
    ("state", "gone_through"),
    [
        ("SEARCHING", ["SEARCHING"]),
        ("LIVE", WELL),
        ("GAP", [*WELL, "GAP"]),
        ("STALE", [*WELL, "GAP", "STALE"]),
        ("LOST", [*WELL, "GAP", "STALE", "LOST"]),
        ("RECOVERED", [*WELL, "GAP", "STALE", "LOST", "SEARCHING", "RECOVERED"]),
    ],
)
def test_ctrl_c_at_every_change_of_state(state, gone_through):
    check_ctrl_c(EVERY_STATE, gone_through, Interrupting(state))


@pytest.mark.parametrize(
    ("at_s", "gone_through"),
    [
        (0.0, ["SEARCHING"]),
        (2.0, WELL),
        (3.5, [*WELL, "GAP"]),
        (6.5, [*WELL, "GAP", "STALE"]),
        (8.0, [*WELL, "GAP", "STALE", "LOST", "SEARCHING"]),
        (9.5, [*WELL, "GAP", "STALE", "LOST", "SEARCHING", "RECOVERED"]),
        (15.0, [*WELL, "GAP", "STALE", "LOST", "SEARCHING", "RECOVERED", "LIVE"]),
    ],
)
def test_ctrl_c_while_waiting_in_every_state(at_s, gone_through):
    there = [At(0.0, Appears())] if at_s == 0.0 else []
    check_ctrl_c([At(at_s, KeyboardInterrupt()), *there, *EVERY_STATE], gone_through, Kept())


def check_ctrl_c(script: list[At], gone_through: list[str], kept: Kept) -> None:
    clock, recorder, other = VirtualClock(), Recording_(), Kept()
    source = ScriptedSource(decoder().info(), sorted(script, key=lambda entry: entry.time_s), clock)
    closed = []
    source.close = lambda: closed.append(True)  # type: ignore[method-assign]
    engine = Engine(decoder(), source, outputs=[other, kept], recorder=recorder, clock=clock)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt), engine:
        list(engine)
    assert kept.states == gone_through
    assert (kept.closed, other.closed, recorder.closed, len(closed)) == (1, 1, 1, 1)


HERE, GONE = MarkersChange(True, "it is there"), MarkersChange(False, "its outlet was closed")


def test_a_stream_of_markers_that_goes_ends_nothing_and_comes_back(tmp_path: Path) -> None:
    script = [*chunks(), *markers(), At(0.0, HERE), At(8.5, GONE), At(12.5, HERE)]
    script = [one for one in script if not (isinstance(one.what, Marker) and 8.5 < one.time_s < 12.5)]
    recorder = XdfRecorder(tmp_path / "raw.xdf")
    clock, kept, fitted = VirtualClock(), Kept(), decoder()
    source = ScriptedSource(fitted.info(), sorted(script, key=lambda one: one.time_s), clock)
    log = JsonLines(tmp_path / "decisions.jsonl")
    engine: Any = Engine(fitted, source, outputs=[kept], recorder=recorder, clock=clock)  # type: ignore[arg-type]
    log.open(fitted.info(), SimpleNamespace(digest="", path="d.hotwire"))  # type: ignore[arg-type]
    with engine:
        decisions = list(engine)
        assert engine.markers is MarkerState.LIVE
    for status in kept.statuses:
        log.status(status)
    log.close()
    assert kept.states == WELL
    assert {name: n for name, n in engine.losses.items() if n} == {"marker_stream_lost": 1}
    expected = [onset for onset in ONSETS if not 8.5 < onset / RATE_HZ < 12.5]
    assert [round(one.start_s * RATE_HZ) for one in decisions] == expected
    assert all(one.abstained is None for one in decisions)
    told = [(one.markers, one.why) for one in kept.statuses if "markers" in one.why]
    assert told == [
        (MarkerState.LIVE, "markers LIVE: it is there"),
        (MarkerState.LOST, "markers LOST: its outlet was closed"),
        (MarkerState.LIVE, "markers LIVE: it is there"),
    ]
    logged = [one["markers"] for one in read_decisions(tmp_path / "decisions.jsonl").records if "why" in one]
    assert [one for one, _ in groupby(logged) if one] == ["LIVE", "LOST", "LIVE"]
    pyxdf = pytest.importorskip("pyxdf")
    data = pyxdf.load_xdf(tmp_path / "raw.xdf", dejitter_timestamps=False)[0]
    assert [len(one["time_stamps"]) for one in data] == [N, len(expected), len(decisions)]


def test_markers_that_are_not_there_yet_are_waited_for_beside_the_samples() -> None:
    early = [At(0.0, GONE), At(4.0, GONE), At(6.5, HERE)]
    ran = run([*chunks(), *early, *markers(range(350, N - 50, 50))])
    assert ran.states == WELL
    assert ran.losses == {}
    assert [one.why for one in ran.kept.statuses if "markers" in one.why] == [
        "markers SEARCHING: its outlet was closed",
        "markers SEARCHING: its outlet was closed",
        "markers LIVE: it is there",
    ]
    check_decisions(ran, onsets=range(350, N - 50, 50))


def test_a_source_without_a_stream_of_markers_tells_none() -> None:
    assert {status.markers for status in run([*chunks(), *markers()]).kept.statuses} == {None}


def test_markers_by_another_clock_are_told_of() -> None:
    """One whose clock began anew lies in the past, one that counts otherwise in a future that never comes."""
    wrong = [marker(500, off_s=-10.0, label="past"), marker(550, off_s=1e6, label="future")]
    ran = run([*chunks(), *markers(), *wrong], history_s=2.0)
    assert ran.losses == {"markers_refused": 1, "windows_cut_off": 1}
    told = [status.why for status in ran.kept.statuses if status.why.startswith("marker ")]
    assert "'past' cannot be used: event" in told[0]
    assert "'future' is stamped 1000000 s ahead of the newest sample" in told[1]
    assert len(told) == 2
    assert [round(one.start_s * RATE_HZ) for one in ran.decisions] == list(ONSETS)


def test_one_broken_channel_of_many_is_filled_named_once_and_the_decoder_goes_on():
    fitted = SignDecoder(40, RATE_HZ, window=BlockAverage(stop_s=1.0))
    rows = np.random.default_rng(4).uniform(-1, 1, (N, 40)).astype(np.float32)
    rows[:, 7] = np.nan  # from the first sample on
    ran = run([*chunks(rows=rows), *markers()], fitted)
    assert ran.states == ["SEARCHING", "LIVE"]
    assert ran.losses == {"nonfinite": N, "filled": N}
    (said_once,) = [status.why for status in ran.kept.statuses if status.why.startswith("nonfinite")]
    assert said_once.endswith("in ch7; filled with the middle of their range")
    middle = (fitted.feature_low[7] + fitted.feature_high[7]) / 2
    rows[:, 7] = middle
    for one, onset in zip(ran.decisions, ONSETS, strict=True):
        expected = fitted.decide(rows[onset : onset + 50].mean(axis=0, dtype=np.float64).astype(np.float32))
        np.testing.assert_array_equal(list(one.probabilities.values()), expected.probabilities)
    rows[:, 7] = np.nan
    refused = run([*chunks(rows=rows), *markers()], fitted, max_bad=0.0)
    assert refused.states == ["SEARCHING", "GAP"]
    assert {one.answer for one in refused.decisions} == {None}
    assert len([status for status in refused.kept.statuses if "nonfinite" in status.why]) == 1
