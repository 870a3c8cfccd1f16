"""A scanner that sends DICOM files, in virtual time: every fault, with its states and its counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.decoder.readers import read_dicom
from hotwire.decoder.volumes import MOTION_NAMES, VolumeSpace
from hotwire.decoder.windows import SlidingAverage
from hotwire.errors import StreamMismatchError, StreamNotFoundError
from hotwire.realtime.clock import VirtualClock
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.dicom import DicomFolder

from ...decoder.volumes.test_realign import AFFINE as HEAD_AFFINE
from ...decoder.volumes.test_realign import SHAPE as HEAD_SHAPE
from ...decoder.volumes.test_realign import head
from ...dicom_files import AFFINE, TR_S, enhanced, mosaic, single_slices, volume
from ..small import Kept, SignDecoder

SPACE = VolumeSpace((6, 5, 4), AFFINE)
NAMES = ("voxel_0_1_2", "voxel_3_4_0", "voxel_2_0_1")
AWAY = AFFINE + np.eye(4)[:, :1] @ np.array([[0.0, 0.0, 0.0, 5.0]])


class Scanner(VirtualClock):
    """A clock that writes files as it moves on."""

    def __init__(self, script: list[tuple[float, Callable[[], object]]]) -> None:
        super().__init__()
        self.script = sorted(script, key=lambda one: one[0])

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        while self.script and self.script[0][0] <= self.now():
            self.script.pop(0)[1]()


class Session:
    """An engine on a folder that the script fills; every volume is a decision."""

    def __init__(
        self, folder: Path, script: list[tuple[float, str, bytes]], names: tuple[str, ...] = NAMES, **given: Any
    ) -> None:
        def write(name: str, content: bytes) -> Callable[[], object]:
            return lambda: (folder / name).write_bytes(content)

        self.clock = Scanner([(at_s, write(name, content)) for at_s, name, content in script])
        decoder = SignDecoder(len(names), 1 / TR_S, SlidingAverage(TR_S, TR_S), unit="a.u.")
        decoder.feature_names = names
        settings: dict[str, Any] = {"space": SPACE} | given
        self.source = DicomFolder(folder, names, TR_S, **settings, clock=self.clock)
        self.kept = Kept()
        live = LiveSettings(timeout_s=5.0, lost_s=20.0)
        self.engine = Engine(decoder, self.source, live, outputs=[self.kept], clock=self.clock)  # type: ignore[arg-type]

    def run(self, until_s: float) -> Session:
        self.decisions = []
        self.samples: list[np.ndarray] = []
        with self.engine:
            while self.clock.now() < until_s:
                self.decisions += self.engine.turn(0.5)
            latest = self.engine.latest(1000.0)
            self.samples = list(latest[int(np.isfinite(latest).any(axis=1).argmax()) :].copy())
        return self

    @property
    def losses(self) -> dict[str, int]:
        return {name: n for name, n in self.engine.losses.items() if n}

    def said(self, text: str) -> bool:
        return any(text in status.why for status in self.kept.statuses)


def sent(n: int = 6, **changes: tuple[float, bytes] | None) -> list[tuple[float, str, bytes]]:
    """A mosaic every two seconds, some of them changed: when they come, and what; or never."""
    script = []
    for number in range(1, n + 1):
        change = changes.get(f"v{number}", (TR_S * number, mosaic(volume(number), number)))
        if change is not None:
            script.append((change[0], f"{number:06d}.dcm", change[1]))
    return script


def voxels(number: int) -> list[float]:
    values = volume(number)
    return [float(values[0, 1, 2]), float(values[3, 4, 0]), float(values[2, 0, 1])]


def test_volumes_come_in_order_and_are_those_of_read_dicom(tmp_path: Path) -> None:
    session = Session(tmp_path, sent()).run(16.0)
    recording = read_dicom(tmp_path)
    columns = [recording.feature_names.index(name) for name in NAMES]
    assert np.array_equal(np.array(session.samples), recording.data[:, columns])
    assert session.losses == {}
    assert len(session.decisions) == 6
    assert session.kept.states[:2] == ["SEARCHING", "LIVE"]


@pytest.mark.parametrize("kind", ["single slices", "enhanced", "enhanced series"])
def test_other_scanners(tmp_path: Path, kind: str) -> None:
    script = []
    for number in range(1, 4):
        if kind == "single slices":  # the last slice comes first
            files = single_slices(volume(number), number)
            script += [(2.0 * number, f"i{number}-{9 - i}", file) for i, file in enumerate(files)]
        elif kind == "enhanced":
            script.append((2.0 * number, f"{number}.dcm", enhanced([volume(number)], number)))
    if kind == "enhanced series":
        script.append((2.0, "all.dcm", enhanced([volume(1), volume(2), volume(3)], 1)))
    session = Session(tmp_path, script).run(10.0)
    assert np.array(session.samples).tolist() == [voxels(1), voxels(2), voxels(3)]
    assert session.losses == {}


def test_a_late_volume_waits_and_a_lost_one_is_a_gap(tmp_path: Path) -> None:
    late = mosaic(volume(3), 3)
    session = Session(tmp_path, sent(v3=(9.0, late))).run(16.0)
    assert [sample.tolist() for sample in session.samples] == [voxels(n) for n in range(1, 7)]
    assert session.losses == {}
    (tmp_path / "lost").mkdir()
    session = Session(tmp_path / "lost", sent(v3=None)).run(16.0)
    assert np.isnan(session.samples[2]).all()
    assert session.samples[3].tolist() == voxels(4)
    assert session.losses["lost"] == 1
    assert session.kept.states[:4] == ["SEARCHING", "LIVE", "GAP", "RECOVERED"]
    (tmp_path / "too late").mkdir()
    session = Session(tmp_path / "too late", sent(v3=(11.5, late))).run(16.0)
    assert (session.losses["lost"], session.losses["reordered"]) == (1, 1)


def test_files_that_grow_are_read_once_they_are_whole(tmp_path: Path) -> None:
    whole = mosaic(volume(3), 3)
    script = sent(v3=(6.0, whole[:200]))
    script += [(6.0 + 0.2 * i, "000003.dcm", whole[: len(whole) * i // 5]) for i in range(1, 6)]
    session = Session(tmp_path, script).run(16.0)
    assert session.samples[2].tolist() == voxels(3)
    assert session.losses == {}


def test_a_file_that_stays_torn_is_counted_and_its_volume_a_gap(tmp_path: Path) -> None:
    session = Session(tmp_path, sent(v3=(6.0, mosaic(volume(3), 3)[:-100]))).run(16.0)
    assert session.losses == {"lost": 1, "files_refused": 1}
    assert session.said("000003.dcm is not a complete DICOM picture")
    assert "GAP" in session.kept.states


def test_a_volume_that_comes_twice_counts_once(tmp_path: Path) -> None:
    script = [*sent(), (7.0, "copy.dcm", mosaic(volume(2), 2))]
    session = Session(tmp_path, script).run(16.0)
    assert session.losses == {"duplicated": 1}
    assert len(session.decisions) == 6


@pytest.mark.parametrize("choice", [{}, {"series": 7}, {"protocol": "bold run"}])
def test_files_of_other_series_are_counted_and_named_once(tmp_path: Path, choice: dict) -> None:
    others = [(3.0 + i, f"x{i}.dcm", mosaic(volume(9), i, series=9, protocol="localizer")) for i in range(2)]
    others.append((3.0, "earlier.dcm", mosaic(volume(8), 1, series=3)))
    session = Session(tmp_path, [*sent(), *others], **choice).run(16.0)
    assert [sample.tolist() for sample in session.samples] == [voxels(n) for n in range(1, 7)]
    assert session.losses == {"other_series": 3}
    assert session.said("files of series 9 (localizer) are not taken")


def test_of_several_runs_that_are_there_the_last_is_taken(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"old{number}").write_bytes(mosaic(volume(90), number, series=4))
        (tmp_path / f"new{number}").write_bytes(mosaic(volume(number), number, series=5))
    session = Session(tmp_path, []).run(1.0)
    assert [sample.tolist() for sample in session.samples] == [voxels(1), voxels(2)]
    assert session.losses == {"other_series": 2}
    assert session.said("files of series 4 (bold run) are not taken, those of series 5 (bold run) are")


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (mosaic(volume(1, (6, 5, 3)), 1), "it has the matrix 6 x 5 x 3, expected 6 x 5 x 4"),
        (mosaic(volume(1), 1, AWAY), "lies elsewhere in space: the affines differ by up to 5"),
        (mosaic(volume(1), 1, tr_s=1.5), r"its repetition time is 1\.5 s, expected 2 s"),
        (mosaic(volume(1), 1, AFFINE @ np.diag([1.2, 1, 1, 1])), "its voxels measure 3.6"),
    ],
)
def test_a_series_that_is_not_the_decoder_s_is_named(tmp_path: Path, first: bytes, message: str) -> None:
    with pytest.raises(StreamMismatchError, match=rf"1\.dcm: series 7 \(bold run\): .*{message}"):
        Session(tmp_path, [(0.5, "1.dcm", first)]).run(4.0)


@pytest.mark.parametrize(
    ("third", "message"),
    [
        (mosaic(volume(3), 3, AWAY), "it has the matrix 6 x 5 x 4 as expected, but lies elsewhere"),
        (mosaic(volume(3, (6, 5, 3)), 3), "it has the matrix 6 x 5 x 3, expected 6 x 5 x 4"),
        (mosaic(volume(3), 3, tr_s=1.5), "its repetition time is 1.5 s, expected 2 s"),
    ],
)
def test_a_volume_that_does_not_fit_is_counted(tmp_path: Path, third: bytes, message: str) -> None:
    session = Session(tmp_path, sent(v3=(6.0, third))).run(16.0)
    assert session.losses == {"lost": 1, "files_refused": 1}
    assert session.kept.states[:4] == ["SEARCHING", "LIVE", "GAP", "RECOVERED"]
    assert session.said(f"000003.dcm does not fit: {message}")


def test_a_volume_whose_number_is_far_from_the_others_is_counted(tmp_path: Path) -> None:
    session = Session(tmp_path, sent(v3=(6.0, mosaic(volume(3), 30_000, acquired_s=6.0)))).run(16.0)
    assert session.losses == {"lost": 1, "files_refused": 1}
    assert session.said("000003.dcm does not fit: its number is 30000, far from 2")


def test_volumes_that_were_not_acquired_when_their_numbers_say_are_counted_and_said_once(tmp_path: Path) -> None:
    files = [mosaic(volume(n), n, acquired_s=2.5 * n) for n in range(1, 5)]
    session = Session(tmp_path, [(TR_S * n, f"{n}.dcm", file) for n, file in enumerate(files, 1)]).run(12.0)
    assert session.losses == {"odd_times": 3}
    assert [status.why for status in session.kept.statuses if "acquired" in status.why] == [
        "by their headers volume 2 was acquired 2.5 s after volume 1, expected 2 s: is the repetition time right, did "
        "the scanner pause?"
    ]


def test_a_session_that_begins_late_knows_it(tmp_path: Path) -> None:
    session = Session(tmp_path, sent(v1=None)).run(16.0)
    assert session.source.late_start == "the first volume is number 2 of series 7 (bold run), acquired at 11:10:04"
    (tmp_path / "in time").mkdir()
    assert Session(tmp_path / "in time", sent()).run(3.0).source.late_start == ""


def test_a_series_that_is_restarted_goes_on(tmp_path: Path) -> None:
    again = [(14.0 + 2 * n, f"b{n}.dcm", mosaic(volume(10 + n), n, series=8)) for n in range(1, 4)]
    session = Session(tmp_path, [*sent(3), *again]).run(30.0)
    assert session.losses["restarts"] == 1
    assert session.said("series 7 (bold run) ended, and series 8 (bold run) begins")
    # STALE, as nothing came for three volumes.
    assert session.kept.states[:6] == ["SEARCHING", "LIVE", "STALE", "LOST", "SEARCHING", "RECOVERED"]
    assert [sample.tolist() for sample in session.samples[-3:]] == [voxels(n) for n in (11, 12, 13)]
    # One of another repetition time is none of it.
    (tmp_path / "other").mkdir()
    other = [(15.0, "b.dcm", mosaic(volume(1), 1, series=8, tr_s=1.0))]
    session = Session(tmp_path / "other", [*sent(), *other]).run(18.0)
    assert session.losses == {"other_series": 1}
    assert session.said("not taken, its repetition time is 1 s, expected 2 s")


def test_nothing_but_strangers_says_what_came(tmp_path: Path) -> None:
    (tmp_path / "x.dcm").write_bytes(mosaic(volume(9), 1, series=9, protocol="localizer"))
    with pytest.raises(StreamNotFoundError, match=r"x\.dcm.*files of series 9 \(localizer\) are not taken"):
        Session(tmp_path, [], series=7).run(8.0)
    with pytest.raises(StreamNotFoundError, match=r"no whole volume 'run\*' of series 7 of the protocol 'bold' came"):
        Session(tmp_path, [], pattern="run*", series=7, protocol="bold").run(1.0)


def test_a_head_that_moves_is_followed_and_reported(tmp_path: Path) -> None:
    jump = np.array([5.0, 0, 0, 0, 0, 0])
    space = VolumeSpace(HEAD_SHAPE, HEAD_AFFINE, head())
    motions = [None, None, jump, jump]
    files = [mosaic(head(one) * 3, n, HEAD_AFFINE) for n, one in enumerate(motions, 1)]
    files.insert(2, mosaic(np.random.default_rng(0).integers(0, 900, HEAD_SHAPE), 3, HEAD_AFFINE))
    files = [files[0], files[1], files[2], *(mosaic(head(jump) * 3, n, HEAD_AFFINE) for n in (4, 5))]
    script = [(TR_S * n, f"{n}.dcm", file) for n, file in enumerate(files, 1)]
    names = ("voxel_20_20_15", "voxel_15_22_12", *MOTION_NAMES)
    session = Session(tmp_path, script, names, space=space).run(14.0)
    before, after = session.samples[1], session.samples[4]
    assert np.abs(after[:2] / before[:2] - 1).max() < 0.03
    np.testing.assert_allclose(after[2:], jump, atol=0.05)
    assert session.losses == {"moved": 1, "not_aligned": 1, "nonfinite": 1}
    assert session.said("the head moved by 5.")
    assert session.said("volume 3 does not look like the reference; it is missing")
    motion = session.decisions[-1].motion
    assert motion is not None
    assert abs(motion["trans_x"] - 5.0) < 0.05
    assert len(session.decisions) == 4
