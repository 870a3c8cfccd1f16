"""What Neo reads: its own MATLAB files, and NeuroScope's, written here from its description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import neo
import neo.io
import numpy as np
import pytest
import quantities as pq

from hotwire.decoder.readers import read_neo
from hotwire.decoder.readers.describe import describe
from hotwire.errors import InputError, RecordingError, UnknownNameError

RNG = np.random.default_rng(0)
SIGNALS = RNG.normal(scale=20, size=(2, 500, 3))
SPIKES_S = np.sort(RNG.uniform(0, 4.9, (2, 3, 50)), axis=2)
STARTS_S = (2.0, 12.0)
FORMAT = "NeoMatlabIO"
NEUROSCOPE = """<parameters><acquisitionSystem><nBits>16</nBits><nChannels>4</nChannels>
<samplingRate>1000</samplingRate><voltageRange>20</voltageRange><amplification>1000</amplification><offset>0</offset>
</acquisitionSystem><anatomicalDescription><channelGroups><group><channel>0</channel><channel>1</channel></group>
<group><channel>2</channel><channel>3</channel></group></channelGroups></anatomicalDescription></parameters>"""


def block(rates_hz: tuple[float, float] = (100.0, 100.0)) -> neo.Block:
    """Two segments: a signal, three units, an event and an epoch; their clocks begin at 2 and at 12 s."""
    made = neo.Block()
    for i, start in enumerate(STARTS_S):
        segment = neo.Segment()
        made.segments.append(segment)
        clock: dict[str, Any] = {"t_start": start * pq.s}
        segment.analogsignals.append(
            neo.AnalogSignal(SIGNALS[i], units="uV", sampling_rate=rates_hz[i] * pq.Hz, name="lfp", **clock)
        )
        for unit, times in zip(("7", "ab", "3"), SPIKES_S[i], strict=True):
            end = (start + 5) * pq.s
            segment.spiketrains.append(neo.SpikeTrain(start + times, units="s", t_stop=end, name=unit, **clock))
        onsets = start + np.array([0.5, 1.5, 2.5])
        segment.events.append(neo.Event(onsets, labels=np.array(["a", "b", "a"]), units="s", name="stim"))
        lasting = neo.Epoch(
            1000 * onsets[:2], durations=np.array([500, 250]), labels=np.array(["x", "y"]), units="ms", name="trials"
        )
        segment.epochs.append(lasting)
    return made


@pytest.fixture(scope="module")
def matlab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("neo") / "a.mat"
    neo.io.NeoMatlabIO(str(path)).write_block(block())
    return path


def test_a_signal(matlab: Path) -> None:
    r = read_neo(matlab, "lfp", format=FORMAT, events="stim")
    np.testing.assert_allclose(r.data, np.concatenate(SIGNALS), rtol=1e-6)
    assert (r.unit, r.rate_hz, r.run_lengths()) == ("uV", 100.0, {1: 500, 2: 500})
    np.testing.assert_allclose(r.events.onset_s, [0.5, 1.5, 2.5] * 2)
    assert r.events.label.tolist() == ["a", "b", "a"] * 2
    assert r.events.run.tolist() == [1, 1, 1, 2, 2, 2]
    some = read_neo(matlab, "lfp", format=FORMAT, events="stim", channels=["channel_3", "channel_1"])
    np.testing.assert_array_equal(some.data, r.data[:, [2, 0]])


def test_spikes_are_those_of_a_histogram(matlab: Path) -> None:
    r = read_neo(matlab, "spikes", format=FORMAT, bin_ms=100, events="trials", values="counts")
    assert (r.feature_names, r.run_lengths(), r.unit) == (("unit_7", "ab", "unit_3"), {1: 50, 2: 50}, "spikes")
    for i in range(2):
        for j in range(3):
            expected = np.histogram(SPIKES_S[i, j], np.arange(51) / 10)[0]
            np.testing.assert_array_equal(r.data[50 * i : 50 * (i + 1), j], expected)
    np.testing.assert_allclose(r.events.onset_s, [0.5, 1.5] * 2)
    np.testing.assert_allclose(r.events.duration_s, [0.5, 0.25] * 2)
    np.testing.assert_array_equal(
        read_neo(matlab, "spikes", format=FORMAT, bin_ms=100, events="stim").data, 10 * r.data
    )


def test_neuroscope(tmp_path: Path) -> None:
    values = RNG.integers(-1000, 1000, (2000, 4)).astype("<i2")
    values.tofile(tmp_path / "a.lfp")
    (tmp_path / "a.xml").write_text(NEUROSCOPE)
    r = read_neo(tmp_path / "a.lfp", format="NeuroScopeIO")
    np.testing.assert_allclose(r.data, values * (20.0 / 2**16), rtol=1e-6)  # 20 V over 1000, in mV
    assert (r.unit, r.rate_hz, len(r.events)) == ("mV", 1000.0, 0)
    assert r.feature_names == ("ch0grp0", "ch1grp0", "ch2grp1", "ch3grp1")
    found = describe(tmp_path / "a.lfp")
    assert (found["kind"], found["segments"], found["units"]) == ("neo", 1, [])
    assert list(found["signals"].values()) == [{"shape": [2000, 4], "rate_hz": 1000.0, "unit": "mV"}]


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"format": None}, RecordingError, "format: expected .* 2 of them fit its ending; give format = 'NeoMatlabIO'"),
        ({"format": "PickleIO"}, UnknownNameError, "unknown format 'PickleIO'"),
        ({"format": "ElphyIO"}, UnknownNameError, "unknown format 'ElphyIO'"),
        ({}, RecordingError, "signal: expected the name of one, there are lfp, spikes"),
        ({"signal": "eeg"}, UnknownNameError, "There are: lfp, spikes"),
        ({"signal": "lfp"}, RecordingError, "events: expected the name of one, there are stim, trials"),
        ({"signal": "spikes"}, InputError, "such as 50.0"),
        ({"signal": "lfp", "bin_ms": 50.0}, InputError, "'lfp' has its own rate"),
        ({"signal": "lfp", "events": "stim", "channels": ["C3"]}, UnknownNameError, "There are: channel_1, channel_2"),
    ],
)
def test_what_is_wrong_is_named(matlab: Path, fields: dict[str, Any], error: type[Exception], words: str) -> None:
    arguments: dict[str, Any] = {"format": FORMAT} | fields
    with pytest.raises(error, match=words):
        read_neo(matlab, **arguments)


def test_segments_and_files_that_do_not_fit(tmp_path: Path) -> None:
    neo.io.NeoMatlabIO(str(tmp_path / "a.mat")).write_block(block((100.0, 50.0)))
    with pytest.raises(RecordingError, match=r"at 100 Hz in uV as in segment 1, got .* at 50 Hz in uV in segment 2"):
        read_neo(tmp_path / "a.mat", "lfp", format=FORMAT, events="stim")
    (tmp_path / "a.plx").write_bytes(b"no Plexon")
    with pytest.raises(RecordingError, match="cannot be read by Neo"):
        read_neo(tmp_path / "a.plx")
    with pytest.raises(RecordingError, match="there is no such file or folder"):
        read_neo(tmp_path / "none.plx")
