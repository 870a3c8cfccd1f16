from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from hotwire.decoder.readers import read_nifti
from hotwire.decoder.volumes import VolumeSpace
from hotwire.errors import InputError, RecordingError, StreamLostError, StreamNotFoundError
from hotwire.realtime.clock import SystemClock, VirtualClock
from hotwire.realtime.sources.source import Chunk
from hotwire.realtime.sources.volume_names import VolumeNames
from hotwire.realtime.sources.volumes import VolumeFolder

from ...decoder.volumes.test_realign import AFFINE as HEAD_AFFINE
from ...decoder.volumes.test_realign import SHAPE as HEAD_SHAPE
from ...decoder.volumes.test_realign import head

AFFINE = np.diag([3.0, 3.5, 4.0, 1.0])
SHAPE = (4, 5, 3)
NAMES = ("voxel_0_1_2", "voxel_3_4_0", "voxel_2_0_1")
TR_S = 2.0
SPACE = VolumeSpace(SHAPE, AFFINE)


def volume(number: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 2000, shape).astype(np.int16)


def write(folder: Path, number: int, ending: str = ".nii", affine: np.ndarray = AFFINE, shape: tuple = SHAPE) -> Path:
    path = folder / f"run1_{number:04d}{ending}"
    nibabel.save(nibabel.Nifti1Image(volume(number, shape), affine), path)  # type: ignore[attr-defined]
    return path


def voxels(number: int) -> list[int]:
    array = volume(number)
    return [array[0, 1, 2], array[3, 4, 0], array[2, 0, 1]]


def source(folder: Path, clock: VirtualClock | SystemClock | None = None, **given: object) -> VolumeFolder:
    settings: dict[str, Any] = {"space": SPACE} | given
    return VolumeFolder(folder, NAMES, TR_S, clock=clock or VirtualClock(50.0), **settings)


def taken(chunk: Chunk | None) -> tuple[list[list[int]], list[float]]:
    assert chunk is not None
    return chunk.samples.astype(int).tolist(), chunk.stamps.tolist()


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_one_volume_after_another(tmp_path: Path, ending: str) -> None:
    clock = VirtualClock(50.0)
    folder = source(tmp_path, clock)
    write(tmp_path, 7, ending)
    info = folder.open(1.0)
    assert (info.channel_names, info.rate_hz, info.type, info.dtype) == (NAMES, 0.5, "fMRI", "float32")
    samples, (stamp,) = taken(folder.pull(1.0))
    assert samples == [voxels(7)]
    assert 50.0 <= stamp <= clock.now()
    assert folder.pull(0.5) is None
    for number in (8, 9):
        write(tmp_path, number, ending)
        assert taken(folder.pull(1.0)) == ([voxels(number)], [stamp + TR_S * (number - 7)])
    assert folder.markers() == []


def test_the_voxels_are_those_of_read_nifti(tmp_path: Path) -> None:
    array = volume(0, (*SHAPE, 6))
    image = nibabel.Nifti1Image(array, AFFINE)
    image.header.set_slope_inter(0.37, -12.0)
    nibabel.save(image, tmp_path / "bold.nii")  # type: ignore[attr-defined]
    recording = read_nifti(tmp_path / "bold.nii", tr_s=TR_S)
    (tmp_path / "live").mkdir()
    folder = VolumeFolder(tmp_path / "live", recording.feature_names, TR_S, clock=VirtualClock())
    for number in range(6):
        image = nibabel.Nifti1Image(array[..., number : number + 1], AFFINE)
        image.header.set_slope_inter(0.37, -12.0)
        nibabel.save(image, tmp_path / "live" / f"{number}.nii")  # type: ignore[attr-defined]
    folder.open(1.0)
    chunk = folder.pull(1.0)
    assert chunk is not None
    np.testing.assert_array_equal(chunk.samples, recording.data)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.999])
def test_a_partial_file_is_waited_for(tmp_path: Path, ending: str, share: float) -> None:
    folder = source(tmp_path)
    content = write(tmp_path, 1, ending).read_bytes()
    path = tmp_path / f"run1_0001{ending}"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(StreamNotFoundError, match="no whole volume"):
        folder.open(1.0)
    path.write_bytes(content)
    folder.open(1.0)
    assert taken(folder.pull(0.0))[0] == [voxels(1)]


def test_a_file_that_is_being_written_is_not_touched_though_its_size_is_right(tmp_path: Path) -> None:
    """Copies onto a network drive have their full size, in zeros, from the beginning."""
    clock = VirtualClock()
    folder = source(tmp_path, clock)
    path = write(tmp_path, 1)
    content = path.read_bytes()
    path.write_bytes(content[:400] + bytes(len(content) - 400))
    os.utime(path, ns=(1, 1))
    assert folder.pull(0.0) is None
    clock.advance(0.04)
    assert folder.pull(0.0) is None
    path.write_bytes(content)
    os.utime(path, ns=(2, 2))
    clock.advance(0.04)
    assert folder.pull(0.0) is None
    clock.advance(0.06)
    assert taken(folder.pull(0.0))[0] == [voxels(1)]


def test_out_of_order_within_the_time(tmp_path: Path) -> None:
    clock = VirtualClock()
    folder = source(tmp_path, clock, first=1)
    write(tmp_path, 1)
    _, (origin,) = taken(folder.pull(1.0))
    write(tmp_path, 3)
    assert folder.pull(1.0) is None
    write(tmp_path, 2)
    assert taken(folder.pull(1.0)) == ([voxels(2), voxels(3)], [origin + 2.0, origin + 4.0])


def test_a_volume_that_never_comes_leaves_a_gap(tmp_path: Path) -> None:
    clock = VirtualClock()
    folder = source(tmp_path, clock, late_s=1.5)
    write(tmp_path, 1)
    _, (origin,) = taken(folder.pull(1.0))
    write(tmp_path, 4)
    since_s = clock.now()
    assert taken(folder.pull(60.0)) == ([voxels(4)], [origin + 6.0])
    assert clock.now() - since_s == pytest.approx(1.5, abs=0.11)
    write(tmp_path, 2)  # nobody waits for it any more
    assert taken(folder.pull(1.0)) == ([voxels(2)], [origin + 2.0])
    write(tmp_path, 5)
    assert taken(folder.pull(1.0)) == ([voxels(5)], [origin + 8.0])


def test_a_repeated_volume_is_passed_on_with_its_stamp(tmp_path: Path) -> None:
    folder = source(tmp_path)
    write(tmp_path, 1)
    _, (origin,) = taken(folder.pull(1.0))
    write(tmp_path, 1, ".nii.gz")
    assert taken(folder.pull(1.0)) == ([voxels(1)], [origin])
    path = tmp_path / "run1_0001.nii"
    path.write_bytes(path.read_bytes())
    os.utime(path, ns=(5, 5))
    assert taken(folder.pull(1.0)) == ([voxels(1)], [origin])
    assert folder.pull(1.0) is None


def test_files_that_are_no_volumes_do_not_matter(tmp_path: Path) -> None:
    folder = source(tmp_path, pattern="run1_*.nii*", first=2)
    write(tmp_path, 1)  # a dummy scan, before the first
    write(tmp_path, 2)
    (tmp_path / "run1_notes.nii").write_text("no number")
    (tmp_path / "run1_0003.nii").write_bytes(b"\x5c\x01\x00\x00" + b"nonsense" * 100)
    nibabel.save(nibabel.Nifti1Image(volume(0), AFFINE), tmp_path / "mean.nii")  # type: ignore[attr-defined]
    folder.open(1.0)
    assert taken(folder.pull(5.0))[0] == [voxels(2)]
    assert folder.pull(5.0) is None


def test_a_stray_file_is_named_once_and_the_volumes_go_on(tmp_path: Path) -> None:
    clock = VirtualClock()
    folder = source(tmp_path, clock)
    write(tmp_path, 1)
    _, (origin,) = taken(folder.pull(1.0))
    write(tmp_path, 2, shape=(4, 5, 4))
    write(tmp_path, 3, affine=np.diag([3.0, 3.5, 4.5, 1.0]))
    write(tmp_path, 4, shape=(*SHAPE, 2))
    colours = np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    nibabel.save(nibabel.Nifti1Image(colours, AFFINE), tmp_path / "run1_0005.nii")  # type: ignore[attr-defined]
    write(tmp_path, 1).rename(tmp_path / "copy_0001.nii")
    write(tmp_path, 20130308)
    nibabel.save(nibabel.Nifti1Image(volume(0), AFFINE), tmp_path / "mean.nii")  # type: ignore[attr-defined]
    (tmp_path / "run1_0006.nii").write_text("notes")
    (tmp_path / "run1_0007.nii").mkdir()
    assert folder.pull(6.0) is None
    write(tmp_path, 8)
    assert taken(folder.pull(6.0)) == ([voxels(8)], [origin + 7 * TR_S])
    refusals = sorted(folder.markers())
    assert [one.counted_as for one in refusals] == ["files_refused"] * 9
    for one, said in zip(
        refusals,
        [
            r"copy_0001\.nii does not fit: it has the number 1 in its name, as run1_0001\.nii has",
            r"mean\.nii has no number in its name. --pattern says",
            r"0002\.nii does not fit: it has the matrix 4 x 5 x 4, expected 4 x 5 x 3",
            r"0003\.nii does not fit: its voxels measure 3 x 3\.5 x 4\.5 mm, expected 3 x 3\.5 x 4 mm",
            r"0004\.nii does not fit: it has the shape \(4, 5, 3, 2\), expected one volume a file",
            r"0005\.nii does not fit: it holds .*, expected numbers",
            r"0006\.nii is not a complete NIfTI image",
            r"0007\.nii cannot be read: ",
            r"20130308\.nii does not fit: it has the number 20130308 in its name, far from 1 of run1_0001\.nii",
        ],
        strict=True,
    ):
        assert re.search(said, one.why)
    assert folder.pull(6.0) is None
    assert folder.markers() == []


def test_a_file_that_was_refused_is_taken_once_it_is_whole(tmp_path: Path) -> None:
    folder = source(tmp_path)
    write(tmp_path, 1)
    folder.pull(1.0)
    content = write(tmp_path, 2).read_bytes()
    (tmp_path / "run1_0002.nii").write_bytes(content[:400])
    assert folder.pull(6.0) is None
    assert len(folder.markers()) == 1
    (tmp_path / "run1_0002.nii").write_bytes(content)
    assert taken(folder.pull(1.0))[0] == [voxels(2)]


def test_many_strays_are_counted_and_the_first_ten_named(tmp_path: Path) -> None:
    folder = source(tmp_path)
    write(tmp_path, 1)
    folder.pull(1.0)
    for number in range(2, 32):
        write(tmp_path, number, shape=(4, 5, 4))
    assert folder.pull(1.0) is None
    said = [one.why for one in folder.markers()]
    assert (len(said), [bool(why) for why in said].count(True)) == (30, 10)
    assert said[9].endswith("further files are only counted")


def test_the_number_is_where_the_pattern_says(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write(tmp_path, number).rename(tmp_path / f"vol_{number:04d}_run2.nii")
    by_last = source(tmp_path)
    assert taken(by_last.pull(1.0))[0] == [voxels(1)]
    assert all("--pattern 'vol_{n}_run2.nii'" in one.why for one in by_last.markers())
    folder = source(tmp_path, pattern="vol_{n}_run2.nii")
    samples, stamps = taken(folder.pull(1.0))
    assert samples == [voxels(number) for number in (1, 2, 3)]
    assert np.diff(stamps).tolist() == [TR_S, TR_S]
    assert folder.markers() == []


@pytest.mark.parametrize(
    ("pattern", "name", "number"),
    [
        ("*_{n}_*.nii*", "sub01_0012_e1.nii.gz", 12),
        ("{n}*.nii", "0012_e1.nii", 12),
        ("*{n}.nii", "e1_0012.nii", 12),
        ("run[12]_{n}.nii", "run1_7.nii", 7),
        ("run[12]_{n}.nii", "run3_7.nii", None),
        ("*.nii*", "a_3.nii.gz", 3),
    ],
)
def test_patterns(pattern: str, name: str, number: int | None) -> None:
    names = VolumeNames(pattern)
    assert (names.number(name) if names.matches(name) else None) == number


def test_a_stray_first_file_sets_no_grid(tmp_path: Path) -> None:
    write(tmp_path, 0, shape=(9, 9, 9))
    with pytest.raises(
        StreamNotFoundError, match=r"run1_0000.nii does not fit: it has the matrix 9 x 9 x 9, expected 4"
    ):
        source(tmp_path).open(1.0)
    # A decoder from before its grid was saved takes the first one that holds its voxels, and says so.
    folder = source(tmp_path, space=None)
    folder.open(1.0)
    assert [one for one in folder.markers() if one.counted_as] == []
    folder = source(tmp_path, space=None)
    write(tmp_path, 1)
    folder.open(1.0)
    said = [one.why for one in folder.markers()]
    assert "that of run1_0000.nii, the first volume, is taken for it: 9 x 9 x 9" in said[1]
    assert "run1_0001.nii does not fit: it has the matrix 4 x 5 x 3, expected 9 x 9 x 9" in said[0]


def test_a_grid_too_small_for_the_decoder(tmp_path: Path) -> None:
    folder = source(tmp_path, space=None)
    write(tmp_path, 1, shape=(4, 4, 3))
    with pytest.raises(StreamNotFoundError, match=r"run1_0001.nii .* the matrix 4 x 4 x 3, .*voxels up to \(3, 4, 2\)"):
        folder.open(1.0)
    write(tmp_path, 2)
    folder.open(1.0)
    assert taken(folder.pull(1.0))[0] == [voxels(2)]


def test_a_session_that_begins_late_is_stamped_by_the_newest_volume_and_says_so(tmp_path: Path) -> None:
    clock = VirtualClock(50.0)
    folder = source(tmp_path, clock)
    for number in (3, 4, 5):
        write(tmp_path, number)
    folder.open(1.0)
    stamps = taken(folder.pull(1.0))[1]
    assert stamps[-1] == pytest.approx(50.0, abs=0.2)
    assert stamps[0] == pytest.approx(stamps[-1] - 2 * TR_S)
    assert folder.late_start == "the first volume is run1_0003.nii, by its name number 3"


def test_files_of_an_earlier_run_and_another_pace_are_said_once(tmp_path: Path) -> None:
    clock = VirtualClock()
    folder = source(tmp_path, clock)
    path = write(tmp_path, 1)
    os.utime(path, (time.time() - 1200, time.time() - 1200))
    folder.open(1.0)
    folder.open(1.0)
    (said,) = folder.markers()
    assert re.search("the newest file in .* is 20 min old: if it is of an earlier run, move that away", said.why)
    folder.pull(1.0)
    for number in range(2, 26):
        clock.advance(2.4)
        write(tmp_path, number)
        assert folder.pull(1.0) is not None
    (said,) = folder.markers()
    assert re.fullmatch(r"volumes come every 2\.4\d s, expected every 2 s: is that the repetition time\?", said.why)


def test_volumes_are_realigned_as_read_nifti_realigns_them(tmp_path: Path) -> None:
    motions = [None, np.array([1.0, 0, 0, 0, 0, 0]), np.array([6.0, 0, 0, 0, 0, 0])]
    array = np.stack([head(one) for one in motions], axis=3)
    nibabel.save(nibabel.Nifti1Image(array, HEAD_AFFINE), tmp_path / "bold.nii")  # type: ignore[attr-defined]
    mask = np.zeros(HEAD_SHAPE, np.uint8)
    mask[18:22, 18:22, 14:16] = 1
    nibabel.save(nibabel.Nifti1Image(mask, HEAD_AFFINE), tmp_path / "mask.nii")  # type: ignore[attr-defined]
    recording = read_nifti(tmp_path / "bold.nii", tmp_path / "mask.nii", tr_s=TR_S, realign=True, motion="features")
    assert recording.feature_names[-1] == "rot_z"
    assert recording.data[:, -6] == pytest.approx([0, 1, 6], abs=0.05)
    assert "realigned, at most 6" in recording.source
    (tmp_path / "live").mkdir()
    clock = VirtualClock()
    folder = VolumeFolder(tmp_path / "live", recording.feature_names, TR_S, recording.space, clock=clock)
    for number in range(3):
        image = nibabel.Nifti1Image(array[..., number], HEAD_AFFINE)
        nibabel.save(image, tmp_path / "live" / f"{number}.nii")  # type: ignore[attr-defined]
    folder.open(1.0)
    chunk = folder.pull(1.0)
    assert chunk is not None
    assert chunk.motion is not None
    np.testing.assert_array_equal(chunk.samples, recording.data)
    assert [one.why for one in folder.markers()] == ["the head moved by 5.0 mm before volume 2"]
    with pytest.raises(RecordingError, match="features need realign = true"):
        read_nifti(tmp_path / "bold.nii", motion="features")


def test_what_is_not_there(tmp_path: Path) -> None:
    clock = VirtualClock()
    with pytest.raises(StreamNotFoundError, match=r"export: there is no such folder$"):
        source(tmp_path / "export", clock).open(3.0)
    assert clock.now() == pytest.approx(3.0)
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "log.txt").write_text("")
    with pytest.raises(StreamNotFoundError, match=r"no whole volume '\*\.nii\*' came; the folder holds log\.txt"):
        source(tmp_path / "export").open(0.5)


def test_a_folder_that_goes_and_comes_back(tmp_path: Path) -> None:
    export = tmp_path / "export"
    export.mkdir()
    folder = source(export)
    write(export, 1)
    folder.open(1.0)
    _, (origin,) = taken(folder.pull(1.0))
    export.rename(tmp_path / "away")
    with pytest.raises(StreamLostError, match="cannot be read any more"):
        folder.pull(1.0)
    with pytest.raises(StreamNotFoundError):
        folder.open(1.0)
    (tmp_path / "away").rename(export)
    with pytest.raises(StreamNotFoundError):  # there is nothing new in it
        folder.open(1.0)
    write(export, 3)
    folder.open(1.0)
    assert taken(folder.pull(3.0)) == ([voxels(3)], [origin + 4.0])


def test_arguments() -> None:
    with pytest.raises(InputError, match="voxels such as 'voxel_12_30_7', got 'Cz'"):
        VolumeFolder("export", ("voxel_1_2_3", "Cz"), 2.0)
    with pytest.raises(InputError, match="tr_s: expected seconds above 0"):
        VolumeFolder("export", NAMES, 0.0)
    with pytest.raises(InputError, match=r"pattern: expected \{n\}"):
        VolumeFolder("export", NAMES, 2.0, pattern="{n}_{n}.nii")
    with pytest.raises(InputError, match="late_s: expected seconds, zero or more"):
        VolumeFolder("export", NAMES, 2.0, late_s=-1.0)


EXPORT = """
import gzip, os, sys, time
from pathlib import Path
import nibabel
import numpy as np

folder = Path(sys.argv[1])
for number in (1, 2, 4, 3, 5):
    array = np.random.default_rng(number).integers(0, 2000, (4, 5, 3)).astype(np.int16)
    content = gzip.compress(nibabel.Nifti1Image(array, np.diag([3.0, 3.5, 4.0, 1.0])).to_bytes())
    with open(folder / f"run1_{number:04d}.nii.gz", "wb", buffering=0) as file:
        file.write(content[: len(content) // 2])
        time.sleep(0.12)
        file.write(content[len(content) // 2 :])
"""


def test_another_process_writes_every_file_in_two_halves(tmp_path: Path) -> None:
    folder = VolumeFolder(tmp_path, NAMES, TR_S, first=1, late_s=60.0)
    exporter = subprocess.Popen([sys.executable, "-c", EXPORT, str(tmp_path)])
    found: list[list[int]] = []
    stamps: list[float] = []
    while len(found) < 5:
        chunk = folder.pull(1.0)
        if chunk is not None:
            found += taken(chunk)[0]
            stamps += taken(chunk)[1]
    assert exporter.wait() == 0
    assert found == [voxels(number) for number in (1, 2, 3, 4, 5)]
    np.testing.assert_allclose(np.diff(stamps), TR_S)


def test_a_thread_writes_while_it_is_waited_for(tmp_path: Path) -> None:
    content = gzip.compress(nibabel.Nifti1Image(volume(1), AFFINE).to_bytes())

    def export() -> None:
        with open(tmp_path / "0001.nii.gz", "wb", buffering=0) as file:
            for first in range(0, len(content), 40):
                file.write(content[first : first + 40])
                time.sleep(0.01)

    folder = source(tmp_path, SystemClock())
    thread = threading.Thread(target=export)
    thread.start()
    folder.open(60.0)
    thread.join()
    assert taken(folder.pull(0.0))[0] == [voxels(1)]
