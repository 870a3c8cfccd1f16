"""Markers over LSL beside a source that has none: each onto the volume that was acquired while it happened."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pytest

from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.sources.marked import MarkedSource
from hotwire.realtime.sources.scripted import At, Samples, ScriptedSource
from hotwire.realtime.sources.source import StreamInfo

from ..conftest import LslWorld

INFO = StreamInfo("scanner", "fMRI", "id", ("voxel_1_1_1",), ("a.u.",), 0.5)
SESSION = """
    import json
    import numpy as np
    import pylsl
    from hotwire.realtime.clock import SystemClock
    from hotwire.realtime.sources.marked import MarkedSource
    from hotwire.realtime.sources.scripted import At, Samples, ScriptedSource
    from hotwire.realtime.sources.source import Marker, StreamInfo

    info = StreamInfo("scanner", "fMRI", "id", ("voxel_1_1_1",), ("a.u.",), 0.5)
    outlet = pylsl.StreamOutlet(pylsl.StreamInfo("cues", "Markers", 1, 0, pylsl.cf_string, "cues-1"))
    script = [At(0.0, Samples(np.zeros((1, 1), np.float32), np.array([0.0])))]
    source = MarkedSource(ScriptedSource(info, script, SystemClock()), "cues", 1.5)
    source.open(20.0)
    outlet.wait_for_consumers(20.0)
    outlet.push_sample(['{"label": "rest", "duration_s": 20.0}'], 1000.0)
    came, changes = [], []
    while not came:
        for one in source.markers():
            (came if isinstance(one, Marker) else changes).append(one)
    source.close()
    print(json.dumps([[one.label, one.stamp_s, one.duration_s] for one in came]))
    print(json.dumps([one.why for one in changes]))
"""


def test_a_marker_is_moved_onto_the_volume_that_was_acquired_then(lsl: LslWorld) -> None:
    session = lsl.start(SESSION)
    ((label, stamp_s, duration_s),) = session.says()
    assert (label, duration_s) == ("rest", 20.0)
    # A volume comes a repetition time, 2 s, after its acquisition began, and 1.5 s for its export.
    assert stamp_s == pytest.approx(1003.5, abs=0.01)
    assert session.says() == ["the LSL marker stream with name 'cues' is there"]


@pytest.mark.parametrize(
    ("measured_s", "said"),
    [
        (0.4, None),
        (nan, None),
        (
            2.3,
            "by the scanner's clock a volume came 2.3 s after it was acquired, and markers are placed for 0 s: if both",
        ),
        (-30.0, "the scanner's clock is 30 s ahead of this machine's"),
        (3600.0, "the scanner's clock is 3600 s behind this machine's"),
    ],
)
def test_an_export_that_takes_long_is_said_once(monkeypatch: Any, measured_s: float, said: str | None) -> None:
    class NoMarkers:
        is_open, sees_match = True, True

        def __init__(self, *_: Any) -> None: ...
        def connect(self) -> None: ...
        def pull(self) -> list[Any]:
            return []

    monkeypatch.setattr("hotwire.realtime.sources.marked.LslMarkers", NoMarkers)
    clock = VirtualClock()
    script = [At(2.0 * n, Samples(np.zeros((1, 1), np.float32), np.array([2.0 * n]))) for n in range(5)]
    source = MarkedSource(ScriptedSource(INFO, script, clock), "cues", measured_s=lambda: measured_s)
    source.open(1.0)
    reports = []
    for _ in range(5):
        source.pull(3.0)
        reports += source.markers()
    assert [one.counted_as for one in reports] == ([] if said is None else [""])
    assert said is None or reports[0].why.startswith(said)
