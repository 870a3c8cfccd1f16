from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from hotwire.decoder.readers import read_nifti
from hotwire.decoder.readers.fmri import images
from hotwire.decoder.recordings.events import Events
from hotwire.errors import InputError, NonFiniteError, RecordingError

AFFINE = np.array([[-3.0, 0, 0, 60], [0, 3.5, 0, -35], [0, 0, 4, 7], [0, 0, 0, 1]])
Write = Callable[..., Path]


def volumes(seed: int = 0, n: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2000, (3, 4, 2, n)).astype(np.int16)


def test_voxels_positions_and_time(tmp_path: Path, write_image: Write) -> None:
    array = volumes()
    inside = np.zeros((3, 4, 2), np.uint8)
    inside[0, 1, 1] = inside[2, 3, 0] = 1
    bold, mask = (
        write_image(tmp_path / "bold.nii.gz", array, tr=0.72),
        write_image(tmp_path / "m.nii", inside),
    )
    r = read_nifti(bold, mask=mask)
    np.testing.assert_array_equal(r.data, np.stack([array[0, 1, 1], array[2, 3, 0]], axis=1))
    assert r.feature_names == ("voxel_0_1_1", "voxel_2_3_0")
    assert r.positions_mm is not None
    np.testing.assert_allclose(r.positions_mm, [[60, -31.5, 11], [54, -24.5, 7]])
    assert r.tr_s == pytest.approx(0.72, rel=1e-15)
    assert r.runs == [1]


def test_without_a_mask_every_voxel_is_kept(tmp_path: Path, write_image: Write) -> None:
    array = volumes()
    r = read_nifti(write_image(tmp_path / "bold.nii", array))
    np.testing.assert_array_equal(r.data, array.reshape(24, 7).T)


@pytest.mark.parametrize("name", ["bold.nii", "bold.nii.gz"])
def test_slabs_and_scaling_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    image = nibabel.Nifti1Image(volumes(), AFFINE)
    image.header.set_xyzt_units("mm", "sec")
    image.header.set_slope_inter(0.25, -3.0)
    nibabel.save(image, tmp_path / name)  # type: ignore[attr-defined]
    expected = nibabel.load(tmp_path / name).get_fdata().reshape(24, 7).T  # type: ignore[attr-defined]
    monkeypatch.setattr(images, "SLAB_BYTES", 8 * 24 * 2)
    np.testing.assert_array_equal(read_nifti(tmp_path / name).data, expected.astype(np.float32))


def test_one_file_per_run(tmp_path: Path, write_image: Write) -> None:
    files = [write_image(tmp_path / f"r{i}.nii.gz", volumes(i, n)) for i, n in enumerate((5, 7))]
    for i in (0, 1):
        (tmp_path / f"e{i}.tsv").write_text("onset\tduration\ttrial_type\tstim_file\n2.0\t4\tface\tn/a\n")
    r = read_nifti(files, events=[tmp_path / "e0.tsv", tmp_path / "e1.tsv"], run=["first", "second"])
    assert r.run_lengths() == {"first": 5, "second": 7}
    assert r.events.run.tolist() == ["first", "second"]
    assert r.events.stimulus is not None
    assert r.events.stimulus.tolist() == ["", ""]
    np.testing.assert_array_equal(r.data[5:], volumes(1, 7).reshape(24, 7).T)
    with pytest.raises(RecordingError, match="each of the 2 files"):
        read_nifti(files, run=["first", "first"])
    with pytest.raises(RecordingError, match="each of the 2 runs, got 1"):
        read_nifti(files, events=tmp_path / "e0.tsv")


def test_one_file_of_many_runs(tmp_path: Path, write_image: Write) -> None:
    bold = write_image(tmp_path / "bold.nii", volumes())
    assert read_nifti(bold, run=[3, 3, 3, 4, 4, 4, 4]).run_lengths() == {3: 3, 4: 4}
    assert read_nifti(bold, run="only").runs == ["only"]
    with pytest.raises(RecordingError, match="7 volumes, but the runs of 3"):
        read_nifti(bold, run=[1, 1, 2])


@pytest.mark.parametrize(
    ("tr", "unit", "expected"),
    [(2500.0, "msec", 2.5), (2.5e6, "usec", 2.5), (2.5, "sec", 2.5)],
)
def test_time_units(tmp_path: Path, write_image: Write, tr: float, unit: str, expected: float) -> None:
    assert read_nifti(write_image(tmp_path / "b.nii", volumes(), tr=tr, unit=unit)).tr_s == pytest.approx(expected)


@pytest.mark.parametrize(("tr", "unit"), [(0.0, "sec"), (2500.0, "sec"), (2.5, "unknown"), (2.5, "hz")])
def test_nonsense_in_the_header_asks_for_tr(tmp_path: Path, write_image: Write, tr: float, unit: str) -> None:
    bold = write_image(tmp_path / "b.nii", volumes(), tr=tr, unit=unit)
    with pytest.raises(
        RecordingError, match=rf"got {tr:g} in the unit '{unit}'; give it in seconds, such as tr_s = 2.0"
    ):
        read_nifti(bold)
    assert read_nifti(bold, tr_s=2.5).rate_hz == 0.4


def test_files_must_agree_in_time_and_space(tmp_path: Path, write_image: Write) -> None:
    first = write_image(tmp_path / "a.nii", volumes(), tr=2.0)
    with pytest.raises(RecordingError, match=r"a.nii: 2 s, .*b.nii: 3 s"):
        read_nifti([first, write_image(tmp_path / "b.nii", volumes(), tr=3.0)])
    moved = AFFINE + np.array([[0, 0, 0, 0.5]] + [[0] * 4] * 3)
    with pytest.raises(RecordingError, match=r"differ by up to 0\.5"):
        read_nifti([first, write_image(tmp_path / "c.nii", volumes(), affine=moved)])


def test_a_mask_must_lie_on_the_same_grid(tmp_path: Path, write_image: Write) -> None:
    bold = write_image(tmp_path / "bold.nii", volumes())
    other = write_image(tmp_path / "m.nii", np.ones((3, 4, 3), np.uint8))
    with pytest.raises(RecordingError, match=r"m.nii has the shape \(3, 4, 3\), but .*bold.nii has \(3, 4, 2\)"):
        read_nifti(bold, mask=other)
    ones = np.ones((3, 4, 2), np.uint8)
    moved = write_image(tmp_path / "m2.nii", ones, affine=AFFINE + 0.01 * np.eye(4, k=3))
    with pytest.raises(RecordingError, match=r"differ by up to 0\.(01|00999)"):
        read_nifti(bold, mask=moved)
    hair = write_image(tmp_path / "m3.nii", ones, affine=AFFINE + 0.0005 * np.eye(4, k=3))
    assert read_nifti(bold, mask=hair).n_features == 24
    with pytest.raises(RecordingError, match="mask is empty"):
        read_nifti(bold, mask=write_image(tmp_path / "m4.nii", 0 * ones))
    with pytest.raises(RecordingError, match="one volume"):
        read_nifti(bold, mask=bold)


def test_a_nan_voxel_is_named(tmp_path: Path, write_image: Write) -> None:
    array = volumes().astype(np.float32)
    array[2, 1, 0, 5] = np.nan
    bold = write_image(tmp_path / "bold.nii.gz", array)
    with pytest.raises(NonFiniteError, match=r"nan in voxel \(2, 1, 0\), volume 5; 1 of 24 voxels"):
        read_nifti(bold)
    mask = np.ones((3, 4, 2), np.uint8)
    mask[2, 1, 0] = 0
    assert read_nifti(bold, mask=write_image(tmp_path / "m.nii", mask)).n_features == 23


@pytest.mark.parametrize("name", ["bold.nii", "bold.nii.gz"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
def test_a_truncated_file_is_named(tmp_path: Path, write_image: Write, name: str, share: float) -> None:
    bold = write_image(tmp_path / name, np.random.default_rng(0).normal(size=(3, 4, 2, 200)))
    whole = bold.read_bytes()
    bold.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(RecordingError, match=name):
        read_nifti(bold)


def test_a_flipped_bit_is_noticed(tmp_path: Path, write_image: Write) -> None:
    bold = write_image(tmp_path / "bold.nii.gz", np.random.default_rng(0).normal(size=(3, 4, 2, 200)))
    whole = bytearray(bold.read_bytes())
    whole[len(whole) // 2] ^= 1
    bold.write_bytes(whole)
    with pytest.raises(RecordingError, match=r"bold.nii.gz: truncated or damaged"):
        read_nifti(bold)


def test_what_is_no_recording(tmp_path: Path, write_image: Write) -> None:
    with pytest.raises(RecordingError, match="there is no such file"):
        read_nifti(tmp_path / "none.nii")
    (tmp_path / "text.nii").write_text("no image at all")
    with pytest.raises(RecordingError, match="cannot be read as NIfTI"):
        read_nifti(tmp_path / "text.nii")
    (tmp_path / "bold_mc.par").write_text("0.1 0.2 0.3 0.0 0.0 0.0\n")  # movement; other images have this ending, too
    with pytest.raises(RecordingError, match=r"bold_mc.par: expected a NIfTI image \(.nii or .nii.gz or"):
        read_nifti(tmp_path / "bold_mc.par")
    with pytest.raises(RecordingError, match=r"got shape \(3, 4, 2\)"):
        read_nifti(write_image(tmp_path / "one.nii", volumes()[..., 0]))
    with pytest.raises(RecordingError, match="at least one file"):
        read_nifti([])


def test_events_outside_the_run(tmp_path: Path, write_image: Write) -> None:
    bold = write_image(tmp_path / "bold.nii", volumes())
    run = np.ones(3, int)
    events = Events(run, np.array([-1.0, 2.0, 14.0]), np.ones(3), np.array(["early", "in", "late"]))
    with pytest.raises(RecordingError, match=r"'early'.* 0 to 14 s .*2 of 3"):
        read_nifti(bold, events=events)
    assert read_nifti(bold, events=events, on_event_outside="drop").events.label.tolist() == ["in"]
    elsewhere = Events(9 * run, np.zeros(3), np.ones(3), np.array(["a", "b", "c"]))
    with pytest.raises(RecordingError, match=r"does not have: 9\. Its runs are: 1"):
        read_nifti(bold, events=elsewhere, on_event_outside="drop")
    with pytest.raises(InputError, match="on_event_outside"):
        read_nifti(bold, on_event_outside="ignore")  # type: ignore[arg-type]


DATA = volumes()


@pytest.mark.parametrize(
    ("tr_s", "words"), [(2500.0, "if these are milliseconds, give 2.5"), (0.0, "got 0$"), (-2.0, "got -2")]
)
def test_a_given_time_has_to_be_in_seconds(tmp_path: Path, write_image: Write, tr_s: float, words: str) -> None:
    with pytest.raises(RecordingError, match=f"tr_s: expected seconds between 0.01 and 60, .*{words}"):
        read_nifti(write_image(tmp_path / "bold.nii", DATA), tr_s=tr_s)


def test_a_mask_of_probabilities_needs_a_threshold(tmp_path: Path, write_image: Write) -> None:
    bold = write_image(tmp_path / "bold.nii", DATA)
    values = np.linspace(0.0, 1.0, DATA[..., 0].size, dtype=np.float32).reshape(DATA.shape[:3])
    mask = write_image(tmp_path / "mask.nii", values)
    with pytest.raises(RecordingError, match=r"got fractions from 0 to 1; .*mask_above = 0.5"):
        read_nifti(bold, mask=mask)
    assert read_nifti(bold, mask=mask, mask_above=0.5).n_features == np.count_nonzero(values > 0.5)
    with pytest.raises(RecordingError, match="no voxel of it is above 1"):
        read_nifti(bold, mask=mask, mask_above=1.0)


def test_complex_images_and_colours_are_refused(tmp_path: Path) -> None:
    colours = np.zeros((2, 3, 2, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    for name, values, words in (
        ("complex.nii", np.full((2, 3, 2, 4), 1 + 2j, np.complex64), "complex numbers; save the magnitude"),
        ("colours.nii", colours, "colours"),
    ):
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / name)  # type: ignore[attr-defined]
        with pytest.raises(RecordingError, match=f"one real number for each voxel, got {words}"):
            read_nifti(tmp_path / name, tr_s=2.0)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [((-3, 2, 2, 4), "expected sizes of 1 or more"), ((30_000, 30_000, 30_000, 4), "truncated or damaged; its header")],
)
def test_sizes_that_are_damaged_take_no_memory(
    tmp_path: Path, write_image: Write, sizes: tuple[int, ...], words: str
) -> None:
    for name, opened in (("bold.nii", open), ("bold.nii.gz", gzip.open)):
        path = write_image(tmp_path / name, DATA)
        with opened(path, "rb") as file:
            content = bytearray(file.read())
        content[42:50] = np.array(sizes, "<i2").tobytes()
        with opened(path, "wb") as file:
            file.write(content)
        with pytest.raises(RecordingError, match=words):
            read_nifti(path, tr_s=2.0)


def test_endings_in_capitals(tmp_path: Path, write_image: Write) -> None:
    bold = write_image(tmp_path / "bold.nii.gz", DATA)
    capitals = bold.rename(tmp_path / "BOLD.NII.GZ")
    np.testing.assert_array_equal(read_nifti(capitals).data, DATA.reshape(-1, DATA.shape[3]).T)
    with pytest.raises(RecordingError, match=r"expected a NIfTI image"):
        read_nifti(capitals.rename(tmp_path / "bold.nii.bz2"))
