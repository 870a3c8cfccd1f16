"""Pictures of folders and zip files, and what a folder of stimuli holds."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from hotwire.decoder.readers import read_pictures
from hotwire.decoder.readers.stimuli import kind_of_stimuli
from hotwire.errors import InputError, RecordingError


def save_pictures(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for shade, name in enumerate(names):
        Image.new("RGB", (4, 4), (shade, shade, shade)).save(folder / name)
    return folder


def test_pictures_come_in_the_order_of_their_names_from_folder_and_zip(tmp_path: Path) -> None:
    save_pictures(tmp_path / "pictures", ["b.png", "a.jpg", "c.bmp"])
    for other in ("notes.txt", "._a.jpg", ".b.png"):  # macOS writes the like beside pictures
        (tmp_path / "pictures" / other).write_text("no picture")
    with ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for file in (tmp_path / "pictures").iterdir():
            archive.write(file, f"deep/{file.name}")
    for path in (tmp_path / "pictures", tmp_path / "pictures.zip"):
        pictures = read_pictures(path)
        assert list(pictures) == ["a.jpg", "b.png", "c.bmp"]
        assert pictures["b.png"].size == (4, 4)


def test_pictures_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"there is no folder or zip file .*nowhere; .* holds nothing"):
        read_pictures(tmp_path / "nowhere")
    (tmp_path / "broken.zip").write_bytes(b"PK")
    with pytest.raises(RecordingError, match="cannot be read as a zip"):
        read_pictures(tmp_path / "broken.zip")
    folder = save_pictures(tmp_path / "empty", [])
    with pytest.raises(RecordingError, match="no pictures"):
        read_pictures(folder)
    (folder / "torn.png").write_bytes(b"\x89PNG")
    with pytest.raises(RecordingError, match=r"torn\.png"):
        read_pictures(folder)
    save_pictures(tmp_path / "some", ["a.png"])
    with ZipFile(tmp_path / "twice.zip", "w") as archive:
        for name in ("dogs/a.png", "cats/a.png"):
            archive.write(tmp_path / "some" / "a.png", name)
    with pytest.raises(RecordingError, match=r"different names, got 'a.png' in several folders of .*twice.zip"):
        read_pictures(tmp_path / "twice.zip")


def test_what_was_seen_is_not_known(tmp_path: Path) -> None:
    folder = save_pictures(tmp_path / "pictures", ["b.png"])
    Image.new("RGBA", (4, 4), (9, 9, 9, 0)).save(folder / "a.png")
    with pytest.raises(RecordingError, match=r"stimuli: a.png in .*: expected nothing transparent"):
        read_pictures(folder)
    Image.new("RGB", (4, 4)).save(folder / "a.png", exif=turned())
    with pytest.warns(UserWarning, match=r"1 of 2 pictures in .* \(a.png\) carry a camera's note"):
        read_pictures(folder)


def turned() -> Image.Exif:
    note = Image.Exif()
    note[0x0112] = 6
    return note


def test_kind_of_stimuli(tmp_path: Path) -> None:
    folder = save_pictures(tmp_path / "stimuli", ["a.png"])
    assert kind_of_stimuli(folder) == "pictures"
    (folder / "a.wav").write_bytes(b"")
    with pytest.raises(InputError, match=r"1 pictures, such as a.png, and 1 sounds, such as a.wav"):
        kind_of_stimuli(folder)
    (folder / "a.png").rename(folder / "a.aiff")
    assert kind_of_stimuli(folder) == "sounds"
    (folder / "a.wav").unlink()
    with pytest.raises(InputError, match=r"stimuli: expected pictures \(.png, .*or a folder of sounds .* holds a.aiff"):
        kind_of_stimuli(folder)
    assert kind_of_stimuli(tmp_path / "stimul") is None
    with pytest.raises(RecordingError, match=r"there is no folder or zip file .*stimul; did you mean stimuli"):
        read_pictures(tmp_path / "stimul")


@pytest.mark.parametrize("bits", [np.uint8, np.uint16])
def test_pictures_of_16_bits_are_seen_as_those_of_8(tmp_path: Path, bits: type) -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(values.astype(bits) * (257 if bits is np.uint16 else 1)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(read_pictures(tmp_path)["a.png"]), np.stack([values] * 3, axis=2))
