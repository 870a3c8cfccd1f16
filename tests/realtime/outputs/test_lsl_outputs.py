"""What a decoder says, sent by one process over real LSL and received by another."""

from __future__ import annotations

import json
import os
from pathlib import Path
from socket import gethostname

import numpy as np
import pytest

from hotwire.errors import InputError
from hotwire.realtime.outputs.lsl_outputs import LslOutlets

PUBLISH = """
    import json, sys, time
    from types import SimpleNamespace
    from hotwire.realtime.decision import Latency, LiveDecision, Status
    from hotwire.realtime.health import State
    from hotwire.realtime.live_feedback import LiveFeedback
    from hotwire.realtime.outputs.lsl_outputs import LslOutlets
    from hotwire.realtime.sources.source import StreamInfo

    def decision(number, answer, probabilities, text=None, abstained=None, shadow=False):
        return LiveDecision(
            number, answer, probabilities, text, None, -1, 0.0, 1.0, 500.0, 501.0 + number, 1.0, abstained, False,
            shadow, "ab" * 32, Latency(0.0, 0.0, 0.0),
        )

    outlets = LslOutlets("mind")
    outlets.status(Status(State.SEARCHING, 400.0, "looking for 'amp'"))
    info = StreamInfo("amp", "EEG", "amp-1", ("Cz",), ("uV",), 100.0)
    outlets.open(info, SimpleNamespace(answers=("face", "house"), digest="ab" * 32))
    print(json.dumps("open"))
    sys.stdin.read()
    outlets.decision(decision(0, "face", {"face": 0.75, "house": 0.25}))
    outlets.decision(decision(1, "house", {"face": 0.125, "house": 0.875}, shadow=True))
    outlets.decision(decision(2, "house", {"face": 0.25, "house": 0.75}, text="a castle ü"))
    outlets.decision(decision(3, None, {}, abstained="half of the window is missing"))
    outlets.status(Status(State.GAP, 401.5, "5 samples missing", {"lost": 5}))
    outlets.feedback(LiveFeedback(None, 200.0, None, "no block of the baseline is over yet", 2.0, 4.0, 504.0))
    print(json.dumps("feedback"))
    sys.stdout.flush()
    while True:
        outlets.feedback(LiveFeedback(1.5, 203.0, 200.0, None, 4.0, 6.0, 506.0))
        time.sleep(0.05)
"""
READ = """
    import json, sys, time
    import pylsl

    name, n = json.loads(sys.argv[1])
    info, = pylsl.resolve_byprop("name", name, timeout=20)
    inlet = pylsl.StreamInlet(info)
    inlet.open_stream(20)
    full = inlet.info(20)
    bundle = full.desc().child_value("bundle_at_start")
    print(json.dumps([full.type(), full.source_id(), full.get_channel_labels(), bundle]))
    got = []
    while len(got) < n:
        sample, stamp = inlet.pull_sample(20)
        got.append([sample, stamp])
    print(json.dumps(got))
"""


def test_a_name_is_needed():
    with pytest.raises(InputError, match="name"):
        LslOutlets("")


def test_publishes_decisions_probabilities_and_states(lsl):
    publisher = lsl.start(PUBLISH)
    assert publisher.says() == "open"
    readers = [
        lsl.start(READ, f"mind-{kind}", n)
        for kind, n in (("decisions", 3), ("probabilities", 3), ("details", 4), ("status", 1))
    ]
    bundle, own = "ab" * 32, f"hotwire:{gethostname()}:mind"
    assert [reader.says() for reader in readers] == [
        ["Markers", f"{own}:decisions:{bundle[:16]}", ["decision"], bundle],
        ["probabilities", f"{own}:probabilities:{bundle[:16]}", ["face", "house"], bundle],
        ["Markers", f"{own}:details:{bundle[:16]}", ["details"], bundle],
        ["Markers", f"{own}:status", ["status"], ""],
    ]
    publisher.go()
    assert publisher.says() == "feedback"
    feedback = lsl.start(READ, "mind-feedback", 1)
    assert feedback.says() == ["feedback", f"{own}:feedback:{bundle[:16]}", ["region"], bundle]
    assert feedback.result() == [[[1.5], 506.0]]
    decisions, probabilities, details, states = (reader.result() for reader in readers)
    assert decisions == [[["face"], 501.0], [["a castle ü"], 503.0], [[""], 504.0]]
    assert probabilities[:2] == [[[0.75, 0.25], 501.0], [[0.25, 0.75], 503.0]]
    assert np.isnan(probabilities[2][0]).all()
    *told, state = [json.loads(text) for (text,), _ in details]
    assert [stamp_s for _, stamp_s in details] == [501.0, 503.0, 504.0, 401.5]
    assert [(one["number"], one["text"], one["bundle"], one["abstained"]) for one in told] == [
        (0, None, bundle, None),
        (2, "a castle ü", bundle, None),
        (3, None, bundle, "half of the window is missing"),
    ]
    [[[text], stamp_s]] = states
    assert stamp_s == 401.5
    assert state == json.loads(text)
    assert state == {
        "type": "status",
        "state": "GAP",
        "at_s": 401.5,
        "why": "5 samples missing",
        "losses": {"lost": 5},
        "markers": None,
        "number": 0,
        "bundle": "",
        "repeated_after_s": 0.0,
    }


SESSION = """
    import json, sys
    import numpy as np
    from hotwire.realtime.engine.engine import Engine
    from hotwire.realtime.outputs.lsl_outputs import LslOutlets
    from hotwire.realtime.settings import LiveSettings
    from hotwire.realtime.sources.push_source import PushSource
    from small import SignDecoder

    first, second = SignDecoder(digest="ab" * 32), SignDecoder(digest="cd" * 32)
    source = PushSource(first.info())
    with Engine(first, source, LiveSettings(stale_s=100.0), outputs=[LslOutlets("mind")]) as engine:
        engine.turn()
        source.push(np.ones((2, 2), np.float32))
        while engine.state != "LIVE":
            engine.turn(0.1)
        engine.run_along(second)
        engine.promote()
        print(json.dumps("promoted"), flush=True)
        while True:
            engine.turn(0.1)
"""
STATE = """
    import json, sys
    import pylsl

    (kind,) = json.loads(sys.argv[1])
    info, = pylsl.resolve_byprop("name", f"mind-{kind}", timeout=20)
    inlet = pylsl.StreamInlet(info)
    found = [inlet.pull_sample(20) for _ in range(3)]
    print(json.dumps([[json.loads(text), stamp] for (text,), stamp in found]))
"""


@pytest.mark.parametrize("kind", ["status", "details"])
def test_who_joins_late_hears_the_state_within_a_second_and_the_promoted_bundle(lsl, kind):
    lsl.env["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1]), lsl.env.get("PYTHONPATH", "")])
    session = lsl.start(SESSION)
    assert session.says() == "promoted"
    beats = lsl.run(STATE, kind)
    repeats = [one for one, _ in beats]
    assert len({one["number"] for one in repeats}) == 1
    for one in repeats:
        assert (one["type"], one["state"], one["bundle"]) == ("status", "LIVE", "cd" * 32)
        assert "took over" in one["why"]
        assert one["losses"]["lost"] == 0
    assert 1.0 <= repeats[0]["repeated_after_s"] < repeats[1]["repeated_after_s"] < repeats[2]["repeated_after_s"]
    for one, stamp_s in beats:  # stamped when repeated
        assert stamp_s == pytest.approx(one["at_s"] + one["repeated_after_s"], abs=0.5)


SECOND = """
    import json, sys
    from hotwire.errors import StreamError
    from hotwire.realtime.outputs.lsl_outputs import LslOutlets
    from hotwire.realtime.sources.cued_source import CueOutlet

    said = []
    for make, name in ((LslOutlets, "mind"), (LslOutlets, "it's other"), (CueOutlet, "mind-status")):
        try:
            make(name)
            said.append("")
        except StreamError as error:
            said.append(str(error))
    print(json.dumps(said))
"""


def test_a_second_session_of_one_name_is_refused(lsl):
    publisher = lsl.start(PUBLISH)
    assert publisher.says() == "open"
    refused, other, cues = lsl.run(SECOND)
    assert "publishes 'mind-status' already" in refused
    assert "--publish NAME" in refused
    assert (other, cues) == ("", "")


AT_ONCE = """
    import json, sys, time
    from types import SimpleNamespace
    from hotwire.errors import StreamError
    from hotwire.realtime.decision import Status
    from hotwire.realtime.health import State
    from hotwire.realtime.live_feedback import LiveFeedback
    from hotwire.realtime.outputs.lsl_outputs import LslOutlets
    from hotwire.realtime.sources.source import StreamInfo

    outlets = LslOutlets("mind")
    print(json.dumps("looked"))
    sys.stdin.read()
    outlets.status(Status(State.SEARCHING, 400.0, "looking for 'amp'"))
    time.sleep(2)
    try:
        outlets.open(
            StreamInfo("amp", "EEG", "amp-1", ("Cz",), ("uV",), 100.0),
            SimpleNamespace(answers=("face",), digest="ab" * 32),
        )
        print(json.dumps(""))
        time.sleep(2)
    except StreamError as error:
        print(json.dumps(str(error)))
        time.sleep(2)
"""


def test_of_two_sessions_that_begin_at_once_one_stays(lsl):
    both = [lsl.start(AT_ONCE) for _ in range(2)]
    assert [one.says() for one in both] == ["looked", "looked"]
    for one in both:
        one.go()
    said = sorted(one.says() for one in both)
    assert said[0] == ""
    assert "publishes 'mind-status' already" in said[1]
