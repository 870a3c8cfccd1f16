from __future__ import annotations

import re
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hotwire.decoder.readers import read_xdf
from hotwire.decoder.study.study import open_study
from hotwire.errors import InputError, MissingExtraError, NonFiniteError, RecordingError, UnknownNameError


def chunk(tag: int, content: bytes) -> bytes:
    return struct.pack("<BIH", 4, 2 + len(content), tag) + content


def header(number: int, name: str, kind: str, rate_hz: float, form: str, n_channels: int, desc: str = "") -> bytes:
    xml = (
        f"<info><name>{name}</name><type>{kind}</type><channel_count>{n_channels}</channel_count>"
        f"<nominal_srate>{rate_hz}</nominal_srate><channel_format>{form}</channel_format>"
        f"<source_id>id-{number}</source_id><desc>{desc}</desc></info>"
    )
    return chunk(2, struct.pack("<I", number) + xml.encode())


def samples(number: int, stamps: np.ndarray, values: np.ndarray) -> bytes:
    rows = b"".join(
        struct.pack("<Bd", 8, stamp) + np.asarray(row, "<f4").tobytes()
        for stamp, row in zip(stamps, values, strict=True)
    )
    return chunk(3, struct.pack("<IBI", number, 4, len(stamps)) + rows)


def texts(number: int, stamps: list[float], labels: list[str]) -> bytes:
    rows = b"".join(
        struct.pack("<BdBI", 8, stamp, 4, len(label.encode())) + label.encode()
        for stamp, label in zip(stamps, labels, strict=True)
    )
    return chunk(3, struct.pack("<IBI", number, 4, len(stamps)) + rows)


def footer(number: int) -> bytes:
    return chunk(6, struct.pack("<I", number) + b"<info><sample_count>1</sample_count></info>")


START = b"XDF:" + chunk(1, b"<info><version>1.0</version></info>")
DESC = (
    "<channels><channel><label>Cz</label><unit>microvolts</unit></channel>"
    "<channel><label>TRIGGER</label></channel></channels>"
)


def write(
    path: Path, stamps: np.ndarray, markers: dict[float, str] | None = None, rate_hz: float = 100.0
) -> tuple[Path, np.ndarray]:
    values = np.random.default_rng(1).normal(size=(len(stamps), 2)).astype(np.float32)
    content = START + header(1, "amp", "EEG", rate_hz, "float32", 2, DESC)
    content += samples(1, stamps, values)
    if markers is not None:
        content += header(2, "task", "Markers", 0, "string", 1) + texts(2, [*markers], [*markers.values()])
    path.write_bytes(content + footer(1) + (b"" if markers is None else footer(2)))
    return path, values


def grid(n: int, rate_hz: float = 100.0, first_s: float = 9e4) -> np.ndarray:
    return first_s + np.arange(n) / rate_hz


def test_samples_channels_and_markers(tmp_path: Path) -> None:
    told = {
        9e4 + 0.5: "face",
        9e4 + 1.25: '{"label": "house", "duration_s": 2.5}',
        9e4 + 1.5: '{"label"',
        9e4: "{}",
        9e4 + 2: '{"label": "x", "duration_s": -1}',
    }
    path, values = write(tmp_path / "a.xdf", grid(300), told)
    r = read_xdf(path)
    np.testing.assert_array_equal(r.data, values)
    assert (r.feature_names, r.unit, r.rate_hz, r.runs) == (("Cz", "TRIGGER"), ("microvolts", "a.u."), 100.0, [1])
    assert r.events.label.tolist() == ["{}", "face", "house", '{"label"', '{"label": "x", "duration_s": -1}']
    np.testing.assert_allclose(r.events.onset_s, [0, 0.5, 1.25, 1.5, 2], atol=1e-9)
    assert r.events.duration_s.tolist() == [0, 0, 2.5, 0, 0]
    assert r.source == f"{path}, stream 'amp'"
    one = read_xdf(path, stream="EEG", markers="id-2", channels=["TRIGGER"])
    np.testing.assert_array_equal(one.data, values[:, 1:])
    with pytest.raises(UnknownNameError, match=r"unknown channel 'Pz'\. There are: Cz, TRIGGER"):
        read_xdf(path, channels=["Pz"])


def test_numbers_are_markers_too(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "a.xdf", grid(300))
    content = path.read_bytes() + header(3, "port", "trigger", 0, "float32", 1)
    path.write_bytes(content + samples(3, np.array([9e4 + 1]), np.array([[42.0]])))
    assert read_xdf(path).events.label.tolist() == ["42"]


@pytest.mark.parametrize(
    ("value", "label"), [(1000001.0, "1000001"), (1000002.0, "1000002"), (-3.0, "-3"), (0.5, "0.5")]
)
def test_every_number_is_a_label_of_its_own(tmp_path: Path, value: float, label: str) -> None:
    path, _ = write(tmp_path / "a.xdf", grid(300))
    content = path.read_bytes() + header(3, "port", "trigger", 0, "float32", 1)
    path.write_bytes(content + samples(3, np.array([9e4 + 1]), np.array([[value]])))
    assert read_xdf(path).events.label.tolist() == [label]


def test_markers_of_several_channels(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "a.xdf", grid(300))
    desc = "<channels><channel><label>trial</label></channel><channel><label>word</label></channel></channels>"
    rows = b""
    for i, word in enumerate(["cat", "dog"]):
        rows += struct.pack("<Bd", 8, 9e4 + i) + b"".join(
            struct.pack("<BI", 4, len(text)) + text.encode() for text in (str(i), word)
        )
    content = header(3, "task", "Markers", 0, "string", 2, desc) + chunk(3, struct.pack("<IBI", 3, 4, 2) + rows)
    path.write_bytes(path.read_bytes() + content)
    with pytest.raises(RecordingError, match=r"'task' has 2 channels, trial, word; .* '0', 'cat'.*marker_channel = "):
        read_xdf(path)
    assert read_xdf(path, marker_channel="word").events.label.tolist() == ["cat", "dog"]
    with pytest.raises(UnknownNameError, match="marker_channel"):
        read_xdf(path, marker_channel="words")


def test_a_stream_that_was_restarted_is_one(tmp_path: Path) -> None:
    first, second = (np.random.default_rng(i).normal(size=(200, 2)).astype(np.float32) for i in range(2))
    content = (
        START + header(1, "amp", "EEG", 100.0, "float32", 2, DESC) + samples(1, grid(200, first_s=9e4 + 9), second)
    )
    again = header(1, "amp", "EEG", 100.0, "float32", 2, DESC).replace(struct.pack("<I", 1), struct.pack("<I", 5), 1)
    path = tmp_path / "a.xdf"
    path.write_bytes(content + again + samples(5, grid(200), first))
    r = read_xdf(path)
    assert r.run_lengths() == {1: 200, 2: 200}
    np.testing.assert_array_equal(r.data, np.concatenate([first, second]))
    path.write_bytes(content + again + samples(5, grid(200, first_s=9e4 + 8), first))
    with pytest.raises(RecordingError, match="2 streams could be meant"):  # at the same time: two devices
        read_xdf(path)


def test_labels_that_several_channels_have(tmp_path: Path) -> None:
    desc = "<channels>" + 2 * "<channel><label>C3</label></channel>" + "</channels>"
    path = tmp_path / "a.xdf"
    path.write_bytes(START + header(1, "amp", "EEG", 100.0, "float32", 2, desc) + samples(1, grid(9), np.ones((9, 2))))
    assert read_xdf(path).feature_names == ("C3-0", "C3-1")


def test_stamps_that_cannot_be_right(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "a.xdf", np.full(200, 9e4))
    with pytest.raises(RecordingError, match=r"most stamps of 'amp' are the same, 90000.000 s"):
        read_xdf(path)
    path, values = write(tmp_path / "b.xdf", grid(200), rate_hz=0)
    with pytest.raises(RecordingError, match="0 streams could be meant"):
        read_xdf(path)
    np.testing.assert_array_equal(read_xdf(path, stream="amp", rate_hz=100.0).data, values)


def test_without_markers(tmp_path: Path) -> None:
    assert len(read_xdf(write(tmp_path / "a.xdf", grid(30))[0]).events) == 0
    assert len(read_xdf(write(tmp_path / "b.xdf", grid(30), {})[0]).events) == 0


def test_a_lost_second_begins_a_new_run(tmp_path: Path) -> None:
    stamps = np.r_[grid(500), grid(700, first_s=9e4 + 6.0)]
    told = {9e4 + 1: "before", 9e4 + 6.5: "after", 9e4 + 5.5: "meanwhile"}
    path, values = write(tmp_path / "a.xdf", stamps, told)
    words = r"1 of 3 markers are in no run, the first 'meanwhile' at 90005\.500 s; the samples go from 90000.000 to"
    with pytest.raises(RecordingError, match=words):
        read_xdf(path, on_event_outside="error")
    with pytest.warns(UserWarning, match=words):
        r = read_xdf(path)
    np.testing.assert_array_equal(r.data, values)
    assert r.run_lengths() == {1: 500, 2: 700}
    assert r.events.run.tolist() == [1, 2]
    np.testing.assert_allclose(r.events.onset_s, [1.0, 0.5], atol=1e-9)
    assert "a new run wherever the stamps step (+1 s)" in r.source
    with pytest.raises(InputError, match="on_event_outside"):
        read_xdf(path, on_event_outside="keep")  # type: ignore[arg-type]


@settings(max_examples=40)
@given(
    lengths=st.lists(st.integers(250, 600), min_size=1, max_size=5),
    missing=st.lists(st.sampled_from([-30000, -50, 1, 2, 25, 1000, 100000]), min_size=4, max_size=4),
    jitter_s=st.sampled_from([0.0, 0.0001]),
)
def test_every_step_of_the_stamps_is_found(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], missing: list[int], jitter_s: float
) -> None:
    index = np.concatenate([np.arange(n) + sum(lengths[:i]) + sum(missing[:i]) for i, n in enumerate(lengths)])
    noise = np.random.default_rng(0).normal(size=len(index))
    path, _ = write(tmp_path_factory.mktemp("steps") / "a.xdf", 9e5 + index / 100 + jitter_s * noise)
    assert [*read_xdf(path).run_lengths().values()] == lengths


@pytest.mark.parametrize("kind", ["steady", "chunks come late", "drift"])
def test_unsteady_stamps_are_no_gaps(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    stamps = grid(12_000)
    if kind == "steady":
        stamps += 0.004 * rng.normal(size=len(stamps))
    elif kind == "chunks come late":
        stamps += np.repeat(rng.exponential(0.01, len(stamps) // 40), 40)
    else:
        stamps = 9e4 + (stamps - 9e4) * 1.005
    r = read_xdf(write(tmp_path / "a.xdf", stamps, {float(stamps[6000]): "middle"})[0])
    assert r.runs == [1]
    assert r.events.onset_s[0] == pytest.approx(60.0, abs=0.03)


def test_a_spike_in_the_stamps_is_no_gap(tmp_path: Path) -> None:
    stamps = grid(1000)
    stamps[500] += 0.2
    assert read_xdf(write(tmp_path / "a.xdf", stamps)[0]).runs == [1]


def test_the_rate_has_to_be_the_stamps(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "a.xdf", grid(1000, 93.0), {9e4 + 500 / 93: "middle"})
    with pytest.raises(
        RecordingError, match=r"expected 100 Hz, as the stream says, but .* show 93 Hz; give rate_hz = 93 "
    ):
        read_xdf(path)
    r = read_xdf(path, rate_hz=93.5)
    assert (r.rate_hz, len(r.runs)) == (93.5, 1)
    assert r.events.onset_s * 93.5 == pytest.approx(500)
    with pytest.raises(RecordingError, match="expected 50 Hz, as given"):
        read_xdf(path, rate_hz=50.0)
    with pytest.raises(InputError, match="rate_hz: expected a positive number"):
        read_xdf(path, rate_hz=-1.0)


def test_which_stream(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "a.xdf", grid(300), {9e4: "x"})
    more = header(3, "amp 2", "EEG", 10, "float32", 1) + samples(3, grid(30, 10), np.ones((30, 1)))
    more += header(4, "keys", "Markers", 0, "string", 1) + texts(4, [9e4 + 1], ["space"])
    path.write_bytes(path.read_bytes() + more)
    with pytest.raises(RecordingError, match=r"stream: 2 streams could be meant.*'amp' \(type 'EEG', source_id 'id-1'"):
        read_xdf(path)
    with pytest.raises(RecordingError, match="stream: 2 streams have the type 'EEG'"):
        read_xdf(path, stream="EEG")
    with pytest.raises(UnknownNameError, match=r"unknown stream in .* 'MEG'\. There are: 'amp'"):
        read_xdf(path, stream="MEG")
    with pytest.raises(RecordingError, match="markers: 2 streams could be meant"):
        read_xdf(path, stream="amp 2")
    r = read_xdf(path, stream="id-3", markers="keys")
    assert (r.rate_hz, r.feature_names, r.events.label.tolist()) == (10.0, ("channel_1",), ["space"])
    with pytest.raises(UnknownNameError, match="unknown stream"):
        read_xdf(path, stream="keys")


def test_what_is_no_xdf(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="there is no such file"):
        read_xdf(tmp_path / "a.xdf")
    (tmp_path / "b.xdf").write_bytes(b"")
    with pytest.raises(RecordingError, match="is no XDF file"):
        read_xdf(tmp_path / "b.xdf")
    (tmp_path / "c.xdf").write_bytes(START)
    with pytest.raises(RecordingError, match=r"stream: 0 streams could be meant.*There are: none"):
        read_xdf(tmp_path / "c.xdf")
    (tmp_path / "d.xdf").write_bytes(START + chunk(2, b"\x01\0\0\0<info>"))
    with pytest.raises(RecordingError, match=r"There are: none; cut off while it was written \(17 bytes"):
        read_xdf(tmp_path / "d.xdf")


def test_a_chunk_that_does_not_come_out_even_is_left_out(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "a.xdf", grid(20))
    damaged = START + header(1, "amp", "EEG", 100, "float32", 2) + chunk(3, struct.pack("<IBI", 1, 4, 50) + bytes(30))
    path.write_bytes(damaged)
    with pytest.raises(RecordingError, match=r"0 samples\); cut off while it was written \(46 bytes of a torn chunk"):
        read_xdf(path)


def long_recording(path: Path) -> tuple[bytes, np.ndarray, list[tuple[int, int]]]:
    """A file of many chunks, of ten samples each, and where its chunks of samples lie."""
    stamps, values = grid(400), np.random.default_rng(2).normal(size=(400, 2)).astype(np.float32)
    content = START + header(1, "amp", "EEG", 100.0, "float32", 2, DESC) + header(2, "task", "Markers", 0, "string", 1)
    places = []
    for i in range(0, 400, 10):
        begin = len(content)
        content += samples(1, stamps[i : i + 10], values[i : i + 10])
        places.append((begin, len(content)))
        content += texts(2, [float(stamps[i])], [f"marker {i}"])
    end = b"<info><sample_count>%d</sample_count></info>"
    for number, n in ((1, 400), (2, 40)):
        content += chunk(6, struct.pack("<I", number) + end % n)
    path.write_bytes(content)
    return content, values, places


def test_a_file_cut_anywhere_gives_what_is_whole(tmp_path: Path) -> None:
    content, values, places = long_recording(tmp_path / "a.xdf")
    assert read_xdf(tmp_path / "a.xdf").source.endswith("stream 'amp'")
    for n in range(places[0][1], places[-1][0], 97):
        (tmp_path / "b.xdf").write_bytes(content[:n])
        r = read_xdf(tmp_path / "b.xdf", markers="task", on_event_outside="drop")
        n_whole = 10 * sum(stop <= n for _, stop in places)
        np.testing.assert_array_equal(r.data, values[:n_whole])
        assert "cut off while it was written (" in r.source


@pytest.mark.parametrize("n_removed", [1, 100])
def test_a_file_that_lacks_bytes_in_the_middle_is_refused(tmp_path: Path, n_removed: int) -> None:
    content, _, places = long_recording(tmp_path / "a.xdf")
    for begin in range(places[0][0] + 10, places[-2][0], 1501):
        (tmp_path / "b.xdf").write_bytes(content[:begin] + content[begin + n_removed :])
        with pytest.raises(RecordingError, match="is damaged before byte"):
            read_xdf(tmp_path / "b.xdf", markers="task")


@settings(max_examples=60)
@given(at=st.floats(0.05, 0.9), length=st.integers(1, 700), seed=st.integers(0, 10))
@example(at=0.2808826540258724, length=1, seed=1)
@example(at=0.51, length=1, seed=1)
@example(at=0.8016147653286942, length=1, seed=1)
def test_other_bytes_in_the_middle_are_refused_or_change_only_their_own_chunks(
    tmp_path_factory: pytest.TempPathFactory, at: float, length: int, seed: int
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "a.xdf"
    content, values, places = long_recording(path)
    begin = places[0][0] + int(at * (places[-1][1] - places[0][0]))
    other = np.random.default_rng(seed).bytes(length)
    path.write_bytes(content[:begin] + other + content[begin + length :])
    try:
        r = read_xdf(path, stream="amp", markers="task", on_event_outside="drop", not_finite="cut")
    except RecordingError as error:
        if "damaged" not in str(error):
            raise
        return
    # Random bytes within samples go unseen: XDF has no check sums.
    whole = [10 * i for i, (start, stop) in enumerate(places) if stop <= begin or start >= begin + length]
    expected = values[np.add.outer(whole, np.arange(10)).ravel()]
    assert np.isin(expected[:, 0], r.data[:, 0]).all()
    # Some of these make numbers of samples that are not finite, which are left out and counted.
    left_out = re.findall(r"(\d+) samples (?:that are not finite|whose stamps are damaged) left out", r.source)
    assert r.n_samples + sum(map(int, left_out)) == 400


def test_samples_without_stamps_are_whole_too(tmp_path: Path) -> None:
    """LabRecorder leaves out stamps that follow from the one before."""
    values = np.arange(6, dtype="<f4").reshape(3, 2)
    rows = struct.pack("<Bd", 8, 9e4) + values[0].tobytes() + b"".join(b"\0" + row.tobytes() for row in values[1:])
    inside = struct.pack("<IBI", 1, 4, 3) + rows
    content = START + header(1, "amp", "EEG", 100, "float32", 2, DESC) + chunk(3, inside)
    (tmp_path / "a.xdf").write_bytes(content + footer(1))
    np.testing.assert_array_equal(read_xdf(tmp_path / "a.xdf").data, values)
    (tmp_path / "b.xdf").write_bytes(content + chunk(3, inside[:-1]) + footer(1))
    with pytest.raises(RecordingError, match="is damaged before byte"):
        read_xdf(tmp_path / "b.xdf")


def test_what_is_not_finite(tmp_path: Path) -> None:
    stamps, values = grid(300), np.ones((300, 2), np.float32)
    values[100:110, 0] = np.nan
    told = texts(2, [9e4 + 0.5, 9e4 + 1.05, 9e4 + 2], ["before", "meanwhile", "after"])
    head = START + header(1, "amp", "EEG", 100.0, "float32", 2, DESC) + header(2, "task", "Markers", 0, "string", 1)
    (tmp_path / "a.xdf").write_bytes(head + samples(1, stamps, values) + told)
    with pytest.raises(
        NonFiniteError, match=r"Cz \(0\.033 of its samples\); first in run 1, 1 s after.*not_finite = 'cut'"
    ):
        read_xdf(tmp_path / "a.xdf")
    r = read_xdf(tmp_path / "a.xdf", not_finite="cut")
    assert r.run_lengths() == {1: 100, 2: 190}
    assert r.events.label.tolist() == ["before", "after"]
    np.testing.assert_allclose(r.events.onset_s, [0.5, 0.9])
    assert "10 samples that are not finite left out (0.1 s in 1 stretches" in r.source
    assert "and 1 events in them" in r.source
    dropped = read_xdf(tmp_path / "a.xdf", not_finite="drop channels")
    assert (dropped.feature_names, dropped.unit, dropped.n_samples) == (("TRIGGER",), ("a.u.",), 300)


def test_without_pyxdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyxdf", None)
    with pytest.raises(MissingExtraError, match=r"install hotwire\[all\]"):
        read_xdf(tmp_path / "a.xdf")


def test_in_a_study(tmp_path: Path) -> None:
    _, values = write(tmp_path / "a.xdf", grid(300), {9e4 + 1: "face"})
    (tmp_path / "study.toml").write_text(
        '[recording]\nkind = "xdf"\npath = "a.xdf"\nstream = "EEG"\nchannels = ["Cz"]\n'
        '[network]\nname = "smollm2-135m-instruct"\n[targets]\nwords = { face = "face" }\n[decoder]\nlayer = 8\n'
    )
    r = open_study(tmp_path / "study.toml").recording()
    np.testing.assert_array_equal(r.data, values[:, :1])
    assert r.events.label.tolist() == ["face"]


@pytest.mark.slow
def test_a_real_recording_whose_clock_was_reset(real_xdf: Path) -> None:
    """LabRecorder, 8 channels that say 100 Hz and come at 93; the sender was restarted, its clock 650,000 s earlier."""
    with pytest.raises(RecordingError, match=r"the stamps of 'BioSemi' show 93\.17"):
        read_xdf(real_xdf / "clock_resets.xdf")
    r = read_xdf(real_xdf / "clock_resets.xdf", rate_hz=93.0)
    assert r.run_lengths() == {1: 12876, 2: 14939}
    assert (r.n_features, len(r.events)) == (8, 175)
    assert np.unique(r.events.run, return_counts=True)[1].tolist() == [91, 84]
    assert {"XXX", "Test", "Blah"} <= set(r.events.label)


@pytest.mark.slow
def test_real_recordings_of_other_kinds(real_xdf: Path) -> None:
    r = read_xdf(real_xdf / "empty_streams.xdf", markers="ctrl", stream="test_stream.py:191695:0")
    np.testing.assert_array_equal(r.data, np.arange(10)[:, None])
    assert (r.rate_hz, r.feature_names) == (1.0, ("ch:00",))
    assert r.events.label.tolist() == ['{"state": 2}']
    with pytest.warns(UserWarning, match="1 of 9 markers are in no run"):
        r = read_xdf(real_xdf / "minimal.xdf")
    assert r.data[:2].tolist() == [[192, 255, 238], [12, 22, 32]]
    assert r.n_samples == 9
