"""Sounds of a synthesis that can be played on the page."""

from __future__ import annotations

import numpy as np

from ....models.sounds.samples import wav_of
from ...report.result import Playable, Table
from .encoders import TRAINED
from .figures import MOST
from .result import Synthesis

PEAK = 0.98
"""Of the loudest sound on the page, where full scale is 1."""


def players(result: Synthesis, kind: str = TRAINED) -> list[Table]:
    """A table with each objective's sound beside the natural one that it beats, or not; none of pictures.

    All are played louder by one factor, so that the loudest just fits.
    """
    if result.noun != "sound":
        return []
    made = result.made[kind][:MOST]
    heard = [*result.natural_stimuli.values(), *(one.made for of in result.made.values() for one in of)]
    gain = PEAK / max(float(np.abs(one).max()) for one in heard)
    rows = [
        [
            one.name,
            Playable(f"natural: {one.natural}", wav_of(gain * result.natural_stimuli[one.natural])),
            Playable(f"synthesised for {one.name}", wav_of(gain * one.made)),
            one.natural,
        ]
        for one in made
    ]
    caption = f"All sounds are played {gain:.1f} times as loud as they were judged, unlike the files beside the report."
    return [Table(("site", "natural, best by the prediction", "synthesised", "natural sound"), rows, caption)]
