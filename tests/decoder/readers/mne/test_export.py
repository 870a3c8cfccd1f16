"""A recording to MNE and back."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from hotwire.decoder import Events, Recording
from hotwire.decoder.readers import from_mne, to_mne
from hotwire.errors import ShapeError, UnknownNameError


def make(unit: str | tuple[str, ...] = "V") -> Recording:
    return Recording(
        data=(1e-5 * np.random.default_rng(0).normal(size=(500, 3))).astype(np.float32),
        rate_hz=50.0,
        feature_names=("C3", "Cz", "C4"),
        run=np.repeat(["first", "second"], [200, 300]),
        events=Events(
            np.array(["first", "second", "second"]),
            np.array([1.0, 0.0, 2.5]),
            np.array([0.5, 1, 0]),
            np.array([*"aba"]),
        ),
        unit=unit,
        positions_mm=np.array([[10.0, 20, 30], [np.nan] * 3, [-10, 20, 30]]),
    )


def test_there_and_back() -> None:
    r = make()
    raw = to_mne(r)
    assert raw.get_channel_types() == ["eeg"] * 3
    assert (raw.info["sfreq"], raw.ch_names) == (50.0, ["C3", "Cz", "C4"])
    back = from_mne(raw)
    np.testing.assert_array_equal(back.data, r.data)
    assert back.run_lengths() == {1: 200, 2: 300}
    assert back.events.run.tolist() == [1, 2, 2]
    assert back.events.label.tolist() == ["a", "b", "a"]
    np.testing.assert_allclose(back.events.onset_s, r.events.onset_s, atol=1e-9)
    np.testing.assert_allclose(back.events.duration_s, r.events.duration_s, atol=1e-9)
    np.testing.assert_allclose(back.positions_mm, r.positions_mm)  # type: ignore[arg-type]
    assert back.unit == ("V",) * 3


def test_units_become_si() -> None:
    r = make()
    micro = Recording(r.data * 1e6, r.rate_hz, r.feature_names, r.run, r.events, unit=("uV", "fT", "a.u."))
    raw = to_mne(micro)
    assert raw.get_channel_types() == ["eeg", "mag", "misc"]
    np.testing.assert_allclose(raw.get_data().T, micro.data * [1e-6, 1e-15, 1])  # type: ignore[union-attr]
    assert from_mne(raw, channels=["C3", "Cz", "C4"]).unit == ("V", "T", "a.u.")


def test_channel_types() -> None:
    assert to_mne(make(), "ecog").get_channel_types() == ["ecog"] * 3
    assert to_mne(make(), ["eeg", "eog", "emg"]).get_channel_types() == ["eeg", "eog", "emg"]
    with pytest.raises(UnknownNameError, match="unknown MNE channel type 'egg'; did you mean 'eog'"):
        to_mne(make(), "egg")
    with pytest.raises(ShapeError, match="one for each of 3 channels, got 2"):
        to_mne(make(), ["eeg", "eeg"])


def test_an_event_ends_with_its_run() -> None:
    r = make()
    long = Events(r.events.run, r.events.onset_s, np.full(3, 100.0), r.events.label)
    raw = to_mne(Recording(r.data, r.rate_hz, r.feature_names, r.run, long, unit="V"))
    events = from_mne(raw).events
    np.testing.assert_allclose(events.onset_s + events.duration_s, [4, 6, 6])


def test_mne_takes_the_runs_for_what_they_are() -> None:
    """Its own steps do not go across the joint: epochs over it are left out."""
    raw = to_mne(make())
    events, event_id = mne.events_from_annotations(raw, regexp="^[ab]$", verbose="error")
    epochs = mne.Epochs(raw, events, event_id, -0.5, 0.5, baseline=None, preload=True, verbose="error")
    assert len(epochs) == 2
