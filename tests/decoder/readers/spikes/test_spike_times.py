"""Spike times in bins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.readers import read_spike_times
from hotwire.errors import InputError, NonFiniteError, RecordingError, UnknownNameError

SPIKES = "unit,time_s\n3,0.1\n3,0.3\n10,0.95\n1,5\n"
EVENTS = "onset_s\tlabel\tlasted\n0.2\tface\t0.1\n0.8\thouse\t0.2\n"


def write(folder: Path, spikes: str = SPIKES, events: str = EVENTS) -> tuple[Path, Path]:
    (folder / "spikes.csv").write_text(spikes)
    (folder / "events.tsv").write_text(events)
    return folder / "spikes.csv", folder / "events.tsv"


def test_counts_and_events(tmp_path: Path) -> None:
    path, events = write(tmp_path)
    r = read_spike_times(path, 100, events=events, duration_s="lasted", stop_s=1.0, values="counts")
    assert (r.feature_names, r.rate_hz, r.unit, r.runs) == (("unit_1", "unit_3", "unit_10"), 10.0, "spikes", [1])
    expected = np.zeros((10, 3))
    expected[[1, 3], 1] = 1
    expected[9, 2] = 1
    np.testing.assert_array_equal(r.data, expected)
    assert r.events.onset_s.tolist() == [0.2, 0.8]
    assert r.events.duration_s.tolist() == [0.1, 0.2]
    assert r.events.label.tolist() == ["face", "house"]
    assert r.source == f"{path}; 1 of 4 spikes lie outside; without a spike: unit_1"
    rates = read_spike_times(path, 100, stop_s=1.0)
    assert rates.unit == "spikes/s"
    np.testing.assert_array_equal(rates.data, 10 * expected)
    assert read_spike_times(path, 100, events=events).n_samples == 51


@settings(max_examples=30)
@given(
    bin_ms=st.sampled_from([1.0, 5.0, 20.0, 100.0]),
    start_s=st.sampled_from([0.0, -1.0, 0.5]),
    seed=st.integers(0, 5),
)
def test_counts_are_those_of_a_histogram(
    tmp_path_factory: pytest.TempPathFactory, bin_ms: float, start_s: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    times, units = rng.uniform(-2, 4, 500), rng.integers(0, 4, 500)
    path = tmp_path_factory.mktemp("spikes") / "a.npz"
    np.savez(path, t=times, u=units)
    r = read_spike_times(path, bin_ms, unit="u", time_s="t", start_s=start_s, stop_s=3.0, values="counts")
    edges = start_s + np.arange(r.n_samples + 1) * bin_ms / 1000
    assert edges[-1] == pytest.approx(3.0)
    for i, name in enumerate(r.feature_names):
        of_unit = times[units == int(name.removeprefix("unit_"))]
        np.testing.assert_array_equal(r.data[:, i], np.histogram(of_unit, edges)[0])


def test_a_spike_on_an_edge_belongs_to_the_later_bin(tmp_path: Path) -> None:
    path, _ = write(tmp_path, "unit,time_s\n" + "".join(f"1,{i / 10}\n" for i in range(20)))
    np.testing.assert_array_equal(read_spike_times(path, 100, stop_s=2, values="counts").data, np.ones((20, 1)))


def test_units(tmp_path: Path) -> None:
    path, _ = write(tmp_path)
    r = read_spike_times(path, 100, units=[10, 7], stop_s=1)
    assert r.feature_names == ("unit_10", "unit_7")
    assert r.source.endswith("without a spike: unit_7")
    assert r.data.sum() == 10
    named, _ = write(tmp_path, SPIKES.replace("\n3,", "\na,").replace("\n1,", "\nb,"))
    assert read_spike_times(named, 100).feature_names == ("unit_10", "a", "b")
    assert read_spike_times(named, 100, units=["b", "c"]).feature_names == ("b", "c")
    with pytest.raises(InputError, match="units: expected whole numbers, as the units of the table are, got a"):
        read_spike_times(write(tmp_path)[0], 100, units=["a"])
    with pytest.raises(InputError, match="units: expected some"):
        read_spike_times(path, 100, units=[])


def test_runs(tmp_path: Path) -> None:
    path, events = write(
        tmp_path,
        "unit,time_s,block\n1,0.05,a\n2,0.15,a\n1,0.25,b\n",
        "onset_s\tlabel\tblock\n0.1\tx\tb\n0.3\ty\tb\n",
    )
    r = read_spike_times(path, 100, events=events, run="block", values="counts")
    assert r.run_lengths() == {"a": 2, "b": 4}
    assert r.data.tolist() == [[1, 0], [0, 1], [0, 0], [0, 0], [1, 0], [0, 0]]
    assert r.events.run.tolist() == ["b", "b"]
    r = read_spike_times(path, 100, events=events, run="block", stop_s={"a": 1.0, "b": 0.5})
    assert r.run_lengths() == {"a": 10, "b": 5}
    with pytest.raises(UnknownNameError, match="unknown run of stop_s 'c'"):
        read_spike_times(path, 100, run="block", stop_s={"c": 1.0})


def test_arrays(tmp_path: Path) -> None:
    spikes = {"unit": np.array([1, 2, 1]), "time": np.array([0.05, 0.15, 0.25])}
    events = {"on": np.array([0.1]), "label": np.array(["face"])}
    scipy.io.savemat(tmp_path / "a.mat", {"spikes": spikes, "events": events})
    r = read_spike_times(
        tmp_path / "a.mat",
        100,
        events=tmp_path / "a.mat",
        unit="spikes.unit",
        time_s="spikes.time",
        onset_s="events.on",
        label="events.label",
    )
    assert r.data.tolist() == [[10, 0], [0, 10], [10, 0]]
    assert r.events.label.tolist() == ["face"]


def test_events_outside(tmp_path: Path) -> None:
    path, events = write(tmp_path)
    with pytest.raises(RecordingError, match=r"event 1 \('house'\) begins at 0\.8 s.*on_event_outside = 'drop'"):
        read_spike_times(path, 100, events=events, stop_s=0.5)
    r = read_spike_times(path, 100, events=events, stop_s=0.5, on_event_outside="drop")
    assert r.events.label.tolist() == ["face"]
    assert "1 of 2 events lie outside" in r.source
    early = read_spike_times(path, 100, events=events, start_s=-1, stop_s=1)
    np.testing.assert_allclose(early.events.onset_s, [1.2, 1.8])


def test_wrong_inputs(tmp_path: Path) -> None:
    path, _ = write(tmp_path)
    with pytest.raises(UnknownNameError, match=r"unknown column in .* 'neuron'.* unit, time_s"):
        read_spike_times(path, 100, unit="neuron")
    with pytest.raises(InputError, match="bin_ms: expected a width above 0, got -1"):
        read_spike_times(path, -1)
    with pytest.raises(InputError, match=r"stop_s: expected a whole number of bins of 100 ms.*got 9\.5"):
        read_spike_times(path, 100, stop_s=0.95)
    with pytest.raises(InputError, match="values: expected one of rates, counts"):
        read_spike_times(path, 100, values="count")  # type: ignore[arg-type]
    with pytest.raises(RecordingError, match=r"line 3: expected a number in the column 'time_s', got 'soon'"):
        read_spike_times(write(tmp_path, "unit,time_s\n1,2\n1,soon\n")[0], 100)
    with pytest.raises(NonFiniteError, match=r"finite seconds in 'time_s', got nan in row 1; 1 of 2"):
        read_spike_times(write(tmp_path, "unit,time_s\n1,2\n1,nan\n")[0], 100)
    np.savez(tmp_path / "a.npz", unit=np.arange(3), time_s=np.arange(2.0))
    with pytest.raises(RecordingError, match="expected columns of one length"):
        read_spike_times(tmp_path / "a.npz", 100)


def test_names_of_units_do_not_depend_on_other_units(tmp_path: Path) -> None:
    spikes = "unit,time_s\n7,0.1\n12,0.2\n"
    alone = read_spike_times(write(tmp_path, spikes)[0], 100).feature_names
    assert read_spike_times(write(tmp_path, spikes + "7a,0.3\n")[0], 100).feature_names == (*alone, "7a")
    for other in ("007", "unit_7"):
        with pytest.raises(RecordingError, match=r"would both be the feature 'unit_7'; rename one"):
            read_spike_times(write(tmp_path, spikes + f"{other},0.3\n")[0], 100)


def test_times_in_samples_or_milliseconds_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    times_s = np.sort(rng.uniform(0, 60, 300))
    seconds: dict[str, Any] = {
        "t": times_s,
        "u": np.repeat([1, 2, 3], 100),
        "on": np.array([10.5, 20.5]),
        "what": np.array(["a", "b"]),
    }
    names: dict[str, Any] = {"unit": "u", "time_s": "t", "events": tmp_path / "a.npz", "onset_s": "on", "label": "what"}
    here: dict[str, Any] = names | {"events": tmp_path / "seconds.npz"}
    no_events: dict[str, Any] = names | {"events": None}
    np.savez(tmp_path / "seconds.npz", **seconds)
    right = read_spike_times(tmp_path / "seconds.npz", 100, **here)

    samples: dict[str, Any] = seconds | {"t": np.round(times_s * 30_000), "on": seconds["on"] * 30_000}
    np.savez(tmp_path / "a.npz", **samples)
    with pytest.raises(RecordingError, match=r"t: expected seconds, got whole numbers only.*ticks_per_s = 30000.0"):
        read_spike_times(tmp_path / "a.npz", 100, **names)
    with pytest.raises(RecordingError, match=r"the last event begins at 615000 s.*event_ticks_per_s = 30000.0"):
        read_spike_times(tmp_path / "a.npz", 100, **names, ticks_per_s=3e4)
    found = read_spike_times(tmp_path / "a.npz", 100, **names, ticks_per_s=3e4, event_ticks_per_s=3e4)
    assert np.count_nonzero(found.data != right.data) <= 2  # rounded over the edge of a bin
    np.testing.assert_allclose(found.events.onset_s, right.events.onset_s)

    np.savez(tmp_path / "a.npz", t=1000 * times_s, u=seconds["u"])
    with (
        pytest.warns(UserWarning, match="299 of 300 spikes lie outside the recording.*in seconds"),
        pytest.warns(UserWarning, match=r"0.0017 spikes in a second.*milliseconds\? Give ticks_per_s = 1000.0"),
    ):
        read_spike_times(tmp_path / "a.npz", 100, **no_events, stop_s=60.0)
    np.savez(tmp_path / "a.npz", t=30_000 * times_s, u=seconds["u"])
    with (
        pytest.warns(match="spikes in a second"),
        pytest.raises(RecordingError, match="of days at most, got one from 0 to"),
    ):
        read_spike_times(tmp_path / "a.npz", 100, **no_events)
