"""Pictures as networks and controls see them: 8 bits a colour, nothing transparent."""

from __future__ import annotations

from os import PathLike
from typing import BinaryIO, Literal

import numpy as np
from PIL import Image

from ..errors import InputError

SEVERAL = ("MPO",)
"""Formats of cameras that store one picture, with previews behind it."""


def open_picture(file: str | PathLike[str] | BinaryIO) -> Image.Image:
    """Open a file of one picture in RGB; InputError where it cannot be seen in one way alone, see `eight_bits`.

    OSError says that it is no picture, or torn.
    """
    with Image.open(file) as picture:
        n = getattr(picture, "n_frames", 1)
        if n > 1 and picture.format not in SEVERAL:
            raise InputError(
                f"expected one picture in a file, got {n} frames or pages; save the one that was presented"
            )
        return eight_bits(picture)


def eight_bits(picture: Image.Image, colours: Literal["RGB", "L"] = "RGB") -> Image.Image:
    """Return a picture in colour or in grey, in 8 bits; 16 bits are scaled to 8, as a screen does.

    Pillow itself would make what is brighter than 255 of 65,535 white, and show the colours that are hidden behind
    transparent pixels.

    Parameters
    ----------
    picture : PIL.Image.Image
    colours : "RGB" or "L"

    Raises
    ------
    InputError
        Pixels are transparent, so that what was seen depends on what lay behind; or are floats or 32 bits, whose white
        is not known.

    Examples
    --------
    >>> eight_bits(Image.fromarray(np.array([[0, 32_896, 65_535]], np.uint16)), "L").tobytes().hex(" ")
    '00 80 ff'
    """
    if picture.mode.startswith("I;16") or (picture.mode, picture.format) == ("I", "PNG"):
        # 65,535 = 257 * 255, and point() of these modes knows only a factor and a sum
        picture = picture.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if picture.mode in ("I", "F"):
        raise InputError(
            f"expected pictures of 8 or 16 bits, got one of {'32 bits' if picture.mode == 'I' else 'floats'}, whose "
            "white is not known; scale it to 0 to 255 and save it with 8 bits"
        )
    may_be_seen_through = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if may_be_seen_through and np.asarray(picture.convert("RGBA").getchannel("A")).min() < 255:
        raise InputError(
            "expected nothing transparent, got a picture with transparent pixels, and what was seen behind them is "
            "not in the file; paste it on the background that was presented, such as by ImageMagick: "
            "mogrify -background gray50 -alpha remove -alpha off FILES"
        )
    return picture.convert(colours)
