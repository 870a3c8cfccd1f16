from __future__ import annotations

import os
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from hotwire.decoder.readers import read_pictures, read_responses
from hotwire.errors import NonFiniteError, RecordingError


def save_pictures(folder: Path, names: list[str]) -> None:
    folder.mkdir()
    for shade, name in enumerate(names):
        Image.new("RGB", (4, 4), (shade, shade, shade)).save(folder / name)


def test_every_response_is_a_run_of_its_own(tmp_path: Path) -> None:
    responses = np.arange(6.0).reshape(2, 3)
    np.save(tmp_path / "responses.npy", responses)
    recording = read_responses(tmp_path / "responses.npy", ["a.png", "b.png", "c.png"])
    np.testing.assert_array_equal(recording.data, responses.T)
    assert len(recording.runs) == len(recording.events) == 3
    assert recording.events.stimulus is not None
    assert recording.events.stimulus.tolist() == ["a.png", "b.png", "c.png"]


def test_pictures_come_in_the_order_of_their_names_from_folder_and_zip(tmp_path: Path) -> None:
    save_pictures(tmp_path / "pictures", ["b.png", "a.jpg", "c.bmp"])
    (tmp_path / "pictures" / "notes.txt").write_text("no picture")
    with ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for file in (tmp_path / "pictures").iterdir():
            archive.write(file, f"deep/{file.name}")
    for path in (tmp_path / "pictures", tmp_path / "pictures.zip"):
        pictures = read_pictures(path)
        assert list(pictures) == ["a.jpg", "b.png", "c.bmp"]
        assert pictures["b.png"].size == (4, 4)


def test_wrong_inputs(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"column for each of the 2 stimuli, got \(2, 3\)"):
        read_responses(np.ones((2, 3)), ["a", "b"])
    with pytest.raises(NonFiniteError, match="neuron_1"):
        read_responses(np.array([[1.0, 2.0], [1.0, np.nan]]), ["a", "b"])
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(RecordingError, match=r"broken\.npy cannot be read"):
        read_responses(tmp_path / "broken.npy", ["a"])
    with pytest.raises(RecordingError, match="neither a folder nor a zip"):
        read_pictures(tmp_path / "nowhere")
    (tmp_path / "broken.zip").write_bytes(b"PK")
    with pytest.raises(RecordingError, match="cannot be read as a zip"):
        read_pictures(tmp_path / "broken.zip")
    save_pictures(tmp_path / "empty", [])
    with pytest.raises(RecordingError, match="no pictures"):
        read_pictures(tmp_path / "empty")
    (tmp_path / "empty" / "torn.png").write_bytes(b"\x89PNG")
    with pytest.raises(RecordingError, match=r"torn\.png"):
        read_pictures(tmp_path / "empty")


@pytest.mark.slow
def test_v4_session() -> None:
    data = os.environ.get("HOTWIRE_DATA")
    if not data or not (folder := Path(data) / "v4-natural").is_dir():
        pytest.skip("HOTWIRE_DATA does not name the folder of recordings")
    pictures = read_pictures(folder / "images" / "images_210621.zip")
    recording = read_responses(folder / "responses" / "responses_210621.npy", list(pictures))
    assert (recording.n_samples, recording.n_features) == (1200, 51)
    assert next(iter(pictures.values())).size == (112, 112)
