"""The faults that only a real LabStreamingLayer shows, between processes: one sends, another decides."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.decoder import Events, Recording
from hotwire.decoder.steps import RunningBaseline, run_steps
from hotwire.decoder.windows import SlidingAverage, windows

from ..small import SignDecoder

pytestmark = pytest.mark.slow

RATE_HZ = 100.0
N_FEATURES = 2
WINDOW = SlidingAverage(1.0, 0.25)
ROWS = np.random.default_rng(0).uniform(-1, 1, (6000, N_FEATURES)).astype(np.float32)
"""A minute; sample k is row k, and stamped k / RATE_HZ after the first."""

# Sends what is due by the clock. After it stood still, it sends what piled up ("all") or only what is due now ("new").
SEND = """
    import json, math, sys, time
    import numpy as np
    import pylsl

    how = {"names": ["ch0", "ch1"], "unit": "uV", "rate": 100.0, "id": "amp-1", "backlog": "all", "start_s": None}
    how |= json.loads(sys.argv[1])[0]
    n = len(how["names"])
    info = pylsl.StreamInfo("amp", "EEG", n, how["rate"], "float32", how["id"])
    info.set_channel_labels(how["names"])
    info.set_channel_units(how["unit"])
    outlet = pylsl.StreamOutlet(info)
    print(json.dumps("ready"))
    rows = np.random.default_rng(0).uniform(-1, 1, (6000, 2)).astype(np.float32)
    outlet.wait_for_consumers(60)
    start_s = how["start_s"]
    k = 0
    if start_s is None:
        start_s = pylsl.local_clock() + 1.0
    else:
        k = math.ceil((pylsl.local_clock() - start_s) * 100)
    print(json.dumps([start_s, k]))
    while True:
        due = int((pylsl.local_clock() - start_s) * 100)
        if due - k > 100 and how["backlog"] == "new":
            print(json.dumps(due - k))
            k = due
        if due > k:
            outlet.push_chunk(rows[k:due], start_s + np.arange(k, due) / 100)
            k = due
        time.sleep(0.01)
"""
# Decides until its standard input ends or it is interrupted, and says every change of state at once.
DECIDE = """
    import json, sys, threading
    from pathlib import Path
    settings, small, folder = json.loads(sys.argv[1])
    sys.path.insert(0, small)
    from small import Kept, SignDecoder
    from hotwire.decoder.steps import RunningBaseline
    from hotwire.decoder.windows import SlidingAverage
    from hotwire.errors import HotwireError
    from hotwire.realtime.engine.engine import Engine
    from hotwire.realtime.sources.lsl_source import LslSource
    from hotwire.realtime.outputs.json_lines import JsonLines
    from hotwire.realtime.settings import LiveSettings
    from hotwire.realtime.outputs.xdf import XdfRecorder

    def say(what):
        print(json.dumps(what), flush=True)

    class Saying(Kept):
        def status(self, status):
            super().status(status)
            if self.states != self.told:
                self.told = self.states
                say(str(status.state))

        told = []

    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    decoder = SignDecoder(2, 100.0, SlidingAverage(1.0, 0.25), [RunningBaseline()])
    kept = Saying()
    recorder = XdfRecorder(Path(folder) / "raw.xdf")
    outputs = [kept, JsonLines(Path(folder) / "log.jsonl")]
    engine = Engine(decoder, LslSource("amp"), LiveSettings(**settings), outputs=outputs, recorder=recorder)
    end = "stopped"
    try:
        with engine:
            while not stop.is_set():
                engine.turn(0.1)
    except HotwireError as error:
        end = [type(error).__name__, str(error)]
    except KeyboardInterrupt:
        end = "interrupted"
    say({
        "end": end,
        "states": kept.states,
        "losses": {name: n for name, n in engine.losses.items() if n},
        "closed": kept.closed,
        "decisions": [
            [round(d.start_s * 100), round(d.stop_s * 100), d.present, d.abstained, list(d.probabilities.values())]
            for d in kept.decisions
        ],
    })
"""


class Session:
    """A process that decides, in a world of its own."""

    def __init__(self, lsl: Any, **settings: Any) -> None:
        self.child = lsl.start(DECIDE, settings, str(Path(__file__).parents[1]), str(lsl.folder))
        self.folder = lsl.folder

    def wait_for(self, *states: str) -> None:
        """Wait until it has said each of these states, in this order."""
        for state in states:
            while self.child.says() != state:
                pass

    def stop(self) -> dict[str, Any]:
        self.child.go()
        return self.child.result()


def check_decisions(ended: dict[str, Any], came: np.ndarray) -> None:
    """Every window of which enough came is decided as offline, from the samples that came; none else is."""
    decoder = SignDecoder(N_FEATURES, RATE_HZ, WINDOW, [RunningBaseline()])
    newest = max(stop for _, stop, *_ in ended["decisions"])
    came = came[:newest]
    events = Events(np.zeros(0, int), np.zeros(0), np.zeros(0), np.zeros(0, str))
    n = int(came.sum())
    sent = Recording(ROWS[:newest][came], RATE_HZ, decoder.feature_names, np.zeros(n, int), events, "uV")
    stepped = np.zeros((newest, N_FEATURES), np.float32)
    stepped[came] = run_steps(decoder.steps, sent).data
    whole = Recording(stepped, RATE_HZ, decoder.feature_names, np.zeros(newest, int), events, "uV")
    trials = windows(WINDOW, whole)
    expected = {round(stop_s * RATE_HZ): x for stop_s, x in zip(trials.stop_s, trials.X, strict=True)}
    stops = [stop for _, stop, *_ in ended["decisions"]]
    assert stops == [stop for stop in expected if came[stop - 100 : stop].any()]
    assert len(stops) > 5
    n_whole = 0
    for first, stop, present, abstained, probabilities in ended["decisions"]:
        assert stop == first + 100
        assert present == came[first:stop].mean()
        assert (abstained is not None) == (present < 0.75) == (probabilities == [])
        if present == 1:  # of the others the mean is over fewer
            n_whole += 1
            assert probabilities == decoder.decide(expected[stop]).probabilities.tolist()
    assert n_whole > 5
    assert sum(abstained is not None for *_, abstained, _ in ended["decisions"]) == ended["losses"].get("abstained", 0)


def all_but(first: int = 0, stop: int = 0) -> np.ndarray:
    came = np.ones(len(ROWS), np.bool_)
    came[first:stop] = False
    return came


@pytest.mark.parametrize("backlog", ["all", "new"])
def test_an_outlet_stopped_for_five_seconds(lsl, backlog):
    sender = lsl.start(SEND, {"backlog": backlog})
    assert sender.says() == "ready"
    session = Session(lsl, settle_s=0.5)
    session.wait_for("LIVE")
    time.sleep(2)
    sender.send(signal.SIGSTOP)
    time.sleep(5)
    sender.send(signal.SIGCONT)
    session.wait_for("STALE", "RECOVERED", "LIVE")
    time.sleep(2)
    ended = session.stop()
    states = ended["states"]
    if backlog == "new" and "GAP" in states:  # an old chunk came first, and the gap was found behind it
        at = states.index("GAP")
        assert states[at : at + 2] == ["GAP", "RECOVERED"]
        del states[at : at + 2]
    assert states == ["SEARCHING", "LIVE", "STALE", "RECOVERED", "LIVE"]
    sender.says()
    if backlog == "all":
        lost = (0, 0)
        assert "lost" not in ended["losses"]
    else:
        n_lost = sender.says()
        assert ended["losses"]["lost"] == n_lost
        assert n_lost > 450
        first = first_missing(ended)
        lost = (first, first + n_lost)
    assert set(ended["losses"]) <= {"lost", "abstained"}
    check_decisions(ended, all_but(*lost))
    assert recorded(session.folder) > 300


def first_missing(ended: dict[str, Any]) -> int:
    """Where the gap begins: the first window that ends in it tells."""
    stop, present = next((stop, present) for _, stop, present, *_ in ended["decisions"] if present < 1)
    return stop - 100 + round(100 * present)


def recorded(folder: Path) -> int:
    """How many samples were recorded; the file has its footer."""
    pyxdf = pytest.importorskip("pyxdf")
    data = pyxdf.load_xdf(folder / "raw.xdf", dejitter_timestamps=False)[0][0]
    assert int(data["footer"]["info"]["sample_count"][0]) == len(data["time_series"])
    return len(data["time_series"])


def test_an_outlet_that_is_killed_and_starts_again(lsl):
    sender = lsl.start(SEND, {})
    sender.says()
    session = Session(lsl, settle_s=0.5)
    session.wait_for("LIVE")
    start_s, first = sender.says()
    assert first == 0
    time.sleep(2)
    sender.kill()
    session.wait_for("LOST", "SEARCHING")
    sender = lsl.start(SEND, {"start_s": start_s})
    session.wait_for("RECOVERED", "LIVE")
    sender.says()
    _, first_again = sender.says()
    time.sleep(2)
    ended = session.stop()
    assert ended["states"] == ["SEARCHING", "LIVE", "LOST", "SEARCHING", "RECOVERED", "LIVE"]
    n_lost = ended["losses"]["lost"]
    assert set(ended["losses"]) == {"lost", "restarts", "abstained"}
    assert ended["losses"]["restarts"] == 1
    # The grid goes on: the sender knows with which sample, and that every value is in its place tells the rest.
    assert first_missing(ended) == first_again - n_lost
    check_decisions(ended, all_but(first_again - n_lost, first_again))


def test_an_outlet_with_another_source_id_does_not_take_the_place(lsl):
    sender = lsl.start(SEND, {})
    sender.says()
    session = Session(lsl)
    session.wait_for("LIVE")
    time.sleep(2.5)
    sender.kill()
    session.wait_for("LOST", "SEARCHING")
    other = lsl.start(SEND, {"id": "amp-2"})
    other.says()
    time.sleep(2.5)
    ended = session.stop()
    assert ended["states"] == ["SEARCHING", "LIVE", "LOST", "SEARCHING"]
    assert ended["losses"] == {}
    check_decisions(ended, all_but())


def test_two_streams_that_match_and_none(lsl):
    for settings in ({"id": "left"}, {"id": "right"}):
        lsl.start(SEND, settings).says()
    ended = Session(lsl, timeout_s=2.5).child.result()
    kind, message = ended["end"]
    assert kind == "StreamNotFoundError"
    assert "found 2" in message
    assert "'left'" in message
    assert "'right'" in message
    assert (ended["states"], ended["decisions"], ended["losses"]) == (["SEARCHING"], [], {})
    assert ended["closed"] == 1


def test_no_stream(lsl):
    ended = Session(lsl, timeout_s=1.5).child.result()
    kind, message = ended["end"]
    assert kind == "StreamNotFoundError"
    assert "no stream at all" in message
    assert (ended["states"], ended["decisions"], ended["losses"]) == (["SEARCHING"], [], {})
    assert ended["closed"] == 1


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        ({"names": ["ch0", "ch1", "ch2"]}, "also has ch2"),
        ({"names": ["ch1", "ch0"]}, "another order"),
        ({"rate": 250.0}, "the stream 'amp' comes at 250 Hz"),
        ({"unit": "mV"}, "carries 'mV'"),
    ],
)
def test_a_stream_of_another_kind(lsl, stream, told):
    lsl.start(SEND, stream).says()
    ended = Session(lsl).child.result()
    kind, message = ended["end"]
    assert kind == "StreamMismatchError"
    assert told in message
    assert (ended["states"], ended["decisions"], ended["losses"]) == (["SEARCHING"], [], {})
    assert ended["closed"] == 1


def test_ctrl_c_while_it_is_looked_for(lsl):
    session = Session(lsl, timeout_s=None)
    session.wait_for("SEARCHING")
    time.sleep(0.5)
    session.child.send(signal.SIGINT)
    ended = session.child.result()
    assert (ended["end"], ended["states"], ended["closed"]) == ("interrupted", ["SEARCHING"], 1)


@pytest.mark.parametrize("state", ["LIVE", "STALE", "SEARCHING"])
def test_ctrl_c_later(lsl, state):
    sender = lsl.start(SEND, {})
    sender.says()
    session = Session(lsl, stale_s=0.5)
    session.wait_for("LIVE")
    time.sleep(2.5)
    gone_through = ["SEARCHING", "LIVE"]
    if state == "STALE":
        sender.send(signal.SIGSTOP)
        session.wait_for("STALE")
        gone_through.append("STALE")
    elif state == "SEARCHING":
        sender.kill()
        session.wait_for("LOST", "SEARCHING")
        gone_through += ["LOST", "SEARCHING"]
    session.child.send(signal.SIGINT)
    ended = session.child.result()
    assert (ended["end"], ended["states"], ended["closed"]) == ("interrupted", gone_through, 1)
    assert ended["losses"] == {}
    check_decisions(ended, all_but())
    lines = (session.folder / "log.jsonl").read_text().splitlines()
    logged = [one for one in map(json.loads, lines) if one["type"] == "decision"]
    assert [list(one["probabilities"].values()) for one in logged] == [one[-1] for one in ended["decisions"]]
    assert recorded(session.folder) >= ended["decisions"][-1][1]


# Sends a marker every 0.7 s: its label, and the time on LSL's clock, or on one of its own.
MARK = """
    import json, sys, time
    import pylsl

    label, off_s = json.loads(sys.argv[1])
    outlet = pylsl.StreamOutlet(pylsl.StreamInfo("cues", "Markers", 1, 0, "string", "cues-1"))
    print(json.dumps("ready"))
    outlet.wait_for_consumers(60)
    number = 0
    while True:
        outlet.push_sample([f"{label}{number}"], pylsl.local_clock() + off_s)
        number += 1
        time.sleep(0.7)
"""
DECIDE_ON_MARKERS = DECIDE
for of_samples, of_markers in (
    ('LslSource("amp")', 'LslSource("amp", markers="cues")'),
    ("SlidingAverage(1.0, 0.25), [Run", "BlockAverage(0.0, 0.5), [Run"),
    ("import SlidingAverage", "import BlockAverage"),
    (
        "            if self.states != self.told:",
        """            if status.why.startswith("markers "):
                say(str(status.markers))
            elif self.states != self.told:""",
    ),
    (
        '"closed": kept.closed,',
        '"labels": [d.label for d in kept.decisions], "why": [s.why for s in kept.statuses],',
    ),
):
    assert of_samples in DECIDE_ON_MARKERS
    DECIDE_ON_MARKERS = DECIDE_ON_MARKERS.replace(of_samples, of_markers)


class MarkedSession(Session):
    def __init__(self, lsl: Any) -> None:
        self.child = lsl.start(DECIDE_ON_MARKERS, {}, str(Path(__file__).parents[1]), str(lsl.folder))
        self.folder = lsl.folder


def check_all_was_recorded(ended: dict[str, Any], folder: Path) -> None:
    """Not one sample is missing, whatever became of the markers."""
    pyxdf = pytest.importorskip("pyxdf")
    samples, marks, *_ = pyxdf.load_xdf(folder / "raw.xdf", dejitter_timestamps=False)[0]
    n = len(samples["time_series"])
    np.testing.assert_array_equal(samples["time_series"], ROWS[:n])
    np.testing.assert_allclose(np.diff(samples["time_stamps"]), 0.01, atol=1e-6)
    assert {label for (label,) in marks["time_series"]} >= set(ended["labels"])


def test_a_marker_outlet_that_is_killed_and_comes_back_while_samples_go_on(lsl):
    lsl.start(SEND, {}).says()
    marking = lsl.start(MARK, "a", 0.0)
    marking.says()
    session = MarkedSession(lsl)
    assert sorted([session.child.says() for _ in range(3)]) == ["LIVE", "LIVE", "SEARCHING"]
    time.sleep(3)
    marking.kill()
    session.wait_for("LOST")
    time.sleep(2)
    marking = lsl.start(MARK, "b", 0.0)
    session.wait_for("LIVE")
    time.sleep(3)
    ended = session.stop()
    assert ended["end"] == "stopped"
    assert ended["states"] == ["SEARCHING", "LIVE"]
    assert {name: n for name, n in ended["losses"].items() if name != "markers_refused"} == {"marker_stream_lost": 1}
    assert [label[0] for label in ended["labels"]] == sorted(label[0] for label in ended["labels"])
    assert sum(label[0] == "a" for label in ended["labels"]) >= 2
    assert {"b0", "b1", "b2"} <= set(ended["labels"])
    assert len(set(ended["labels"])) == len(ended["labels"])
    assert all(abstained is None for *_, abstained, _ in ended["decisions"])
    check_all_was_recorded(ended, session.folder)


@pytest.mark.parametrize(("off_s", "told"), [(-1000.0, "cannot be used: event"), (1e5, "s ahead of the newest")])
def test_markers_that_come_back_with_another_clock_are_told_of_and_those_that_are_right_again_used(lsl, off_s, told):
    lsl.start(SEND, {}).says()
    marking = lsl.start(MARK, "a", 0.0)
    marking.says()
    session = MarkedSession(lsl)
    session.wait_for("LIVE", "LIVE")
    time.sleep(2)
    for label, by_s in (("wrong", off_s), ("right", 0.0)):
        marking.kill()
        session.wait_for("LOST")
        marking = lsl.start(MARK, label, by_s)
        session.wait_for("LIVE")
        time.sleep(2)
    ended = session.stop()
    assert ended["states"] == ["SEARCHING", "LIVE"]
    assert any("marker 'wrong" in why and told in why for why in ended["why"])
    assert {label.rstrip("0123456789") for label in ended["labels"]} == {"a", "right"}
    check_all_was_recorded(ended, session.folder)


def test_markers_that_come_after_the_samples(lsl):
    lsl.start(SEND, {}).says()
    session = MarkedSession(lsl)
    assert sorted([session.child.says() for _ in range(3)]) == ["LIVE", "SEARCHING", "SEARCHING"]
    time.sleep(2)
    lsl.start(MARK, "late", 0.0).says()
    session.wait_for("LIVE")
    time.sleep(2)
    ended = session.stop()
    assert ended["states"] == ["SEARCHING", "LIVE"]
    assert set(ended["losses"]) <= {"markers_refused"}
    assert any(why.startswith("markers SEARCHING: no marker stream with name 'cues' after") for why in ended["why"])
    assert {"late0", "late1"} <= set(ended["labels"])
    check_all_was_recorded(ended, session.folder)


def test_the_end_of_the_samples_is_their_loss_whatever_the_markers_do(lsl):
    sender = lsl.start(SEND, {})
    sender.says()
    lsl.start(MARK, "a", 0.0).says()
    session = MarkedSession(lsl)
    session.wait_for("LIVE", "LIVE")
    time.sleep(2)
    sender.kill()
    session.wait_for("LOST", "SEARCHING")
    ended = session.stop()
    assert ended["states"] == ["SEARCHING", "LIVE", "LOST", "SEARCHING"]
    assert "marker_stream_lost" not in ended["losses"]
