"""What Siemens scanners write beside the standard: their private header, and mosaics of all slices in one picture."""

from __future__ import annotations

import struct
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError

IMAGE_HEADER = (0x0029, 0x1010)
SLICES_IN_MOSAIC = (0x0019, 0x100A)
SLICE_NORMAL = (0x0019, 0x100B)  # not written by every version
END_OF_TAG = 77, 205


def mosaic_slices(dataset: Any) -> int | None:
    """Return how many slices a mosaic holds; None for a picture that is none."""
    if "MOSAIC" not in list(dataset.get("ImageType", [])):
        return None
    given = dataset.get(SLICES_IN_MOSAIC)
    numbers = [str(given.value)] if given is not None else private_header(dataset).get("NumberOfImagesInMosaic", [])
    if not numbers or not numbers[0].strip().isdecimal() or int(numbers[0]) < 1:
        raise RecordingError(
            f"NumberOfImagesInMosaic: expected the number of slices of a mosaic, got {numbers or 'none'}; export "
            "with Siemens' private header, or without mosaics"
        )
    return int(numbers[0])


def slice_normal(dataset: Any) -> NDArray[np.float64] | None:
    """Return the direction from the first slice to the last; None where the header does not say it."""
    numbers = private_header(dataset).get("SliceNormalVector", [])
    return np.array([float(one) for one in numbers[:3]]) if len(numbers) >= 3 else None


def tiles(picture: NDArray[np.float32], n_slices: int) -> NDArray[np.float32]:
    """Return the slices (n_slices, rows, columns) of a mosaic: tiles of a square, row by row.

    Examples
    --------
    >>> tiles(np.arange(16.0).reshape(4, 4), 3)[2].tolist()
    [[8.0, 9.0], [12.0, 13.0]]
    """
    n_across = ceil(sqrt(n_slices))
    rows, columns = picture.shape
    if rows % n_across or columns % n_across:
        raise RecordingError(
            f"Rows, Columns: expected a mosaic of {n_across} x {n_across} tiles for {n_slices} slices, got a picture "
            f"of {rows} x {columns}"
        )
    square = picture.reshape(n_across, rows // n_across, n_across, columns // n_across)
    return square.transpose(0, 2, 1, 3).reshape(n_across**2, rows // n_across, columns // n_across)[:n_slices]


def private_header(dataset: Any) -> dict[str, list[str]]:
    """Return the entries of the private header of a picture (CSA); none where there is no such header."""
    element = dataset.get(IMAGE_HEADER)
    content = b"" if element is None or not isinstance(element.value, bytes) else element.value
    if len(content) < 16:
        return {}
    at, n_tags = 0, 0
    is_second = content[:4] == b"SV10"
    at = 8 if is_second else 0
    n_tags, _ = struct.unpack_from("<2I", content, at)
    at += 8
    entries: dict[str, list[str]] = {}
    try:
        for _ in range(min(n_tags, 256)):
            name, n_values, _, _, n_items, _ = struct.unpack_from("<64si4s3i", content, at)
            at += 84
            values, first = [], 0
            for _ in range(min(n_items, 4096)):
                item = struct.unpack_from("<4i", content, at)
                at += 16
                first = first or item[0]
                # In the first version, lengths are counted from that of the first item.
                length = item[1] if is_second else item[0] - first + (item[1] if item[0] == first else 0)
                if length < 0:
                    raise RecordingError(f"private header of Siemens: damaged at byte {at}")
                values.append(content[at : at + length].split(b"\0")[0].decode("latin-1").strip())
                at += (length + 3) // 4 * 4
            entries[name.split(b"\0")[0].decode("latin-1")] = [one for one in values[: n_values or None] if one]
    except struct.error as error:
        raise RecordingError(f"private header of Siemens: it ends within an entry: {error}") from error
    return entries
