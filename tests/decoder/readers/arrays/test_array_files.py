from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from hotwire.decoder.readers.arrays.array_files import array_shapes, entries, load_arrays
from hotwire.errors import RecordingError, UnknownNameError


def cells(*values: object) -> np.ndarray:
    array = np.empty((1, len(values)), object)
    array[0] = [*values]
    return array


def test_only_what_is_asked_for_is_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=np.arange(6.0).reshape(2, 3), label=np.array(["a", "b"]))
    arrays = load_arrays(tmp_path / "a.npz", ["label"])
    assert list(arrays) == ["label"]
    assert arrays["label"].tolist() == ["a", "b"]


@pytest.mark.parametrize("do_compression", [False, True])
def test_matlab_keeps_cells_of_volumes_and_gives_cells_of_texts_as_texts(tmp_path: Path, do_compression: bool) -> None:
    volumes = [np.ones((2, 3, 4)), np.zeros((2, 3, 4))]
    content = {"X": np.eye(2), "names": cells("left", ""), "letters": np.array(["ab", "c"]), "masks": cells(*volumes)}
    scipy.io.savemat(tmp_path / "a.mat", content, do_compression=do_compression)
    arrays = load_arrays(tmp_path / "a.mat", list(content))
    assert arrays["names"].tolist() == [["left", ""]]
    assert arrays["letters"].tolist() == ["ab", "c"]  # MATLAB has a matrix of letters, filled up with blanks
    for cell, volume in zip(arrays["masks"].ravel(), volumes, strict=True):
        np.testing.assert_array_equal(cell, volume)


@pytest.mark.parametrize("ending", ["npz", "mat"])
def test_a_missing_array_lists_those_there_are(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    content = {"samples": np.eye(2), "category": np.arange(2)}
    np.savez(path, samples=np.eye(2), category=np.arange(2)) if ending == "npz" else scipy.io.savemat(path, content)
    with pytest.raises(UnknownNameError, match=r"unknown array in .* 'sample'; did you mean 'samples'.* category"):
        load_arrays(path, ["sample"])


def test_python_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", good=np.eye(2), bad=np.array([{}], object), allow_pickle=True)
    with pytest.raises(RecordingError, match=r"'bad' holds Python objects.*astype\(str\)"):
        load_arrays(tmp_path / "a.npz", ["bad"])
    assert load_arrays(tmp_path / "a.npz", ["good"])["good"].shape == (2, 2)
    (tmp_path / "b.npz").write_bytes(pickle.dumps({"X": 1}))
    with pytest.raises(RecordingError, match=r"b\.npz: expected a file of arrays"):
        load_arrays(tmp_path / "b.npz", ["X"])


def test_matlab_structures_are_named(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "a.mat", {"scan": {"X": 1.0}})
    with pytest.raises(RecordingError, match=r"expected 'scan' to hold numbers or texts.*got a structure; .*: X"):
        load_arrays(tmp_path / "a.mat", ["scan"])


def test_a_matlab_file_of_version_7_3_says_what_to_do(tmp_path: Path) -> None:
    header = b"MATLAB 7.3 MAT-file".ljust(124) + (0x0200).to_bytes(2, "little") + b"IM"
    (tmp_path / "a.mat").write_bytes(header.ljust(512, b"\0") + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(RecordingError, match=r"version 7\.3.*'-v7'.*h5py"):
        load_arrays(tmp_path / "a.mat", ["X"])


@pytest.mark.parametrize("ending", ["npz", "mat"])
def test_a_cut_file_is_named(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    X = np.random.default_rng(0).normal(size=(6, 5))
    np.savez(path, X=X) if ending == "npz" else scipy.io.savemat(path, {"X": X})
    whole = path.read_bytes()
    for n in range(0, len(whole), 7):
        path.write_bytes(whole[:n])
        with pytest.raises((RecordingError, UnknownNameError), match=rf"a\.{ending}"):
            load_arrays(path, ["X"])


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        load_arrays(tmp_path / "a.npz", ["X"])
    (tmp_path / "a.csv").write_text("1,2")
    with pytest.raises(RecordingError, match=r"ending in \.npz or \.mat, got \.csv"):
        load_arrays(tmp_path / "a.csv", ["X"])
    np.save(tmp_path / "b.npy", np.eye(2))
    (tmp_path / "b.npy").rename(tmp_path / "b.npz")
    with pytest.raises(RecordingError, match="several arrays by name, got a single one"):
        load_arrays(tmp_path / "b.npz", ["X"])


def test_entries_are_texts_or_whole_numbers() -> None:
    here = Path("a.mat")
    assert entries(here, "x", np.array([[1.0], [2.0]])).tolist() == [1, 2]
    assert entries(here, "x", np.array([["a", "b"]])).tolist() == ["a", "b"]
    for wrong in (np.array([1.5]), np.array([np.nan]), np.array([np.inf]), np.array([None])):
        with pytest.raises(RecordingError, match="'x' to be texts or whole numbers"):
            entries(here, "x", wrong)


@pytest.mark.parametrize("order", "<>")
def test_texts_of_no_letters(tmp_path: Path, order: str) -> None:
    texts = np.array([["left", "ß"], ["", "right"]], f"{order}U5")
    np.savez(tmp_path / "a.npz", x=texts, none=np.array([], "U1"), empty=np.array([""]))
    assert load_arrays(tmp_path / "a.npz", ["x", "none", "empty"])["x"].tolist() == texts.tolist()
    damaged = texts.view(f"{order}u4").copy()
    damaged[1, 3] = 0x110000
    np.savez(tmp_path / "a.npz", x=damaged.view(f"{order}U5"))
    with pytest.raises(RecordingError, match="'x' holds what are no letters; the file is damaged"):
        load_arrays(tmp_path / "a.npz", ["x"])


def test_members_that_are_no_arrays(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("x.npy", b"no array")
    for read in (lambda path: load_arrays(path, ["x"]), array_shapes):
        with pytest.raises(RecordingError, match="'x' is no array; the file is damaged"):
            read(tmp_path / "a.npz")
