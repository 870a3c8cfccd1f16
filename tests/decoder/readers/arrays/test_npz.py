from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.readers import read_arrays, read_npz, write_npz
from hotwire.decoder.recordings.events import Events
from hotwire.decoder.recordings.recording import Recording
from hotwire.errors import RecordingError, ShapeError


def full(rng: np.random.Generator) -> Recording:
    return Recording(
        data=rng.normal(size=(6, 3)).astype(np.float32),
        rate_hz=1 / 0.72,
        feature_names=("Fz", "Cz", "größe"),
        run=np.array(["a", "a", "a", "b", "b", "b"]),
        events=Events(np.array(["b"]), np.array([1 / 3]), np.array([0.1]), np.array(["x"]), np.array(["x.png"])),
        unit=("V", "V", "a.u."),
        positions_mm=np.array([[1, 2, 3], [4, 5, 6], [np.nan] * 3]),
        confounds=rng.normal(size=(6, 2)),
        confound_names=("c1", "c2"),
        source="here",
        trimmed_samples=2,
        regions={"left": np.array([0, 2]), "right": np.array([1, 2]), "none": np.array([], int)},
    )


def test_defaults() -> None:
    r = read_arrays(np.zeros((4, 2)), 100.0)
    assert r.feature_names == ("feature_0", "feature_1")
    assert r.runs == [1]
    assert read_arrays(np.zeros((4, 2)), 100.0, run=["a", "a", "b", "b"], unit=["V", "T"]).unit == ("V", "T")
    with pytest.raises(ShapeError, match=r"got shape \(4,\)"):
        read_arrays(np.zeros(4), 100.0)


def test_npz_round_trip_is_exact(tmp_path: Path) -> None:
    for r in (full(np.random.default_rng(0)), read_arrays(np.ones((3, 2)), 2.0, run=[1, 1, 4])):
        write_npz(r, tmp_path / "recording")
        back = read_npz(tmp_path / "recording")
        for name, value in vars(r).items():
            if name == "events":
                for column, entries in vars(value).items():
                    np.testing.assert_array_equal(getattr(back.events, column), entries)
            elif name == "regions":
                assert list(back.regions) == list(value)
                for region, features in value.items():
                    np.testing.assert_array_equal(back.regions[region], features)
            else:
                np.testing.assert_array_equal(getattr(back, name), value)
                assert type(getattr(back, name)) is type(value)
        assert back.data.tobytes() == r.data.tobytes()


def test_a_flipped_byte_is_noticed_or_does_no_harm(tmp_path: Path) -> None:
    recording = full(np.random.default_rng(0))
    path = tmp_path / "r.npz"
    write_npz(recording, path)
    whole = path.read_bytes()
    noticed = 0
    for position in range(0, len(whole), 53):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 255]) + whole[position + 1 :])
        try:
            back = read_npz(path)
        except RecordingError:
            noticed += 1
        else:
            assert back.data.tobytes() == recording.data.tobytes()
    assert noticed > 10


def test_damaged_or_foreign_files(tmp_path: Path) -> None:
    path = tmp_path / "r.npz"
    with pytest.raises(RecordingError, match="no such file"):
        read_npz(path)
    write_npz(full(np.random.default_rng(0)), path)
    whole = path.read_bytes()
    for n in (0, 10, len(whole) // 2, len(whole) - 10):
        path.write_bytes(whole[:n])
        with pytest.raises(RecordingError, match=r"r\.npz"):
            read_npz(path)
    np.savez(path, x=np.ones(3))
    with pytest.raises(RecordingError, match="lacks 'about'"):
        read_npz(path)
    np.savez(path, about=np.array({"format": 1}, dtype=object), allow_pickle=True)
    with pytest.raises(RecordingError, match="holds Python objects"):
        read_npz(path)
    np.savez(path, about=np.array('{"format": 99}'))
    with pytest.raises(RecordingError, match="format 1, got 99"):
        read_npz(path)
