from __future__ import annotations

from datetime import UTC, datetime

import mne
import numpy as np
import pytest

from hotwire.decoder.readers import from_mne
from hotwire.errors import InputError, NonFiniteError, RecordingError, UnknownNameError

RATE_HZ = 50.0


def make_raw(n_seconds: float = 10, first_samp: int = 0, seed: int = 0) -> mne.io.RawArray:
    info = mne.create_info(["Fz", "Cz", "M1", "STI"], RATE_HZ, ["eeg", "eeg", "mag", "stim"])  # type: ignore[arg-type]
    data = np.random.default_rng(seed).normal(size=(4, int(n_seconds * RATE_HZ))) * 1e-5
    return mne.io.RawArray(data, info, first_samp=first_samp, verbose="error")


def held(raw: mne.io.BaseRaw) -> np.ndarray:
    """The samples that it holds in memory."""
    assert raw._data is not None
    return raw._data


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
    r = from_mne(raw, bad_spans="keep")
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
    r = from_mne(joined, bad_spans="keep")
    assert r.run_lengths() == {1: 500, 2: 350, 3: 400}
    for run, data in zip(r.runs, expected, strict=True):
        np.testing.assert_array_equal(r.data[r.samples_of(run)], data.T)
    assert r.events.label.tolist() == ["face", "BAD move"] * 3
    assert r.events.run.tolist() == [1, 1, 2, 2, 3, 3]
    np.testing.assert_allclose(r.events.onset_s, [1.0, 4.5] * 3, atol=1e-6)


def test_channels_that_are_named_as_types() -> None:
    values = 1e-5 * np.random.default_rng(0).normal(size=(4, 50))
    names = ["eeg", "data", "EEG ", "stim"]
    source = mne.io.RawArray(values, mne.create_info(names, 100.0, "eeg"), verbose="error")
    r = from_mne(source, channels=["data", "eeg"])
    np.testing.assert_array_equal(r.data, values[[1, 0]].T.astype(np.float32))
    assert from_mne(source).feature_names == tuple(names)


def test_bad_channels() -> None:
    raw = make_raw()
    raw.info["bads"] = ["Cz"]
    with pytest.raises(RecordingError, match="marked as bad: Cz"):
        from_mne(raw)
    assert from_mne(raw, bads="drop").feature_names == ("Fz", "M1")
    assert from_mne(raw, bads="keep").feature_names == ("Fz", "Cz", "M1")
    assert from_mne(raw, channels=["Fz"]).feature_names == ("Fz",)
    with pytest.raises(InputError, match="expected one of error, drop, keep"):
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
    data = 1e-5 * np.random.default_rng(1).normal(size=(3, 4, 25))
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


def make_stim_raw() -> mne.io.RawArray:
    raw = make_raw()
    stim = np.zeros(raw.n_times)
    stim[100:110], stim[200], stim[300:305] = 1, 2, 1
    held(raw)[3] = stim
    return raw


def test_events_of_a_stim_channel() -> None:
    raw = make_stim_raw()
    r = from_mne(raw)
    assert r.events.label.tolist() == ["1", "2", "1"]
    np.testing.assert_allclose(r.events.onset_s, [2, 4, 6])
    assert r.source.endswith("events from STI")
    named = from_mne(raw, event_id={"left": 1})
    assert named.events.label.tolist() == ["left", "left"]
    with pytest.raises(UnknownNameError, match=r"unknown number of 'rest' in STI 3.*There are: 1, 2"):
        from_mne(raw, event_id={"rest": 3})
    with pytest.raises(UnknownNameError, match=r"unknown stim_channel 'STI 014'; did you mean 'STI'"):
        from_mne(raw, stim_channel="STI 014")
    np.testing.assert_allclose(from_mne(make_late(raw)).events.onset_s, [2, 4, 6])


def make_late(raw: mne.io.RawArray) -> mne.io.RawArray:
    return mne.io.RawArray(held(raw), raw.info, first_samp=75, verbose="error")


def test_annotations_come_before_a_stim_channel_that_is_not_named() -> None:
    raw = make_stim_raw()
    annotate(raw, dated=False)
    assert from_mne(raw, bad_spans="keep").events.label.tolist() == ["face", "BAD move"]
    r = from_mne(raw, stim_channel="STI", event_id={"left": 1, "right": 2}, bad_spans="keep")
    assert r.events.label.tolist() == ["left", "right", "BAD move", "left"]
    with pytest.raises(InputError, match=r"event_id: .*the events are annotations.*The annotations are face"):
        from_mne(raw, event_id={"left": 1})
    with pytest.raises(InputError, match=r"event_id: .*but there is none"):
        from_mne(make_raw().pick(["Fz", "Cz"]), event_id={"left": 1})
    with pytest.raises(InputError, match="Epochs bring their events along"):
        from_mne(make_epochs(), stim_channel="STI")


def make_spoilt_raw() -> mne.io.RawArray:
    raw = make_raw()
    told = [(1.0, 0.5, "a"), (2.0, 0.0, "b"), (3.0, 1.0, "c"), (1.9, 0.2, "bad_blink"), (3.5, 1.5, "BAD")]
    onsets, durations, labels = zip(*told, strict=True)
    return raw.set_annotations(mne.Annotations(onsets, durations, labels))


def test_bad_spans() -> None:
    raw = make_spoilt_raw()
    assert from_mne(raw, bad_spans="keep").events.label.tolist() == ["a", "bad_blink", "b", "c", "BAD"]
    r = from_mne(raw)
    assert (r.events.label.tolist(), r.n_samples) == (["a"], raw.n_times)
    assert "2 events that overlap with 2 bad spans left out" in r.source
    cut = from_mne(raw, bad_spans="cut")
    assert cut.run_lengths() == {1: 95, 2: 70, 3: 250}
    np.testing.assert_array_equal(cut.data[95:165], r.data[105:175])
    assert "85 samples marked as bad left out (1.7 s in 2 stretches" in cut.source
    with pytest.raises(InputError, match="bad_spans: expected one of keep, drop events, cut"):
        from_mne(raw, bad_spans="drop")  # type: ignore[arg-type]


def test_events_behind_a_span_that_is_cut_out_keep_their_samples() -> None:
    raw = make_raw().set_annotations(mne.Annotations([2.0, 1.0, 5.0, 9.0], [1.0, 0, 0, 0], ["BAD", "a", "b", "c"]))
    whole, cut = from_mne(raw, bad_spans="keep"), from_mne(raw, bad_spans="cut")
    assert cut.events.label.tolist() == ["a", "b", "c"]
    for run, onset_s, at_s in zip(cut.events.run.tolist(), cut.events.onset_s.tolist(), (1.0, 5.0, 9.0), strict=True):
        row = cut.samples_of(run).start + round(onset_s * RATE_HZ)
        np.testing.assert_array_equal(cut.data[row], whole.data[round(at_s * RATE_HZ)])


def test_what_is_not_finite() -> None:
    raw = make_raw().set_annotations(mne.Annotations([1.0, 4.05, 6.0], 0.0, ["a", "b", "c"]))
    held(raw)[1, 200:210] = np.nan
    with pytest.raises(NonFiniteError, match=r"in Cz \(0\.02 of its samples\); first in run 1, 4 s after its start"):
        from_mne(raw)
    assert from_mne(raw, channels=["Fz"]).n_features == 1
    assert from_mne(raw, not_finite="drop channels").feature_names == ("Fz", "M1")
    r = from_mne(raw, not_finite="cut")
    assert r.run_lengths() == {1: 200, 2: 290}
    assert r.events.label.tolist() == ["a", "c"]
    np.testing.assert_allclose(r.events.onset_s, [1.0, 1.8])
    assert "10 samples that are not finite left out" in r.source
    held(raw)[0] = np.nan
    with pytest.raises(NonFiniteError, match=r"Fz never hold a number: choose not_finite = 'drop channels'"):
        from_mne(raw, not_finite="cut")
    held(raw)[2] = np.inf
    with pytest.raises(NonFiniteError, match="every channel has samples that are NaN"):
        from_mne(raw, not_finite="drop channels")
    with pytest.raises(InputError, match="not_finite: expected"):
        from_mne(raw, not_finite="zero")  # type: ignore[arg-type]


def test_events_before_the_data_and_after_its_end() -> None:
    raw = make_raw()
    annotations = mne.Annotations([1.0, 12.0], 0.0, ["a", "b"])
    raw.set_annotations(annotations, emit_warning=False)
    assert from_mne(raw).events.label.tolist() == ["a"]  # MNE itself leaves it out
    late = make_raw().crop(2.0)
    late._annotations = mne.Annotations([0.5, 5.0], 0.0, ["a", "b"])
    with pytest.raises(RecordingError, match=r"event 0 \('a'\) begins at -1\.5 s.*on_event_outside = 'drop'"):
        from_mne(late)
    r = from_mne(late, on_event_outside="drop")
    assert r.events.label.tolist() == ["b"]
    assert "1 of 2 events lie outside" in r.source


def test_volts_that_are_microvolts_are_warned_of() -> None:
    raw = make_raw()
    held(raw)[:] *= 1e6
    with pytest.warns(UserWarning, match=r"RawArray.* said to be in 'V'.* are they in microvolts"):
        from_mne(raw, channels=["Fz"])
