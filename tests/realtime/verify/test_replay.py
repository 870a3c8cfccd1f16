"""Replays over real LSL: one process sends a recording, another receives it."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder import Recording
from hotwire.decoder.recordings.events import Events
from hotwire.errors import InputError, UnknownNameError
from hotwire.realtime.verify.faults import Delivery, read_fault
from hotwire.realtime.verify.replay import replay

RECORDING = """
    import json, sys
    from types import SimpleNamespace
    import numpy as np
    from hotwire.realtime.verify.replay import replay

    def recording(n, rate_hz, n_runs=1, events=()):
        data = np.random.default_rng(0).normal(size=(n * n_runs, 3)).astype(np.float32)
        run, onset_s, duration_s, label = map(np.array, zip(*events)) if events else [np.array([])] * 4
        return SimpleNamespace(
            data=data, rate_hz=rate_hz, feature_names=("Cz", "Pz", "Oz"), unit=("uV", "uV", "mV"),
            run=np.repeat(np.arange(n_runs) + 1, n),
            events=SimpleNamespace(run=run, onset_s=onset_s, duration_s=duration_s, label=label),
        )
"""
SEND = (
    RECORDING
    + """
    of, settings = json.loads(sys.argv[1])
    sent = replay(recording(**of), "lab", **settings)
    print(json.dumps(sent._asdict()))
"""
)
RECEIVE = """
    import json, sys, time
    from dataclasses import asdict
    import numpy as np
    from hotwire.errors import StreamLostError, StreamNotFoundError
    from hotwire.realtime.sources.lsl_source import LslSource
    from hotwire.realtime.sources.source import Marker

    path, markers, open_again_s = json.loads(sys.argv[1])
    source = LslSource("lab", markers="lab-markers" if markers else None)
    info = source.open(30.0)
    samples, stamps, received, pieces, came = [], [], [], [0], []
    while True:
        try:
            chunk = source.pull(0.2)
            came += [one for one in source.markers() if isinstance(one, Marker)]
        except StreamLostError:
            pieces.append(sum(map(len, stamps)))
            if not open_again_s:
                break
            try:
                source.open(open_again_s.pop())
                continue
            except StreamNotFoundError:
                break
        if chunk is not None:
            samples.append(chunk.samples.copy())
            stamps.append(chunk.stamps)
            received.append(np.full(len(chunk.stamps), chunk.received_s))
    np.savez(path, samples=np.concatenate(samples), stamps=np.concatenate(stamps), received=np.concatenate(received))
    print(json.dumps({"info": asdict(info), "pieces": pieces, "markers": came}))
"""


class Received:
    """What came, beside what was sent."""

    def __init__(self, lsl, of: dict, markers: bool = False, open_again_s: tuple[float, ...] = (), **settings) -> None:
        sender = lsl.start(SEND, of, {"markers": markers, **settings})
        path = lsl.folder / "received.npz"
        told = lsl.run(RECEIVE, str(path), markers, open_again_s)
        self.sent = sender.result()
        self.info, self.pieces, self.markers = told["info"], told["pieces"], told["markers"]
        with np.load(path) as arrays:
            self.samples, self.stamps, self.received_s = arrays["samples"], arrays["stamps"], arrays["received"]
        self.data = np.random.default_rng(0).normal(size=(of["n"] * of.get("n_runs", 1), 3)).astype(np.float32)
        self.rate_hz = of["rate_hz"]
        self.start_s = self.sent["start_s"]


def test_fast_every_sample_comes_to_the_bit_with_evenly_spaced_stamps(lsl):
    it = Received(lsl, {"n": 5000, "rate_hz": 100.0}, speed=50)
    assert it.info == {
        "name": "lab",
        "type": "replay",
        "source_id": "hotwire-replay:lab",
        "channel_names": ["Cz", "Pz", "Oz"],
        "units": ["uV", "uV", "mV"],
        "rate_hz": 100.0,
        "dtype": "float32",
    }
    assert it.samples.tobytes() == it.data.tobytes()
    assert np.array_equal(it.stamps, it.start_s + np.arange(5000) / 100.0)
    assert it.sent == {"start_s": it.start_s, "n_samples": 5000, "n_sent": 5000, "n_markers": 0}
    assert np.all(it.received_s > it.start_s + np.arange(5000) / 100.0 / 50)  # none before its time
    assert it.pieces == [0, 5000]


def test_slow_streams_fast(lsl):
    it = Received(lsl, {"n": 121, "rate_hz": 1 / 2.5}, speed=100)
    assert it.info["rate_hz"] == 1 / 2.5
    assert it.samples.tobytes() == it.data.tobytes()
    assert np.array_equal(it.stamps, it.start_s + np.arange(121) / (1 / 2.5))


def test_runs_follow_each_other_and_events_come_as_markers(lsl):
    events = [(1, 0.5, 0.0, "face"), (2, 0.25, 1.5, "house"), (2, 0.0, 0.0, "{x"), (3, 0.1, 0.0, "other")]
    it = Received(lsl, {"n": 200, "rate_hz": 100.0, "n_runs": 3, "events": events}, markers=True, speed=4, runs=[2, 1])
    assert it.samples.tobytes() == np.r_[it.data[200:400], it.data[:200]].tobytes()
    assert [marker[:3] for marker in it.markers] == [
        ["{x", it.start_s, 0.0],
        ["house", it.start_s + 0.25, 1.5],
        ["face", it.start_s + 2.5, None],
    ]


FAULTY = [
    "lost@1:0.5",
    "duplicated@2:0.2",
    "reordered@3:0.2",
    "nan@4:0.5:Cz",
    "flat@5:0.5:Pz",
    "saturated@6:0.5:Oz",
    "freeze@7:1",
    "clock@9:-200000",
    "clock@10:200000",
]


@pytest.mark.slow
def test_every_fault_arrives(lsl):
    events = [(1, 0.5, 0.0, "before"), (1, 9.5, 0.0, "clock off"), (1, 10.5, 0.0, "after")]
    it = Received(lsl, {"n": 1200, "rate_hz": 100.0, "events": events}, markers=True, speed=3, faults=FAULTY)
    samples, delivery = it.data, Delivery.regular(1200, 100.0)
    for text in FAULTY:
        read_fault(text).damage(samples, ("Cz", "Pz", "Oz"), 100.0)
        delivery = read_fault(text).deliver(delivery, 100.0)
    assert it.sent["n_sent"] == 1200 - 50 + 20
    assert it.samples.tobytes() == samples[delivery.sample].tobytes()
    assert np.isnan(it.samples).sum() == 50
    assert np.array_equal(it.stamps, it.start_s + delivery.stamp_s)
    assert [stamp_s for _, stamp_s, *_ in it.markers] == [
        it.start_s + 0.5,
        it.start_s + (9.5 - 200_000),
        it.start_s + 10.5,
    ]
    # Nothing came before its time, and what was frozen not before the end of the freeze.
    assert np.all(it.received_s > it.start_s + delivery.due_s / 3)
    assert np.all(it.received_s[(delivery.sample >= 700) & (delivery.sample < 800)] > it.start_s + 8 / 3)


@pytest.mark.slow
def test_a_restart(lsl):
    it = Received(lsl, {"n": 1000, "rate_hz": 100.0}, faults=["restart@2:0.5"], open_again_s=(30.0,))
    whole = np.round((it.stamps - it.start_s) * 100).astype(int)
    assert it.samples.tobytes() == it.data[whole].tobytes()
    _, first, end = it.pieces
    # The last ones before it may be lost with the connection; afterwards those until it is found again are.
    assert whole[:first].tolist() == list(range(first))
    assert 190 <= first <= 200
    assert whole[first] >= 250
    assert whole[first:].tolist() == list(range(whole[first], 1000))
    assert end == len(whole)


@pytest.mark.slow
def test_a_replaced_device_is_not_taken(lsl):
    it = Received(lsl, {"n": 500, "rate_hz": 100.0}, faults=["replaced@1:0.5"], open_again_s=(3.0,))
    assert len(it.stamps) <= 100
    assert it.pieces == [0, len(it.stamps)]


def test_nobody_listens(lsl):
    said = lsl.run(
        RECORDING
        + """
    from hotwire.errors import StreamNotFoundError
    try:
        replay(recording(10, 100.0), "lab", wait_s=0.3)
    except StreamNotFoundError as error:
        print(json.dumps(str(error)))
    heard = []
    sent = replay(recording(10, 100.0), "lab", wait_s=0, linger_s=0, progress=lambda *now: heard.append(now))
    print(json.dumps(heard))
    """
    )
    assert said == [[2, 10], [4, 10], [6, 10], [8, 10], [10, 10]]


@pytest.fixture
def recording() -> Recording:
    return Recording(np.ones((20, 2), np.float32), 10.0, ("left", "right"), np.repeat([1, 2], 10), Events.none())


@pytest.mark.parametrize("settings", [{"speed": 0}, {"speed": np.inf}, {"chunk_s": -1}, {"runs": []}])
def test_settings_that_make_no_sense(recording, settings):
    with pytest.raises(InputError, match="expected"):
        replay(recording, **settings)


def test_a_fault_behind_the_end(recording):
    with pytest.raises(InputError, match=r"clock@3:5: the last sample comes before that, at 1.9 s"):
        replay(recording, faults=["clock@3:5"])


def test_unknown_runs_and_channels_are_listed(recording):
    with pytest.raises(UnknownNameError, match="There are: 1, 2"):
        replay(recording, runs=[3])
    with pytest.raises(UnknownNameError, match="There are: left, right"):
        replay(recording, faults=["nan@0:1:middle"])


def test_needs_nothing_but_numpy_and_lsl(lsl):
    loaded = lsl.run(
        """
    import json, sys
    import hotwire.realtime.outputs.lsl_outputs, hotwire.realtime.sources.lsl_source
    import hotwire.realtime.verify.faults, hotwire.realtime.verify.replay
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
    """
    )
    heavy = {"torch", "sklearn", "scipy", "mne", "nibabel", "matplotlib", "pandas", "click", "pydantic", "rich", "onnx"}
    assert heavy.isdisjoint(loaded)
    assert "pylsl" in loaded
