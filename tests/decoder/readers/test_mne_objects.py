from __future__ import annotations

from datetime import UTC, datetime

import mne
import numpy as np
import pytest

from hotwire.decoder.readers import from_mne
from hotwire.errors import InputError, RecordingError, UnknownNameError

RATE_HZ = 50.0


def make_raw(n_seconds: float = 10, first_samp: int = 0, seed: int = 0) -> mne.io.RawArray:
    info = mne.create_info(["Fz", "Cz", "M1", "STI"], RATE_HZ, ["eeg", "eeg", "mag", "stim"])  # type: ignore[arg-type]
    data = np.random.default_rng(seed).normal(size=(4, int(n_seconds * RATE_HZ))) * 1e-5
    return mne.io.RawArray(data, info, first_samp=first_samp, verbose="error")


def annotate(raw: mne.io.RawArray, dated: bool) -> None:
    """Annotate seconds 1.0 and 4.5 of the samples held."""
    before = 0.0
    orig_time = None
    if dated:
        orig_time = datetime(2024, 1, 1, tzinfo=UTC)
        raw.set_meas_date(orig_time)
        before = raw.first_time
    onsets = np.array([1.0, 4.5]) + before
    raw.set_annotations(mne.Annotations(onsets, [2.0, 0.0], ["face", "BAD move"], orig_time=orig_time))


def test_channels_units_and_samples() -> None:
    raw = make_raw()
    r = from_mne(raw)
    assert r.feature_names == ("Fz", "Cz", "M1")
    assert r.unit == ("V", "V", "T")
    assert r.rate_hz == RATE_HZ
    np.testing.assert_array_equal(r.data, raw.get_data()[:3].T.astype(np.float32))  # type: ignore[union-attr]
    assert r.runs == [1]
    assert r.positions_mm is None
    assert from_mne(raw, channels=["Cz"]).feature_names == ("Cz",)
    with pytest.raises(UnknownNameError, match=r"'Pz'.*Fz, Cz"):
        from_mne(raw, channels=["Pz"])
    with pytest.raises(RecordingError, match="none is left to read"):
        from_mne(raw.copy().pick(["STI"]))
    with pytest.raises(InputError, match="Raw or Epochs, got ndarray"):
        from_mne(np.zeros((3, 3)))  # type: ignore[arg-type]


@pytest.mark.parametrize("first_samp", [0, 175])
@pytest.mark.parametrize("dated", [False, True])
def test_annotations_count_from_the_first_sample(first_samp: int, dated: bool) -> None:
    raw = make_raw(first_samp=first_samp)
    annotate(raw, dated)
    r = from_mne(raw)
    np.testing.assert_allclose(r.events.onset_s, [1.0, 4.5], atol=1e-9)
    assert r.events.duration_s.tolist() == [2.0, 0.0]
    assert r.events.label.tolist() == ["face", "BAD move"]
    samples, _ = mne.events_from_annotations(raw, regexp="face", verbose="error")
    assert round(r.events.onset_s[0] * RATE_HZ) == samples[0, 0] - first_samp


@pytest.mark.parametrize("dated", [False, True])
def test_joined_recordings_fall_into_runs(dated: bool) -> None:
    raws = [make_raw(n, first_samp=75 * i, seed=i) for i, n in enumerate((10, 7, 8), start=1)]
    for raw in raws:
        annotate(raw, dated)
    expected = [raw.get_data(picks="data").astype(np.float32) for raw in raws]  # type: ignore[union-attr]
    joined = mne.concatenate_raws(raws, verbose="error")
    assert isinstance(joined, mne.io.BaseRaw)
    r = from_mne(joined)
    assert r.run_lengths() == {1: 500, 2: 350, 3: 400}
    for run, data in zip(r.runs, expected, strict=True):
        np.testing.assert_array_equal(r.data[r.samples_of(run)], data.T)
    assert r.events.label.tolist() == ["face", "BAD move"] * 3
    assert r.events.run.tolist() == [1, 1, 2, 2, 3, 3]
    np.testing.assert_allclose(r.events.onset_s, [1.0, 4.5] * 3, atol=1e-6)


def test_bad_channels() -> None:
    raw = make_raw()
    raw.info["bads"] = ["Cz"]
    with pytest.raises(RecordingError, match="marked as bad: Cz"):
        from_mne(raw)
    assert from_mne(raw, bads="drop").feature_names == ("Fz", "M1")
    assert from_mne(raw, bads="keep").feature_names == ("Fz", "Cz", "M1")
    assert from_mne(raw, channels=["Fz"]).feature_names == ("Fz",)
    with pytest.raises(InputError, match="'error', 'drop' or 'keep'"):
        from_mne(raw, bads="ignore")  # type: ignore[arg-type]


def test_positions() -> None:
    raw = make_raw().pick(["Fz", "Cz"])
    montage = mne.channels.make_dig_montage({"Fz": [0.0, 0.08, 0.05], "Cz": [0.0, 0.0, 0.1]}, coord_frame="head")
    raw.set_montage(montage)
    r = from_mne(raw)
    assert r.positions_mm is not None
    np.testing.assert_allclose(r.positions_mm, [[0, 80, 50], [0, 0, 100]], atol=1e-9)


def make_epochs(tmin: float = -0.2) -> mne.EpochsArray:
    raw = make_raw()
    data = np.random.default_rng(1).normal(size=(3, 4, 25))
    events = np.array([[10, 0, 1], [100, 0, 2], [200, 0, 1]])
    return mne.EpochsArray(data, raw.info, events, tmin, event_id={"face": 1, "house": 2}, verbose="error")


def test_each_epoch_is_a_run() -> None:
    epochs = make_epochs()
    r = from_mne(epochs)
    assert r.run_lengths() == {1: 25, 2: 25, 3: 25}
    np.testing.assert_array_equal(r.data[25:50], epochs.get_data()[1, :3].T.astype(np.float32))
    assert r.events.label.tolist() == ["face", "house", "face"]
    np.testing.assert_allclose(r.events.onset_s, 0.2)
    np.testing.assert_allclose(r.events.onset_s + r.events.duration_s, 0.5)


def test_epochs_without_time_zero() -> None:
    with pytest.raises(RecordingError, match=r"hold time zero, got 0\.1 to"):
        from_mne(make_epochs(tmin=0.1))
