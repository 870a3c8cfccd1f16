"""NWB files that pynwb wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from pynwb import NWBHDF5IO

from hotwire.decoder.readers import read_nwb
from hotwire.decoder.readers.describe import describe
from hotwire.errors import InputError, NonFiniteError, RecordingError, UnknownNameError

from .made_session import LABELS, ONSETS, made_session, write_session

opened: Any = NWBHDF5IO


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("nwb") / "session.nwb")


def test_units_are_those_of_a_histogram(session: Path) -> None:
    r = read_nwb(session, "units", bin_ms=20, values="counts", stop_s=10.0)
    assert r.feature_names == ("unit_10", "unit_11", "unit_12", "unit_13", "unit_14")
    assert (r.rate_hz, r.unit, r.n_samples) == (50.0, "spikes", 500)
    with opened(session, "r") as io:
        units = io.read().units
        for i in range(5):
            expected = np.histogram(units["spike_times"][i], np.arange(501) / 50)[0]
            np.testing.assert_array_equal(r.data[:, i], expected)
    np.testing.assert_allclose(r.events.onset_s, ONSETS)
    np.testing.assert_allclose(r.events.duration_s, 0.2)
    assert r.events.label.tolist() == LABELS
    assert {name: of.tolist() for name, of in r.regions.items()} == {
        "probeA": [0, 2, 4],
        "probeB": [1, 3],
        "V1": [0, 1, 4],
    }
    assert r.source == f"{session}; events from 'trials', labels from its column 'side'"
    some = read_nwb(session, "units", bin_ms=20, channels=["unit_13", "unit_10"], start_s=4.0, stop_s=10.0)
    np.testing.assert_array_equal(some.data, 50 * r.data[200:, [3, 0]])
    np.testing.assert_allclose(some.events.onset_s, ONSETS - 4)
    assert "spikes lie outside" in some.source


def test_a_series_is_in_volts(session: Path) -> None:
    r = read_nwb(session, "raw")
    assert (r.feature_names, r.unit, r.rate_hz) == (("C0", "C2", "C3"), "V", 1000.0)
    with opened(session, "r") as io:
        expected = io.read().acquisition["raw"].get_data_in_units()
    np.testing.assert_allclose(r.data, expected, rtol=1e-6)
    np.testing.assert_allclose(r.events.onset_s, ONSETS - 4)
    part = read_nwb(session, "raw", channels=["C3"], start_s=5.0, stop_s=7.0, on_event_outside="drop")
    np.testing.assert_array_equal(part.data, r.data[1000:3000, 2:])
    np.testing.assert_allclose(part.events.onset_s, ONSETS[:5] - 5)
    assert {name: of.tolist() for name, of in r.regions.items()} == {"probeA": [0], "probeB": [1, 2], "V1": [0]}
    lick = read_nwb(session, "lick")
    assert (lick.unit, lick.feature_names, lick.n_samples) == ("N", ("channel_1",), 600)


def test_a_pause_begins_a_new_run(session: Path) -> None:
    r = read_nwb(session, "lfp", on_event_outside="drop")
    assert r.run_lengths() == {1: 300, 2: 200}
    assert r.rate_hz == 100
    inside = ONSETS[(ONSETS < 7) | (ONSETS >= 8)]
    np.testing.assert_allclose(r.events.onset_s + np.where(r.events.run == 1, 4.0, 8.0), inside)
    with pytest.raises(RecordingError, match="lie outside their run"):
        read_nwb(session, "lfp")


def test_columns(session: Path) -> None:
    r = read_nwb(session, "raw", label="contrast", onset="go", end="go", on_event_outside="drop")
    np.testing.assert_allclose(r.events.onset_s, ONSETS[1:] + 0.1 - 4)
    assert r.events.duration_s.tolist() == [0.0] * 11
    assert r.events.label.tolist() == (["0", "0.25"] * 6)[1:]
    assert "1 of 12 rows of 'trials' have no time and are left out" in r.source


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({}, RecordingError, "signal: expected the name of one, the file has units, lfp, raw"),
        ({"signal": "none"}, UnknownNameError, "There are: units, lfp, raw, lick"),
        ({"signal": "units"}, InputError, "bin_ms: expected the width .* such as 50.0"),
        ({"signal": "raw", "bin_ms": 50.0}, InputError, "'raw' has its own rate; take bin_ms out"),
        ({"signal": "raw", "events": "none"}, UnknownNameError, "There are: trials"),
        ({"signal": "raw", "label": "none"}, UnknownNameError, "There are: start_time, stop_time, side, contrast, go"),
        (
            {"signal": "raw", "onset": "side"},
            InputError,
            "'side' of 'trials': expected a column of seconds, got 'left'",
        ),
        (
            {"signal": "raw", "onset": "go"},
            RecordingError,
            "1 of 12 rows of 'trials' have no time in 'go' or 'stop_time'",
        ),
        ({"signal": "raw", "onset": "stop_time", "end": "start_time"}, RecordingError, "'start_time' is before"),
        ({"signal": "raw", "channels": ["C9"]}, UnknownNameError, "There are: C0, C2, C3"),
        ({"signal": "raw", "start_s": 50.0}, RecordingError, "expected seconds within 'raw', from 4 to 10"),
        ({"signal": "units", "bin_ms": 30.0, "stop_s": 10.0}, InputError, "expected a whole number of bins of 30 ms"),
    ],
)
def test_what_is_wrong_is_named(session: Path, fields: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read_nwb(session, **fields)


def test_what_the_file_has_wrong(tmp_path: Path, session: Path) -> None:
    path = tmp_path / "a.nwb"

    def changed(name: str, values: Any) -> Path:
        path.write_bytes(session.read_bytes())
        with h5py.File(path, "r+") as file:
            attributes = dict(file[name].attrs)
            del file[name]
            file[name] = values
            file[name].attrs.update(attributes)
        return path

    with pytest.raises(RecordingError, match=r"spike_times: expected seconds, got whole numbers only.*30000.0 for"):
        read_nwb(changed("units/spike_times", np.arange(510.0) * 3000), "units", bin_ms=50)
    raw = 1e-5 * np.ones((6000, 3))
    raw[100:200, 1] = np.nan
    with pytest.raises(NonFiniteError, match="got NaN or infinity in C2"):
        read_nwb(changed("acquisition/raw/data", raw), "raw")
    left = read_nwb(path, "raw", not_finite="drop channels")
    assert left.feature_names == ("C0", "C3")
    assert {name: of.tolist() for name, of in left.regions.items()} == {"probeA": [0], "probeB": [1], "V1": [0]}
    stamps = np.arange(500.0)
    stamps[7] = 3.0
    with pytest.raises(RecordingError, match=r"expected 500 numbers that increase.* 1 do not follow"):
        read_nwb(changed("processing/ecephys/LFP/lfp/timestamps", stamps), "lfp")
    with pytest.raises(RecordingError, match="was not sampled evenly"):
        read_nwb(changed("processing/ecephys/LFP/lfp/timestamps", np.arange(500.0) ** 2), "lfp")
    path.write_bytes(session.read_bytes())
    with h5py.File(path, "r+") as file:
        attributes = dict(file["acquisition/raw/data"].attrs)
        del file["acquisition/raw/data"]
        file.create_dataset("acquisition/raw/data", (10**9, 3), np.int16, chunks=(1000, 3))
        file["acquisition/raw/data"].attrs.update(attributes)
    with pytest.raises(RecordingError, match=r"6 GB, but the file holds 0 bytes of them"):
        read_nwb(path, "raw")
    for content in (b"", b"no HDF5", session.read_bytes()[:20_000]):
        path.write_bytes(content)
        with pytest.raises(RecordingError, match="cannot be read as NWB"):
            read_nwb(path)


def with_blocks(path: Path, blocks: list[Any]) -> Path:
    file = made_session()
    file.add_trial_column(name="block", description="block", data=blocks)
    return write_session(path / "a.nwb", file)


def test_a_column_names_the_runs(tmp_path: Path) -> None:
    path = with_blocks(tmp_path, ["a"] * 5 + ["b"] * 4 + ["c"] * 3)
    whole, cut = read_nwb(path, "raw", label="side"), read_nwb(path, "raw", run="block")
    # Midway between 5 + 4 * 0.4 + 0.2 and 5 + 5 * 0.4 s, of samples from 4 s on; and four trials later.
    assert cut.run_lengths() == {1: 2900, 2: 1600, 3: 1500}
    np.testing.assert_array_equal(cut.data, whole.data)
    np.testing.assert_array_equal(cut.events.run, [1] * 5 + [2] * 4 + [3] * 3)
    starts = np.array([0.0, 2.9, 4.5])[cut.events.run.astype(int) - 1]
    np.testing.assert_allclose(cut.events.onset_s + starts, whole.events.onset_s)
    assert cut.cut_from_last == (2, 3)
    assert "runs from its column 'block'" in cut.source
    units = read_nwb(path, "units", bin_ms=100, run="block")
    assert list(units.run_lengths().values()) == [69, 16, len(units.run) - 85]
    # The pause of this series is a border of its own.
    lfp = read_nwb(path, "lfp", run="block", on_event_outside="drop")
    assert lfp.run_lengths() == {1: 290, 2: 10, 3: 50, 4: 150}
    assert lfp.cut_from_last == (2, 4)
    assert read_nwb(path, "raw", run="block", start_s=7.0, on_event_outside="drop").cut_from_last == (2,)


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        (["a", "b", "a"] * 4, "those of 'a' go on after those of 'b'; name a column"),
        ([*["a"] * 11, ""], "1 of 12 have none in 'block'"),
    ],
)
def test_a_column_that_names_no_runs(tmp_path: Path, blocks: list[Any], words: str) -> None:
    with pytest.raises(RecordingError, match=words):
        read_nwb(with_blocks(tmp_path, blocks), "raw", run="block")


def test_events_where_a_unit_was_not_observed(tmp_path: Path) -> None:
    file = made_session()
    times, probe = np.linspace(0.013, 9, 40), file.electrode_groups["probeA"]
    file.add_unit(spike_times=times, electrodes=[0], electrode_group=probe, obs_intervals=[[0.0, 6.0]], id=99)
    path = write_session(tmp_path / "a.nwb", file)
    with pytest.warns(match="9 of 12 events go beyond the obs_intervals of a unit"):
        read_nwb(path, "units", bin_ms=50)
    read_nwb(path, "units", bin_ms=50, channels=["unit_10"])


def test_it_is_described(session: Path) -> None:
    found = describe(session)
    assert (found["kind"], found["units"]) == ("nwb", ["unit_10", "unit_11", "unit_12", "unit_13", "unit_14"])
    assert found["series"]["raw"] == {
        "shape": [6000, 3],
        "rate_hz": 1000.0,
        "seconds": 6.0,
        "runs": 1,
        "channels": ["C0", "C2", "C3"],
    }
    assert found["series"]["lfp"]["runs"] == 2
    assert found["other_series"] == {"lick": "TimeSeries"}
    assert found["tables"]["trials"]["columns"]["side"] == ["left", "right", "up"]
