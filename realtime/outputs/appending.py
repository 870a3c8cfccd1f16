"""Growing a file so that it can be read at any moment, whatever happens to the process or the disk."""

from __future__ import annotations

import os


def append_whole(fd: int, data: bytes | memoryview) -> None:
    """Append bytes to an open file, all of them or none: an OSError where the disk is full or gone.

    Normally one ``os.write``. Nothing is held back in the process, so that what was appended outlives a kill -9.
    """
    end = os.lseek(fd, 0, os.SEEK_END)
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(fd, left) :]
    except OSError:
        os.ftruncate(fd, end)
        raise
