"""What a decoder says, sent by one process over real LSL and received by another."""

from __future__ import annotations

import json
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
    time.sleep(1000)
"""
READ = """
    import json, sys, time
    import pylsl

    name, n = json.loads(sys.argv[1])
    info, = pylsl.resolve_byprop("name", name, timeout=20)
    inlet = pylsl.StreamInlet(info)
    inlet.open_stream(20)
    full = inlet.info(20)
    print(json.dumps([full.type(), full.source_id(), full.get_channel_labels(), full.desc().child_value("bundle")]))
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
        for kind, n in (("decisions", 3), ("probabilities", 3), ("details", 3), ("status", 1))
    ]
    bundle, own = "ab" * 32, f"hotwire:{gethostname()}:mind"
    assert [reader.says() for reader in readers] == [
        ["Markers", f"{own}:decisions:{bundle[:16]}", ["decision"], bundle],
        ["probabilities", f"{own}:probabilities:{bundle[:16]}", ["face", "house"], bundle],
        ["Markers", f"{own}:details:{bundle[:16]}", ["details"], bundle],
        ["Markers", f"{own}:status", ["status"], ""],
    ]
    publisher.go()
    decisions, probabilities, details, states = (reader.result() for reader in readers)
    assert decisions == [[["face"], 501.0], [["a castle ü"], 503.0], [[""], 504.0]]
    assert probabilities[:2] == [[[0.75, 0.25], 501.0], [[0.25, 0.75], 503.0]]
    assert np.isnan(probabilities[2][0]).all()
    told = [json.loads(text) for (text,), _ in details]
    assert [stamp_s for _, stamp_s in details] == [501.0, 503.0, 504.0]
    assert [(one["number"], one["text"], one["bundle"], one["abstained"]) for one in told] == [
        (0, None, bundle, None),
        (2, "a castle ü", bundle, None),
        (3, None, bundle, "half of the window is missing"),
    ]
    [[[text], stamp_s]] = states
    assert stamp_s == 401.5
    assert json.loads(text) == {
        "type": "status",
        "state": "GAP",
        "at_s": 401.5,
        "why": "5 samples missing",
        "losses": {"lost": 5},
        "markers": None,
    }
