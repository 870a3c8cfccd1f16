"""The events of a protocol as markers, counted from the first sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hotwire.decoder import Events
from hotwire.decoder.readers import read_events
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.sources.planned import PlannedSource
from hotwire.realtime.sources.scripted import At, Samples, ScriptedSource
from hotwire.realtime.sources.source import Marker, Refusal, StreamInfo

INFO = StreamInfo("scanner", "fMRI", "id", ("voxel_1_1_1",), ("a.u.",), 0.5)


def test_events_are_told_with_the_samples_that_they_belong_to(tmp_path: Path) -> None:
    (tmp_path / "events.tsv").write_text(
        "onset\tduration\ttrial_type\n5.0\t4.0\tb\n0.0\t4.0\ta\n8.0\t2.0\tc\n90.0\t1.0\td\n"
    )
    clock = VirtualClock()
    script = [At(10.0 + 2 * n, Samples(np.zeros((1, 1), np.float32), np.array([10.0 + 2 * n]))) for n in range(6)]
    source = PlannedSource(ScriptedSource(INFO, script, clock), read_events(tmp_path / "events.tsv", 1), clock)
    source.open(1.0)
    assert source.markers() == []
    told: dict[float, list[tuple[str, float, float | None]]] = {}
    while len(told) < len(script):
        chunk = source.pull(30.0)
        if chunk is not None:
            markers = [one for one in source.markers() if isinstance(one, Marker)]
            told[float(chunk.stamps[0])] = [(one.label, one.stamp_s, one.duration_s) for one in markers]
    source.close()
    assert told == {
        10.0: [("a", 10.0, 4.0)],
        12.0: [],
        14.0: [("b", 15.0, 4.0)],
        16.0: [],
        18.0: [("c", 18.0, 2.0)],
        20.0: [],
    }


def test_a_run_that_begins_again_begins_its_protocol_again_and_a_late_start_is_counted() -> None:
    events = Events(np.array([1]), np.array([2.0]), np.array([1.0]), np.array(["a"]))
    clock, restarts = VirtualClock(), [0]
    stamps = [10.0, 12.0, 14.0, 50.0, 52.0]
    script = [At(stamp, Samples(np.zeros((1, 1), np.float32), np.array([stamp]))) for stamp in stamps]
    scripted = ScriptedSource(INFO, script, clock)
    source = PlannedSource(scripted, events, clock, lambda: "the first volume is number 3", lambda: restarts[0])
    source.open(1.0)
    told: list[tuple[str, float | str]] = []
    for _ in stamps:
        restarts[0] = int(clock.now() >= 14.0)
        source.pull(60.0)
        for one in source.markers():
            if isinstance(one, Marker):
                told.append((one.label, one.stamp_s))
            elif isinstance(one, Refusal):
                told.append((one.counted_as, one.why[:28]))
    late = ("began_late", "the first volume is number 3")
    assert told == [late, ("a", 12.0), ("", "the run began again, and the"), late, ("a", 52.0)]
