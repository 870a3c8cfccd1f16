"""Pictures in 8 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hotwire.errors import InputError
from hotwire.models.pictures import eight_bits, open_picture


def test_opaque_pictures_are_taken_and_transparent_ones_are_not() -> None:
    for mode in ("RGBA", "LA"):
        picture = Image.new("RGB", (2, 2), (40, 40, 40)).convert(mode)
        np.testing.assert_array_equal(np.asarray(eight_bits(picture)), np.full((2, 2, 3), 40))
        picture.putpixel((0, 0), (40,) * (len(mode) - 1) + (200,) if mode == "LA" else (40, 40, 40, 200))
        with pytest.raises(InputError, match="expected nothing transparent"):
            eight_bits(picture)


def test_palettes_may_have_a_transparent_colour(tmp_path: Path) -> None:
    Image.new("P", (2, 2), 0).save(tmp_path / "a.png", transparency=0)
    with pytest.raises(InputError, match="expected nothing transparent"):
        open_picture(tmp_path / "a.png")


def test_white_has_to_be_known(tmp_path: Path) -> None:
    for bits, words in ((np.float32, "floats"), (np.int32, "32 bits")):
        with pytest.raises(InputError, match=f"expected pictures of 8 or 16 bits, got one of {words}"):
            eight_bits(Image.fromarray(np.zeros((2, 2), bits)))


def test_one_picture_a_file(tmp_path: Path) -> None:
    frames = [Image.new("L", (2, 2), shade) for shade in (0, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match="expected one picture in a file, got 2 frames"):
        open_picture(tmp_path / "a.gif")
