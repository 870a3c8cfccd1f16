"""How much memory a beam takes, from its settings and its language model alone."""

from __future__ import annotations

from ...adapters.plan import machine_bytes, size
from ...errors import InputError
from ...models.networks.language.sliding_pass import SlidingPass
from .beam_settings import BeamSettings

COPIES = 3
"""Of what a hypothesis holds: before a word, of the survivors, and after it."""
FLAT = 10.0
"""The most probable word is seldom less probable than one in so many: the larger its part, the fewer are proposed."""
OF_PROPOSAL = COPIES * 8 * 100
"""Bytes of one that is not tried: some hundred features, a few times."""


def beam_bytes(sliding: SlidingPass, beam: BeamSettings, n_words: int) -> float:
    """About how many bytes a beam takes that may say `n_words` words."""
    of_token = 2 * 4 * sliding.n_heads * sliding.width  # a key and a value in one layer
    of_memory = of_token * len(sliding.layers) * sliding.n_places
    hypothesis = COPIES * of_memory + 2 * 4 * sliding.head.out_features
    proposed = n_words if beam.nucleus.ratio == 0 else min(n_words, FLAT / beam.nucleus.ratio)
    candidate = of_token * sliding.n_places + 2 * of_token * sliding.layer + COPIES * 4 * sliding.n_units
    return beam.width * (hypothesis + min(proposed, beam.candidates) * candidate + proposed * OF_PROPOSAL)


def check_beam_memory(sliding: SlidingPass, beam: BeamSettings, n_words: int, room_bytes: float | None = None) -> None:
    """Raise InputError where a beam takes more than `room_bytes`, by default this machine's memory."""
    room, takes = room_bytes or machine_bytes(), beam_bytes(sliding, beam, n_words)
    if room is not None and takes > room:
        raise InputError(
            f"beam: expected one that fits into {size(room)} of memory, got a width of {beam.width} with "
            f"{beam.candidates} candidates of each, which takes about {size(takes)}; a width of "
            f"{max(int(beam.width * room / takes / 2), 1)} fits"
        )


def beams_at_once(sliding: SlidingPass, beam: BeamSettings, n_words: int, most: int) -> int:
    """How many beams go side by side, so that half of the machine's memory holds them; at least one."""
    room = machine_bytes()
    return most if room is None else max(1, min(most, int(room / 2 / beam_bytes(sliding, beam, n_words))))
