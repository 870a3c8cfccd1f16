from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hotwire.decoder.experiments.session.section import AnyRegions
from hotwire.decoder.readers import read_arrays, read_nifti
from hotwire.decoder.readers.regions import Atlas, read_regions
from hotwire.decoder.recordings.recording import Recording
from hotwire.errors import InputError, NonFiniteError, RecordingError, UnknownNameError

SHAPE = (4, 5, 3)
AFFINE = np.array([[-3.0, 0, 0, 60], [0, 3.5, 0, -35], [0, 0, 4, 7], [0, 0, 0, 1]])


def told(regions: Any, folder: Path = Path()) -> Any:
    """Regions as a study file tells them."""
    return TypeAdapter(AnyRegions).validate_python(regions, context={"folder": folder})


def all_of(folder: Path, **files: str) -> Atlas:
    return Atlas(**{name: folder / file for name, file in files.items()})


def channels(*names: str, **more: Any) -> Recording:
    return read_arrays(np.zeros((2, len(names))), 1.0, feature_names=names, **more)


def with_regions(**regions: list[int]) -> Recording:
    given = {name: np.array(features, np.intp) for name, features in regions.items()}
    return Recording(np.zeros((2, 3), np.float32), 1.0, ("a", "b", "c"), np.ones(2, int), regions=given)


def image(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    nibabel.save(nibabel.Nifti1Image(values, affine), path)  # type: ignore[attr-defined]
    return path


@pytest.fixture
def brain(tmp_path: Path) -> Recording:
    """Two volumes; each voxel's value is where it lies. Some voxels are outside the mask."""
    volume = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    image(tmp_path / "bold.nii.gz", np.stack([volume, volume], axis=3))
    image(tmp_path / "within.nii.gz", (volume % 4 != 0).astype(np.uint8))
    return read_nifti(tmp_path / "bold.nii.gz", mask=tmp_path / "within.nii.gz", tr_s=2.0)


def lists(regions: dict[str, np.ndarray]) -> dict[str, list[int]]:
    return {name: features.tolist() for name, features in regions.items()}


def test_names_patterns_and_ranges() -> None:
    recording = channels("Fz", "C3", "Cz", "C4", "Oz")
    given = told(
        {
            "central": {"features": "C?"},
            "midline": {"features": ["Oz", "Fz", "*z"]},
            "all": "all",
            "first": {"first": 0, "stop": 2},
        }
    )
    assert lists(read_regions(given, recording)) == {
        "central": [1, 2, 3],
        "midline": [0, 2, 4],
        "all": [0, 1, 2, 3, 4],
        "first": [0, 1],
    }
    assert lists(read_regions("all", recording)) == {"all": [0, 1, 2, 3, 4]}


def test_regions_that_the_recording_brought_along() -> None:
    assert lists(read_regions(told("recording"), with_regions(V1=[2, 0]))) == {"V1": [0, 2]}
    with pytest.raises(InputError, match="the recording brought none along"):
        read_regions("recording", channels("a"))


def test_masks_and_atlases_by_voxel(brain: Recording, tmp_path: Path) -> None:
    atlas = np.random.default_rng(0).integers(0, 4, size=SHAPE).astype(np.int16)
    image(tmp_path / "atlas.nii.gz", atlas)
    image(tmp_path / "mask.nii", (atlas == 2).astype(np.float32) * 0.5)
    given = told(
        {
            "mask": {"mask": "mask.nii"},
            "two": {"atlas": "atlas.nii.gz", "label": 2},
            "one and three": {"atlas": "atlas.nii.gz", "label": [1, 3]},
        },
        tmp_path,
    )
    found = read_regions(given, brain)
    kept = np.arange(np.prod(SHAPE)) % 4 != 0
    for name, labels in (("mask", [2]), ("two", [2]), ("one and three", [1, 3])):
        expected = np.flatnonzero(np.isin(atlas.ravel(), labels) & kept)
        np.testing.assert_array_equal(brain.data[0, found[name]], expected)
    apart = read_regions(all_of(tmp_path, atlas="atlas.nii.gz"), brain)
    assert list(apart) == ["1", "2", "3"]
    np.testing.assert_array_equal(apart["2"], found["two"])


def test_labels_of_an_atlas_have_names(brain: Recording, tmp_path: Path) -> None:
    atlas = np.zeros(SHAPE, np.uint8)
    atlas[1], atlas[2] = 7, 9
    image(tmp_path / "atlas.nii.gz", atlas)
    (tmp_path / "labels.tsv").write_text("index\tname\tcolor\n7\tV1\tred\n9\tV2\tblue\n11\tV3\tblack\n")
    found = read_regions(all_of(tmp_path, atlas="atlas.nii.gz", labels="labels.tsv"), brain)
    assert {name: len(features) for name, features in found.items()} == {"V1": 11, "V2": 11}
    for text, error, words in (
        ("index\tname\n7\tV1\n", UnknownNameError, r"unknown index in .*labels\.tsv 9.*There are: 7"),
        ("index\tlabel\n7\tV1\n", RecordingError, "a column 'name', got the columns index, label"),
        ("index\tname\n7\tV1\n9\tV1\n", RecordingError, "each name once, got several of V1"),
        ("index\tname\nx\tV1\n", RecordingError, "a number in the column 'index', got 'x'"),
    ):
        (tmp_path / "labels.tsv").write_text(text)
        with pytest.raises(error, match=words):
            read_regions(all_of(tmp_path, atlas="atlas.nii.gz", labels="labels.tsv"), brain)


@given(kept=st.sets(st.integers(0, 9), min_size=1))
def test_names_are_found_wherever_they_lie(kept: set[int]) -> None:
    recording = channels(*(f"n{i}" for i in range(10))).select(features=sorted(kept, reverse=True))
    found = read_regions(told({"r": {"features": [f"n{i}" for i in kept]}}), recording)["r"]
    assert {recording.feature_names[i] for i in found} == {f"n{i}" for i in kept}


@pytest.mark.parametrize(
    ("shape", "affine", "words"),
    [
        (SHAPE, AFFINE + np.eye(4)[:, [3, 3, 3, 0]], r"lie elsewhere in space: voxel \(.*\) is at \(61\.0.*at \(60\.0"),
        (SHAPE, AFFINE * [[-1], [1], [1], [1]], "lie elsewhere in space"),
        ((4, 5, 2), AFFINE, r"has the shape \(4, 5, 2\), but the recording has voxel \(0, 0, 2\)"),
        ((*SHAPE, 2), AFFINE, r"expected one volume \(x, y, z\), got shape \(4, 5, 3, 2\)"),
    ],
)
def test_an_image_on_another_grid_shows_both(
    brain: Recording, tmp_path: Path, shape: tuple[int, ...], affine: np.ndarray, words: str
) -> None:
    image(tmp_path / "mask.nii.gz", np.ones(shape, np.uint8), affine)
    with pytest.raises(RecordingError, match=rf"regions\.V1: .*mask\.nii\.gz.*{words}"):
        read_regions(told({"V1": {"mask": "mask.nii.gz"}}, tmp_path), brain)


def test_damaged_images(brain: Recording, tmp_path: Path) -> None:
    path = image(tmp_path / "mask.nii", np.random.default_rng(0).random(SHAPE).astype(np.float32))
    asked = told({"V1": {"mask": "mask.nii"}}, tmp_path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(RecordingError, match=r"regions\.V1: .*truncated or damaged"):
        read_regions(asked, brain)
    path.unlink()
    with pytest.raises(RecordingError, match="there is no such file"):
        read_regions(asked, brain)
    image(path, np.full(SHAPE, np.nan, np.float32))
    with pytest.raises(InputError, match=r"regions\.V1: .*got nan in voxel") as caught:
        read_regions(asked, brain)
    assert isinstance(caught.value.__cause__, NonFiniteError)
    image(path, np.full(SHAPE, 1.5, np.float32))
    with pytest.raises(RecordingError, match=r"an atlas of whole numbers, got 1\.5"):
        read_regions(told({"V1": {"atlas": "mask.nii", "label": 1}}, tmp_path), brain)


def test_images_need_voxels(brain: Recording, tmp_path: Path) -> None:
    image(tmp_path / "mask.nii.gz", np.ones(SHAPE, np.uint8))
    asked = told({"V1": {"mask": "mask.nii.gz"}}, tmp_path)
    with pytest.raises(RecordingError, match=r"the features are Fz, Cz, \.\.\. without positions"):
        read_regions(asked, channels("Fz", "Cz"))
    with pytest.raises(RecordingError, match=r"the features are Fz, \.\.\. with positions"):
        read_regions(asked, channels("Fz", positions_mm=np.zeros((1, 3))))


@pytest.mark.parametrize(
    ("regions", "error", "words"),
    [
        ({"a": {"features": "Fzz"}}, InputError, r"regions\.a: unknown feature or pattern 'Fzz'; did you mean 'Fz'"),
        ({"a": {"first": 1, "stop": 3}}, InputError, r"regions\.a: expected first < stop <= 2"),
        ({"a": {"first": 1, "stop": 1}}, InputError, "got first = 1 and stop = 1"),
    ],
)
def test_what_the_recording_does_not_have(regions: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read_regions(told(regions), channels("Fz", "Cz"))


def test_an_empty_region_is_named(brain: Recording, tmp_path: Path) -> None:
    image(tmp_path / "none.nii.gz", np.zeros(SHAPE, np.uint8))
    with pytest.raises(RecordingError, match=r"regions\.V1: none of the 45 features is in it; leave it out"):
        read_regions(told({"V1": {"mask": "none.nii.gz"}}, tmp_path), brain)
    with pytest.raises(RecordingError, match=r"none\.nii\.gz: all features of the recording lie where the atlas is 0"):
        read_regions(all_of(tmp_path, atlas="none.nii.gz"), brain)
    with pytest.raises(RecordingError, match=r"regions\.V2: none of the 3 features"):
        read_regions("recording", with_regions(V1=[0], V2=[]))


@pytest.mark.parametrize(
    ("regions", "place", "words"),
    [
        ("brain", (), 'expected "all", "recording" or a table of regions.*got \'brain\''),
        ({}, (), "a table of regions"),
        ({"a": 3}, ("a",), 'expected "all", { features'),
        ({"a": {}}, ("a",), "got the fields none"),
        ({"a": {"mask": "m.nii", "features": "x"}}, ("a",), "got the fields features, mask"),
        ({"a": {"atlas": "m.nii"}}, ("a",), "got the fields atlas"),
        ({"a": {"featured": "x"}}, ("a",), "unknown field 'featured'; did you mean 'features'"),
        ({"a": {"features": [1]}}, ("a", "features", 0), "valid string"),
        ({"a": {"first": -1, "stop": 2}}, ("a", "first"), "greater than or equal to 0"),
    ],
)
def test_wrong_fields_are_found_where_they_are(regions: Any, place: tuple, words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        told(regions)
    assert caught.value.errors()[0]["loc"] == place
