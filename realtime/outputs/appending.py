"""Appending to a file that can be read at any moment, even after a crash or on a full disk."""

from __future__ import annotations

import os


def append_whole(fd: int, data: bytes | memoryview) -> None:
    """Append bytes to an open file, all of them or none; raises OSError if the disk is full or gone.

    Normally one ``os.write``. Nothing is buffered in the process, so that appended bytes survive a kill -9.
    """
    end = os.lseek(fd, 0, os.SEEK_END)
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(fd, left) :]
    except OSError:
        os.ftruncate(fd, end)
        raise
