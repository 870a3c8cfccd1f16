"""The chain of tags in a FIF file, which MNE-Python would follow forever where it leads back."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

from ....errors import RecordingError

FIF = (".fif", ".fif.gz")
HEAD = struct.Struct(">iiii")
"""Kind, type, the size of what follows, and where the next tag is: 0 for behind it, -1 for nowhere."""


def check_tags(path: Path) -> None:
    """Raise RecordingError where a tag leads back or has a negative size; nothing where a file is just cut off."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        at = 0
        while len(head := file.read(HEAD.size)) == HEAD.size:
            _, _, size, follows = HEAD.unpack(head)
            if follows < 0:
                return
            if size < 0 or 0 < follows <= at:
                raise RecordingError(
                    f"{path}: cannot be read by MNE-Python: expected tags one behind the other, but that at byte {at} "
                    f"has the size {size} and leads to {follows}; the file is damaged"
                )
            at = follows or at + HEAD.size + size
            file.seek(at)
