from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from hotwire.decoder.readers.arrays.stored_pictures import read_stored_pictures
from hotwire.errors import InputError, RecordingError


def saved(path: Path, pictures: np.ndarray) -> Path:
    np.savez(path, X=pictures) if path.suffix == ".npz" else scipy.io.savemat(path, {"X": pictures})
    return path


@pytest.mark.parametrize(("ending", "order"), [("npz", "C"), ("mat", "F")])
def test_rows_are_laid_out_as_their_program_does(tmp_path: Path, ending: str, order: Any) -> None:
    upright = np.random.default_rng(0).integers(0, 256, size=(3, 4, 5)).astype(np.uint8)
    rows = np.stack([picture.ravel(order=order) for picture in upright])
    pictures = read_stored_pictures(saved(tmp_path / f"a.{ending}", rows), "X", (4, 5))
    assert list(pictures) == ["picture_0", "picture_1", "picture_2"]
    for picture, expected in zip(pictures.values(), upright, strict=True):
        assert picture.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(picture), expected[:, :, None].repeat(3, axis=2))


def test_colours_and_whole_numbers_kept_as_floats(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, size=(2, 4, 5, 3))
    found = read_stored_pictures(saved(tmp_path / "a.mat", colours.astype(float)), "X")
    np.testing.assert_array_equal(np.stack([np.asarray(picture) for picture in found.values()]), colours)


def test_a_picture_shown_again_is_the_same_picture(tmp_path: Path) -> None:
    rows = np.array([[1, 2], [3, 4], [1, 2], [5, 6]], np.uint8)
    assert list(read_stored_pictures(saved(tmp_path / "a.npz", rows), "X", (1, 2))) == [
        "picture_0",
        "picture_1",
        "picture_3",
    ]


@pytest.mark.parametrize(
    ("pictures", "shape", "words"),
    [
        (np.full((2, 4), 0.5), (2, 2), "whole numbers from 0 to 255, got float64 from 0.5 to 0.5; scale them"),
        (np.full((2, 4), 256), (2, 2), "got int64 from 256 to 256"),
        (np.array([["a"]]), (1, 1), "'X' to be numbers, got an array of <U1"),
        (np.zeros((2, 5)), (2, 2), r"in rows of 2 x 2 numbers, got shape \(2, 5\)"),
        (np.zeros((2, 4)), None, r"for each sample the shape \(4,\); where pictures are rows, give their shape"),
        (np.zeros((2, 2, 2, 2)), None, r"for each sample the shape \(2, 2, 2\)"),
        (np.zeros(3), None, r"a picture for each of the 3 samples, got shape \(3,\)"),
    ],
)
def test_what_are_no_pictures(tmp_path: Path, pictures: np.ndarray, shape: Any, words: str) -> None:
    with pytest.raises(RecordingError, match=words):
        read_stored_pictures(saved(tmp_path / "a.npz", pictures), "X", shape)


def test_an_unknown_order(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="order: expected 'C' or 'F'"):
        read_stored_pictures(saved(tmp_path / "a.npz", np.zeros((1, 4))), "X", (2, 2), order="A")  # type: ignore[arg-type]
