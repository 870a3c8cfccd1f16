"""Continuous recordings out of arrays by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.readers import read_continuous
from hotwire.errors import InputError, RecordingError, ShapeError, UnknownNameError

RATE_HZ = 100.0
ONSETS = np.array([50.0, 100.5, 200.0, 299.0])
LABELS = ["left", "right", "right", "left"]


def samples(n_channels: int = 2) -> np.ndarray:
    return 50 * np.random.default_rng(0).normal(size=(300, n_channels))


def cells(*values: str) -> np.ndarray:
    array = np.empty((1, len(values)), object)
    array[0] = [*values]
    return array


def write(path: Path, **changed: Any) -> Path:
    fields = {
        "x": samples(),
        "fs": RATE_HZ,
        "t": ONSETS,
        "y": np.array([1, 2, 2, 1]),
        "y_text": cells(*LABELS),
        "y_hot": np.array([[1, 0, 0, 1], [0, 1, 1, 0]]),
        "chan": cells("C3", "C4"),
        "class": np.stack([cells("1", "2")[0], cells("left", "right")[0]], axis=1),
    }
    scipy.io.savemat(path, {path.stem: fields | changed})
    return path


def read(path: Path, **fields: Any) -> Any:
    name = path.stem
    told: dict[str, Any] = {
        "data": f"{name}.x",
        "rate_hz": f"{name}.fs",
        "onsets": f"{name}.t",
        "labels": f"{name}.y_text",
        "channel_names": f"{name}.chan",
        "unit": "uV",
    }
    return read_continuous(path, **told | fields)


def test_fields_of_a_structure(tmp_path: Path) -> None:
    r = read(write(tmp_path / "cnt.mat"))
    np.testing.assert_array_equal(r.data, samples().astype(np.float32))
    assert (r.feature_names, r.unit, r.rate_hz, r.runs) == (("C3", "C4"), "uV", RATE_HZ, [1])
    np.testing.assert_allclose(r.events.onset_s, ONSETS / RATE_HZ)
    assert r.events.label.tolist() == LABELS
    assert r.events.duration_s.tolist() == [0, 0, 0, 0]
    assert r.source == str(tmp_path / "cnt.mat")
    assert read(tmp_path / "cnt.mat", channels=["C4"], unit=["mV", "uV"]).unit == ("uV",)


@pytest.mark.parametrize(
    "told",
    [
        {"labels": "cnt.y", "label_names": "cnt.class"},
        {"labels": "cnt.y", "label_names": {"1": "left", "2": "right"}},
        {"labels": "cnt.y_hot", "label_names": "cnt.class"},
        {"labels": "cnt.y_hot", "label_names": ["left", "right"]},
        {"labels": "cnt.y_turned", "label_names": ["left", "right"]},
    ],
)
def test_ways_to_write_labels(tmp_path: Path, told: dict[str, Any]) -> None:
    path = write(tmp_path / "cnt.mat", y_turned=np.array([[1, 0], [0, 1], [0, 1], [1, 0]]))
    assert read(path, **told).events.label.tolist() == LABELS


def test_labels_that_are_not_clear(tmp_path: Path) -> None:
    path = write(tmp_path / "cnt.mat", twice=np.array([[1, 1, 0, 1], [0, 1, 1, 0]]))
    assert read(path, labels="cnt.y").events.label.tolist() == ["1", "2", "2", "1"]
    with pytest.raises(InputError, match=r"label_names: 'cnt\.y_hot' is one-hot, shape \(2, 4\); name its labels"):
        read(path, labels="cnt.y_hot")
    with pytest.raises(InputError, match=r"what each label of 'cnt\.y' means"):
        read(path, labels="cnt.y", label_names=["left", "right"])
    with pytest.raises(RecordingError, match=r"a single 1 for each event, got \[1, 1\] for event 1; 1 of 4"):
        read(path, labels="cnt.twice", label_names=["left", "right"])
    with pytest.raises(RecordingError, match=r"\(3 labels, 4 events\) or turned, got shape \(2, 4\)"):
        read(path, labels="cnt.y_hot", label_names=["left", "right", "up"])
    with pytest.raises(InputError, match=r"a name for each label of 'cnt\.y', got none for '2'"):
        read(path, labels="cnt.y", label_names={"1": "left"})


@given(
    unit=st.sampled_from(["samples", "s", "ms"]),
    first=st.sampled_from([0, 1, 0.1]),
    at=st.lists(st.integers(0, 299), min_size=1, max_size=5),
)
def test_onsets_in_any_counting(
    tmp_path_factory: pytest.TempPathFactory, unit: str, first: float, at: list[int]
) -> None:
    path = tmp_path_factory.mktemp("counted") / "a.npz"
    per_sample = {"samples": 1, "s": 1 / RATE_HZ, "ms": 1000 / RATE_HZ}[unit]
    np.savez(path, x=samples(), t=np.array(at) * per_sample + first, y=np.array(["a"] * len(at)))
    r = read_continuous(path, "x", RATE_HZ, "t", "y", onset_unit=unit, counted_from=first)  # type: ignore[arg-type]
    np.testing.assert_allclose(r.events.onset_s * RATE_HZ, at, atol=1e-9)
    assert r.feature_names == ("channel_1", "channel_2")


def test_turned_arrays_and_vectors(tmp_path: Path) -> None:
    path = write(tmp_path / "cnt.mat", x=samples().T)
    np.testing.assert_array_equal(read(path, rows="channels").data, samples().astype(np.float32))
    with pytest.raises(
        ShapeError,
        match=r'expected 300 names.* got 2 \(C3, C4\); if rows of the data are channels, give rows = "channels"',
    ):
        read(path)
    for x in (samples(1), samples(1).T):
        path = write(tmp_path / "cnt.mat", x=x, chan="Oz")
        r = read(path)
        assert (r.feature_names, r.data.shape) == (("Oz",), (300, 1))
    np.savez(tmp_path / "a.npz", x=samples()[:, 0], t=ONSETS, y=np.array(LABELS))
    assert read_continuous(tmp_path / "a.npz", "x", RATE_HZ, "t", "y").data.shape == (300, 1)


def test_durations(tmp_path: Path) -> None:
    path = write(tmp_path / "cnt.mat", lasted=np.array([1, 2, 3, 0.5]))
    assert read(path, duration_s="cnt.lasted").events.duration_s.tolist() == [1, 2, 3, 0.5]
    assert read(path, duration_s=2).events.duration_s.tolist() == [2, 2, 2, 2]
    with pytest.raises(RecordingError, match=r"'cnt\.fs' to have one entry for each of 4 onsets, got 1"):
        read(path, duration_s="cnt.fs")


def test_several_files_are_several_runs(tmp_path: Path) -> None:
    paths = [write(tmp_path / "cnt_off.mat"), write(tmp_path / "cnt_on.mat", x=2 * samples())]
    told: dict[str, Any] = {
        name: f"cnt_*.{field}"
        for name, field in (
            ("data", "x"),
            ("rate_hz", "fs"),
            ("onsets", "t"),
            ("labels", "y_text"),
            ("channel_names", "chan"),
        )
    }
    r = read_continuous(paths, **told)
    assert r.run_lengths() == {1: 300, 2: 300}
    np.testing.assert_array_equal(r.data[300:], 2 * samples().astype(np.float32))
    assert r.events.label.tolist() == LABELS * 2
    assert read_continuous(paths, **told, run=["off", "on"]).runs == ["off", "on"]
    with pytest.raises(InputError, match="run: expected a name of its own for each of the 2 files, got \\['off'\\]"):
        read_continuous(paths, **told, run=["off"])
    write(paths[1], fs=200.0)
    with pytest.raises(RecordingError, match=r"cnt_on\.mat: expected C3, C4 at 100 Hz.*got C3, C4 at 200 Hz"):
        read_continuous(paths, **told)


def test_events_before_the_data_and_after_its_end(tmp_path: Path) -> None:
    for wrong, at in ((-1.0, "-0.01"), (300.0, "3")):
        path = write(tmp_path / "cnt.mat", t=np.array([50.0, 100.0, 200.0, wrong]))
        with pytest.raises(
            RecordingError, match=rf"cnt\.mat: event 3 \('left'\) begins at {at} s.*counted_from say how"
        ):
            read(path)
        r = read(path, on_event_outside="drop")
        assert r.events.label.tolist() == LABELS[:3]
        assert "1 of 4 events lie outside the runs and are left out" in r.source
    with pytest.raises(InputError, match="on_event_outside: expected one of error, drop"):
        read(path, on_event_outside="keep")


def test_wrong_names_and_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "cnt.mat")
    with pytest.raises(UnknownNameError, match=r"unknown field of 'cnt' in .* 'time'.*There are: x, fs, t"):
        read(path, onsets="cnt.time")
    with pytest.raises(UnknownNameError, match=r"unknown array in .* 'cut'; did you mean 'cnt'"):
        read(path, onsets="cut.t")
    with pytest.raises(UnknownNameError, match=r"unknown channel 'Cz'\. There are: C3, C4"):
        read(path, channels=["Cz"])
    with pytest.raises(RecordingError, match=r"expected 'cnt\.t' to be a number"):
        read(path, rate_hz="cnt.t")
    with pytest.raises(InputError, match="rate_hz: expected a positive number of samples per second, got -1"):
        read(path, rate_hz=-1)
    with pytest.raises(RecordingError, match=r"expected 'cnt\.y_hot' to be numbers in a row"):
        read(path, onsets="cnt.y_hot")
    with pytest.raises(RecordingError, match=r"expected 'cnt\.chan' to be numbers with two axes"):
        read(path, data="cnt.chan")
    with pytest.raises(InputError, match="rows: expected one of samples, channels, got 'time'"):
        read(path, rows="time")


def test_a_channel_of_nan_only_matters_where_it_is_kept(tmp_path: Path) -> None:
    x = samples()
    x[:, 1] = np.nan
    path = write(tmp_path / "cnt.mat", x=x)
    with pytest.raises(ValueError, match="got nan in 'C4'"):
        read(path)
    assert read(path, channels=["C3"]).n_features == 1


def test_values_that_cannot_be_volts_are_warned_of(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"said to be in 'V', but half of them are beyond .* are they in microvolts"):
        read(write(tmp_path / "cnt.mat"), unit="V")


OPENBMI = {
    "mi": (137_584, ("C3", "Cz", "C4"), {"left": 50, "right": 50}),
    "p300_off": (90_236, ("Cz", "Oz"), {"nontarget": 1650, "target": 330}),
    "p300_on": (96_200, ("Cz", "Oz"), {"nontarget": 1800, "target": 360}),
    "ssvep": (128_288, ("Oz",), {"down": 25, "left": 25, "right": 25, "up": 25}),
}


@pytest.mark.slow
@pytest.mark.parametrize("which", OPENBMI)
def test_real_eeg(openbmi: Path, which: str) -> None:
    n_samples, channels, counts = OPENBMI[which]
    name = f"cnt_{which}"
    told: dict[str, Any] = {
        "channel_names": f"{name}.chan",
        "counted_from": 0.1,
        "unit": "uV",
        "label_names": f"{name}.class",
    }
    read = [
        read_continuous(openbmi / f"{name}.mat", f"{name}.x", f"{name}.fs", f"{name}.t", f"{name}.{labels}", **given)
        for labels, given in (
            ("y_class", {name: value for name, value in told.items() if name != "label_names"}),
            ("y_dec", told),
            ("y_logic", told),
        )
    ]
    for r in read:
        assert (r.n_samples, r.feature_names, r.rate_hz) == (n_samples, channels, 100.0)
        assert dict(zip(*np.unique(r.events.label, return_counts=True), strict=True)) == counts
        assert r.events.label.tolist() == read[0].events.label.tolist()


@pytest.mark.slow
def test_the_onsets_of_real_eeg_are_positions_counted_from_1_at_1000_hz_divided_by_10(openbmi: Path) -> None:
    """Tenths of samples, and flashes thirteen frames of a 60 Hz screen apart; milliseconds would end after 83 s."""
    name = "cnt_p300_on"
    r = read_continuous(
        openbmi / f"{name}.mat", f"{name}.x", f"{name}.fs", f"{name}.t", f"{name}.y_class", counted_from=0.1
    )
    at_1000_hz = r.events.onset_s * 1000 + 1
    np.testing.assert_allclose(at_1000_hz, np.round(at_1000_hz), atol=1e-6)
    assert np.median(np.diff(r.events.onset_s)) == pytest.approx(13 / 60, abs=1e-3)
    assert r.events.onset_s[-1] > 800
