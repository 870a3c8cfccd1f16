"""DICOM files of three kinds of scanners, against the volumes they were made of and nibabel's own reader of mosaics."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest

from hotwire.decoder.readers import read_dicom
from hotwire.decoder.readers.dicom.assembly import DicomVolume, VolumeAssembly
from hotwire.decoder.readers.dicom.header import Series
from hotwire.decoder.readers.dicom.slices import read_slices
from hotwire.errors import RecordingError

from ....dicom_files import AFFINE, NAME, UID, dataset, enhanced, mosaic, single_slices, volume, write_mosaics, written
from ..conftest import recordings


def nifti(path: Path) -> Any:
    return nibabel.load(path)  # type: ignore[attr-defined]


def volumes(*files: bytes, n_slices: int | None = None) -> list[DicomVolume]:
    assembly = VolumeAssembly(n_slices)
    whole = []
    for file in files:
        slices = read_slices(file)
        assert slices is not None
        whole += assembly.add(slices)
    return whole + assembly.rest()


def test_a_mosaic_is_the_volume_that_it_was_made_of_and_what_nibabel_reads() -> None:
    made = mosaic(volume(1), 12)
    (one,) = volumes(made)
    assert np.array_equal(one.values, volume(1))
    assert one.values.dtype == np.float32
    np.testing.assert_allclose(one.affine, AFFINE, atol=1e-6)
    assert one.number == 12
    assert one.acquired_s == 11 * 3600 + 10 * 60 + 24
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nibabel.nicom.dicomwrappers import wrapper_from_data

        wrapper = wrapper_from_data(pydicom.dcmread(BytesIO(made)))
        assert np.array_equal(one.values, np.asarray(wrapper.get_data()).transpose(1, 0, 2)[:, ::-1])
        last_row = np.array([4.0, 2.0, 3.0, 1.0])  # (row, column, slice): the first of ours
        np.testing.assert_allclose(
            np.diag([-1, -1, 1, 1]) @ wrapper.affine @ last_row, one.affine @ [2, 0, 3, 1], atol=1e-4
        )


def test_single_slices_in_any_order_are_one_volume() -> None:
    files = single_slices(volume(3), 2, slope=0.5)
    (one,) = volumes(*(files[i] for i in (2, 0, 3, 1)))
    assert np.array_equal(one.values, volume(3) / 2)
    np.testing.assert_allclose(one.affine, AFFINE, atol=1e-6)
    assert one.number == 2
    assembly = VolumeAssembly()
    for file in (files[0], files[0], files[1]):  # a slice that comes twice counts once
        assert assembly.add(read_slices(file)) == []  # type: ignore[arg-type]
    assert assembly.waiting == {2: 2}
    with pytest.raises(RecordingError, match="expected slices at equal distances"):
        volumes(files[0], files[1], files[3])


def test_an_enhanced_file_holds_one_volume_or_a_series() -> None:
    (one,) = volumes(enhanced([volume(4)], 9))
    assert one.number == 9
    assert np.array_equal(one.values, volume(4))
    np.testing.assert_allclose(one.affine, AFFINE, atol=1e-6)
    series = volumes(enhanced([volume(5), volume(6)], 1))
    assert [each.number for each in series] == [1, 2]
    assert np.array_equal(series[1].values, volume(6))


def test_the_header_says_the_series_and_the_repetition_time() -> None:
    slices = read_slices(mosaic(volume(1), 1, series=4, tr_s=1.5))
    assert slices is not None
    assert slices.series == Series(f"{UID}.4", 4, NAME)
    assert slices.tr_s == 1.5


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.6, 0.99])
def test_a_file_that_is_still_being_written_is_not_whole(share: float) -> None:
    made = mosaic(volume(1), 1)
    assert read_slices(made[: int(share * len(made))]) is None


def test_a_file_without_a_place_or_a_picture_is_named(tmp_path: Path) -> None:
    made = dataset(1)
    made.Rows, made.Columns, made.PixelData = 2, 2, bytes(8)
    (tmp_path / "1.dcm").write_bytes(written(made))
    with pytest.raises(RecordingError, match=r"1\.dcm: cannot be read .*OrientationPatient: expected 6 numbers"):
        read_dicom(tmp_path)


def test_a_folder_is_a_recording(tmp_path: Path) -> None:
    write_mosaics(tmp_path, range(1, 6))
    (tmp_path / "notes.txt").write_text("not a picture")
    mask = np.zeros((6, 5, 4), np.uint8)
    mask[2, 1, 3] = mask[4, 4, 0] = 1
    nibabel.save(nibabel.Nifti1Image(mask, AFFINE), tmp_path / "mask.nii")  # type: ignore[attr-defined]
    recording = read_dicom(tmp_path, tmp_path / "mask.nii")
    assert recording.feature_names == ("voxel_2_1_3", "voxel_4_4_0")
    assert recording.data.tolist() == [[volume(n)[2, 1, 3], volume(n)[4, 4, 0]] for n in range(1, 6)]
    assert recording.tr_s == 2.0
    assert "2 files are no DICOM" in recording.source
    assert recording.positions_mm is not None
    np.testing.assert_allclose(recording.positions_mm, [(AFFINE @ [2, 1, 3, 1])[:3], (AFFINE @ [4, 4, 0, 1])[:3]])
    assert recording.space is not None
    assert recording.space.shape == (6, 5, 4)


def test_the_series_is_chosen_and_others_are_left_out(tmp_path: Path) -> None:
    write_mosaics(tmp_path, range(1, 4))
    (tmp_path / "x.dcm").write_bytes(mosaic(volume(9), 1, series=8, protocol="localizer"))
    with pytest.raises(RecordingError, match=r"expected one series, got 2.*series 7 \(bold run\): 3 files, series 8"):
        read_dicom(tmp_path)
    for choice in ({"series": 7}, {"protocol": NAME}, {"pattern": "0*.dcm"}):
        assert read_dicom(tmp_path, **choice).n_samples == 3  # type: ignore[arg-type]
    assert "1 files of other series are left out" in read_dicom(tmp_path, series=7).source
    (tmp_path / "notes").write_text("1 mm to the left")
    with pytest.raises(RecordingError, match=r"expected DICOM files, got 1 other files named like 'n\*'"):
        read_dicom(tmp_path, pattern="n*")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("lost", "volume 2 is missing"),
        ("torn", r"000002\.dcm: cannot be read as DICOM: it is torn"),
        ("matrix", "volume 2: it has the matrix 6 x 5 x 3, expected 6 x 5 x 4"),
        ("place", "volume 2: .*lies elsewhere in space: the affines differ by up to 5"),
        ("size", "its voxels measure 3.*expected 3"),
        ("time", r"expected one repetition time in the headers, got \[1.5, 2.0\]"),
        ("twice", "volume 1 is there twice"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, fault: str, message: str) -> None:
    write_mosaics(tmp_path, range(1, 4))
    path = tmp_path / "000002.dcm"
    away = AFFINE + np.eye(4)[:, :1] @ np.array([[0.0, 0.0, 0.0, 5.0]])
    wrong = {
        "torn": lambda: path.write_bytes(path.read_bytes()[:-20]),
        "lost": path.unlink,
        "matrix": lambda: path.write_bytes(mosaic(volume(2, (6, 5, 3)), 2)),
        "place": lambda: path.write_bytes(mosaic(volume(2), 2, away)),
        "size": lambda: path.write_bytes(mosaic(volume(2), 2, AFFINE @ np.diag([1.1, 1, 1, 1]))),
        "time": lambda: path.write_bytes(mosaic(volume(2), 2, tr_s=1.5)),
        "twice": lambda: path.write_bytes(mosaic(volume(2), 1)),
    }
    wrong[fault]()
    with pytest.raises(RecordingError, match=message):
        read_dicom(tmp_path)


def test_a_repetition_time_unlike_the_clock_is_reported(tmp_path: Path) -> None:
    write_mosaics(tmp_path, range(1, 4))
    with pytest.warns(UserWarning, match="by their times of acquisition volumes are 2 s apart"):
        assert read_dicom(tmp_path, tr_s=1.0).tr_s == 1.0


def test_real_mosaics_lie_where_the_run_s_own_masks_do() -> None:
    folder = recordings("opennft-run")
    region = folder / "ROIs_D1" / "lROI_1.nii"
    recording = read_dicom(folder / "dicom", region, pattern="*_00000[12].dcm")
    assert recording.data.shape == (2, 83)
    assert recording.tr_s == pytest.approx(1.97)
    template, mask = (nifti(folder / name) for name in ("fanon-0007-00006-000006-01.nii", "ROIs_D1/lROI_1.nii"))
    assert recording.space is not None
    np.testing.assert_allclose(recording.space.affine, template.affine, atol=1e-4)
    inside = np.asarray(mask.dataobj) != 0
    assert np.corrcoef(recording.data[0], np.asarray(template.dataobj)[inside])[0, 1] > 0.95
