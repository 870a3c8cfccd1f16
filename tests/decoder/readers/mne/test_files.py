"""Files that MNE-Python reads, whole and damaged; small real ones, written here."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import mne
import numpy as np
import pytest
import scipy.io

from hotwire.decoder.readers import read_mne
from hotwire.decoder.readers.mne.files import open_raw
from hotwire.errors import MissingExtraError, RecordingError, UnknownNameError

RATE_HZ = 100


def values(n_seconds: int = 30) -> np.ndarray:
    """Two channels in whole microvolts, which every format holds exactly."""
    return np.random.default_rng(0).integers(-100, 100, (n_seconds * RATE_HZ, 2))


def write_fif(path: Path) -> np.ndarray:
    info = mne.create_info(["C3", "C4", "STI"], RATE_HZ, ["eeg", "eeg", "stim"])  # type: ignore[arg-type]
    data = values()
    stim = np.zeros(len(data))
    stim[500:510], stim[900] = 1, 2
    raw = mne.io.RawArray(np.vstack([1e-6 * data.T, stim]), info, verbose="error")
    raw.save(path, buffer_size_sec=1, verbose="error")
    return data


def field(text: object, width: int) -> bytes:
    return str(text).ljust(width).encode()


def write_edf(path: Path, is_bdf: bool = False) -> np.ndarray:
    """One-second records; the BioSemi variant has three bytes a sample."""
    data = values()
    n_seconds, top = len(data) // RATE_HZ, 8388607 if is_bdf else 32767
    head = b"\xffBIOSEMI" if is_bdf else field(0, 8)
    head += field("X X X X", 80) + field("Startdate X X X X", 80) + field("01.01.24", 8) + field("00.00.00", 8)
    head += field(256 * 3, 8) + field("24BIT" if is_bdf else "", 44) + field(n_seconds, 8) + field(1, 8) + field(2, 4)
    for texts, width in (
        (("C3", "C4"), 16),
        (("", ""), 80),
        (("uV", "uV"), 8),
        ((-top - 1,) * 2, 8),
        ((top,) * 2, 8),
        ((-top - 1,) * 2, 8),
        ((top,) * 2, 8),
        (("", ""), 80),
        ((RATE_HZ,) * 2, 8),
        (("", ""), 32),
    ):
        head += b"".join(field(text, width) for text in texts)
    records = data.reshape(n_seconds, RATE_HZ, 2).transpose(0, 2, 1).ravel()
    if is_bdf:
        body = records.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    else:
        body = records.astype("<i2").tobytes()
    path.write_bytes(head + body)
    return data


def write_brainvision(path: Path, more: str = "") -> np.ndarray:
    data = values()
    path.with_suffix(".eeg").write_bytes(data.astype("<i2").tobytes())
    path.write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nCodepage=UTF-8\n"
        f"DataFile={path.stem}.eeg\nMarkerFile={path.stem}.vmrk\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED\n"
        f"NumberOfChannels=2\nSamplingInterval={1_000_000 // RATE_HZ}\n[Binary Infos]\nBinaryFormat=INT_16\n"
        "[Channel Infos]\nCh1=C3,,1,µV\nCh2=C4,,1,µV\n",
        encoding="utf-8",
    )
    path.with_suffix(".vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n[Common Infos]\nCodepage=UTF-8\n"
        f"DataFile={path.stem}.eeg\n[Marker Infos]\nMk1=New Segment,,1,1,0,20240101000000000000\n"
        "Mk2=Stimulus,S  1,501,1,0\nMk3=Stimulus,S  2,901,1,0\n" + more,
        encoding="utf-8",
    )
    return data


def structures(**fields: list) -> np.ndarray:
    """A row of MATLAB structures."""
    rows = [*zip(*fields.values(), strict=True)]
    return np.array(rows, dtype=[(name, object) for name in fields])


def write_eeglab(path: Path, n_trials: int) -> np.ndarray:
    """Epochs of a second, with an event 0.2 s after their beginning each; or one trial of as many seconds."""
    data = values(5).T if n_trials == 1 else values(n_trials).T.reshape(2, n_trials, RATE_HZ).transpose(0, 2, 1)
    kinds = ["left", "right", "left", "right", "left"]
    content = {
        "setname": "a",
        "nbchan": 2,
        "trials": n_trials,
        "srate": RATE_HZ,
        "pnts": data.shape[1],
        "xmin": -0.2 if n_trials > 1 else 0.0,
        "xmax": 0.79 if n_trials > 1 else 4.99,
        "data": data.astype(np.float32),
        "chanlocs": structures(labels=["C3", "C4"], type=["EEG", "EEG"]),
        "event": structures(
            latency=[100.0 * i + 21 for i in range(5)], type=kinds, duration=[0.0] * 5, epoch=[1.0, 2.0, 3.0, 4.0, 5.0]
        ),
        "epoch": structures(event=[1, 2, 3, 4, 5], eventlatency=[0.0] * 5, eventtype=kinds) if n_trials > 1 else [],
        "icawinv": [],
        "icaweights": [],
        "icasphere": [],
        "ref": "common",
    }
    scipy.io.savemat(path, {"EEG": content}, appendmat=False)
    return data


@pytest.mark.parametrize("n_trials", [1, 5])
def test_eeglab_holds_a_recording_or_epochs(tmp_path: Path, n_trials: int) -> None:
    data = write_eeglab(tmp_path / "a.set", n_trials)
    r = read_mne(tmp_path / "a.set")
    expected = data.T if n_trials == 1 else data.transpose(2, 1, 0).reshape(-1, 2)
    np.testing.assert_allclose(r.data * 1e6, expected, rtol=1e-6)
    assert r.events.label.tolist() == ["left", "right", "left", "right", "left"]
    assert r.runs == [*range(1, n_trials + 1)]
    onsets_s = [0.2 + i for i in range(5)] if n_trials == 1 else [0.2] * 5
    np.testing.assert_allclose(r.events.onset_s, onsets_s, atol=1e-9)


@pytest.mark.parametrize("kind", ["edf", "bdf", "vhdr", "fif"])
def test_formats(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a_raw.{kind}"
    if kind == "fif":
        data = write_fif(path)
    elif kind == "vhdr":
        data = write_brainvision(path)
    else:
        data = write_edf(path, kind == "bdf")
    r = read_mne(path)
    np.testing.assert_allclose(r.data * 1e6, data, rtol=1e-6)
    assert (r.feature_names, r.unit, r.rate_hz, r.runs) == (("C3", "C4"), ("V", "V"), RATE_HZ, [1])
    assert str(tmp_path) in r.source
    assert "MNE-Python warned" not in r.source
    at = dict(zip(r.events.label.tolist(), r.events.onset_s.tolist(), strict=True))
    if kind == "vhdr":
        assert at == {"Stimulus/S  1": 5.0, "Stimulus/S  2": 9.0}
    elif kind == "fif":
        assert at == {"1": 5.0, "2": 9.0}
        assert "events from STI" in r.source
    else:
        assert at == {}


def test_a_recording_that_was_paused_falls_into_runs(tmp_path: Path) -> None:
    write_brainvision(tmp_path / "a.vhdr", "Mk4=New Segment,,701,1,0,20240101000107000000\n")
    r = read_mne(tmp_path / "a.vhdr")
    assert r.run_lengths() == {1: 700, 2: 2300}
    assert (r.events.run.tolist(), r.events.onset_s.tolist()) == ([1, 2], [5.0, 2.0])


def test_epochs(tmp_path: Path) -> None:
    info = mne.create_info(["C3", "C4"], RATE_HZ, "eeg")
    events = np.array([[0, 0, 1], [100, 0, 2], [200, 0, 1]])
    data = 1e-5 * np.random.default_rng(0).normal(size=(3, 2, 50))
    epochs = mne.EpochsArray(data, info, events, -0.1, event_id={"left": 1, "right": 2}, verbose="error")
    epochs.save(tmp_path / "a-epo.fif", verbose="error")
    r = read_mne(tmp_path / "a-epo.fif")
    np.testing.assert_allclose(r.data.reshape(3, 50, 2), data.transpose(0, 2, 1), rtol=1e-6)
    assert r.run_lengths() == {1: 50, 2: 50, 3: 50}
    assert r.events.label.tolist() == ["left", "right", "left"]


@pytest.mark.parametrize("kind", ["fif", "edf", "bdf", "vhdr"])
def test_a_file_cut_anywhere_gives_what_is_whole_or_says_why_not(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a_raw.{kind}"
    write = {"fif": write_fif, "vhdr": write_brainvision, "edf": write_edf, "bdf": lambda p: write_edf(p, True)}[kind]
    data = write(path)
    file = path.with_suffix(".eeg") if kind == "vhdr" else path
    content = file.read_bytes()
    n_read = []
    for share in (0.0, 0.01, 0.05, 0.2, 0.4567, 0.8, 0.999):
        file.write_bytes(content[: int(share * len(content))])
        try:
            r = read_mne(path, on_event_outside="drop")
        except RecordingError as error:
            assert str(path) in str(error)  # noqa: PT017
            continue
        np.testing.assert_allclose(r.data * 1e6, data[: r.n_samples], rtol=1e-6)
        n_read.append(r.n_samples)
        assert r.n_samples >= (share - 0.1) * len(data)
        if kind != "vhdr":  # BrainVision's header tells no length; what is missing shows in markers beyond the end
            assert "cut off: the last" in r.source or "MNE-Python warned" in r.source
    assert len(n_read) >= 4


def test_a_damaged_header(tmp_path: Path) -> None:
    for kind, write in (("fif", write_fif), ("edf", write_edf), ("vhdr", write_brainvision)):
        path = tmp_path / f"a_raw.{kind}"
        write(path)
        content = path.read_bytes()
        path.write_bytes(b"?" * 300 + content[300:])
        with pytest.raises(RecordingError, match=rf"a_raw\.{kind}: cannot be read by MNE-Python"):
            read_mne(path)


def test_what_is_no_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordingError, match="there is no such file"):
        read_mne(tmp_path / "a.edf")
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(RecordingError, match=r"a\.txt: cannot be read by MNE-Python: .*"):
        read_mne(tmp_path / "a.txt")
    write_edf(tmp_path / "b.edf")
    with pytest.raises(UnknownNameError, match=r"unknown channel 'Cz'\. There are: C3, C4"):
        read_mne(tmp_path / "b.edf", channels=["Cz"])
    monkeypatch.setitem(sys.modules, "mne", None)
    with pytest.raises(MissingExtraError, match=r"install hotwire\[all\]"):
        read_mne(tmp_path / "b.edf")


@pytest.mark.parametrize("raised", [Exception("a plain one"), KeyError("ch"), ZeroDivisionError(), RecursionError("a")])
def test_whatever_mne_raises_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception) -> None:
    def fails(*_: object, **__: object) -> None:
        raise raised

    (tmp_path / "a.edf").write_bytes(b"0")
    monkeypatch.setattr(mne.io, "read_raw", fails)
    with pytest.raises(RecordingError, match=r"a\.edf: cannot be read by MNE-Python: .*\w"):
        read_mne(tmp_path / "a.edf")


def test_a_type_of_channel_that_does_not_exist(tmp_path: Path) -> None:
    write_fif(tmp_path / "a_raw.fif")
    content = (tmp_path / "a_raw.fif").read_bytes()
    eeg = (2).to_bytes(4, "big")  # the kind is the third number of a channel's description
    at = content.index((1).to_bytes(4, "big") * 2 + eeg)
    (tmp_path / "a_raw.fif").write_bytes(content[: at + 8] + (65280).to_bytes(4, "big") + content[at + 12 :])
    with pytest.raises(RecordingError, match="cannot be read by MNE-Python: Unknown channel type"):
        read_mne(tmp_path / "a_raw.fif")


def test_tags_that_lead_back_do_not_hang(tmp_path: Path) -> None:
    write_fif(tmp_path / "a_raw.fif")
    content = (tmp_path / "a_raw.fif").read_bytes()
    first = 16 + int.from_bytes(content[8:12], "big")  # where the second tag begins
    for place, value in ((first + 12, 8), (first + 8, -1)):
        damaged = content[:place] + value.to_bytes(4, "big", signed=True) + content[place + 4 :]
        for path, opened in ((tmp_path / "b_raw.fif", open), (tmp_path / "b_raw.fif.gz", gzip.open)):
            with opened(path, "wb") as file:
                file.write(damaged)
            for read in (read_mne, open_raw):
                with pytest.raises(RecordingError, match=f"tags one behind the other, but that at byte {first} has"):
                    read(path)
