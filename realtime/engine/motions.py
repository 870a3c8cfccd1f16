"""The head's motion in the newest volumes of a stream, by their positions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...decoder.volumes import MOTION_NAMES
from ..gaps.timeline import Gap, SampleRange
from ..sources.source import Chunk

MOST = 512


class Motions:
    """Keeps the motion of the newest volumes, to be told with decisions on them."""

    def __init__(self) -> None:
        self._at: dict[int, dict[str, float]] = {}

    def take(self, chunk: Chunk, pieces: Sequence[SampleRange | Gap]) -> None:
        """Take the motion that comes with a chunk."""
        if chunk.motion is None:
            return
        for piece in pieces:
            if isinstance(piece, SampleRange):
                for position, parameters in enumerate(chunk.motion[piece.rows], piece.first):
                    if np.isfinite(parameters).all():
                        self._at[position] = dict(zip(MOTION_NAMES, parameters.tolist(), strict=True))
        for position in list(self._at)[:-MOST]:
            del self._at[position]

    def before(self, stop: int) -> dict[str, float] | None:
        """Return the motion in the volume just before a position; None where it is not known."""
        return self._at.get(stop - 1)
