"""How a synthesis is optimised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...errors import InputError
from ...errors.checks import check_choice, check_least

OPTIMISERS = ("adam", "normalised")


@dataclass(frozen=True)
class SynthesisSettings:
    """How a synthesis is optimised.

    Parameters
    ----------
    n_steps : int
    step : float
        How far a step goes: for ``"adam"`` about this much in each pixel (of 0 to 1; of sounds in each sample, in
        units of their root mean square), for ``"normalised"`` this far for each picture (Euclidean, over all its
        pixels) or sound.
    optimiser : str
        ``"adam"`` (Kingma & Ba 2015), or ``"normalised"``: gradient ascent where each picture's gradient has length 1
        (Feather et al. 2019).
    n_halvings : int
        The step is halved so many times, after equal parts of the steps.
    jitter : int
        In each step, pictures are moved at random by up to so many pixels, sounds by up to so many samples, all of them
        alike.
    noise : float
        In each step, so much Gaussian noise (its standard deviation) is added to what the objective sees, and the sum
        clipped to 0 and 1: what drives the objective in spite of it transfers better to others. Of sounds in units of
        their root mean square, with the spectrum of natural ones.
    total_variation : float
        So many times the pictures' total variation is taken from the objective.
    seed : int
        Of jitter and noise.

    Raises
    ------
    InputError
        A number is too small, or there is no such optimiser.
    """

    n_steps: int = 200
    step: float = 0.02
    optimiser: Literal["adam", "normalised"] = "adam"
    n_halvings: int = 4
    jitter: int = 0
    noise: float = 0.0
    total_variation: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("optimiser", self.optimiser, OPTIMISERS)
        check_least(self, n_steps=1, n_halvings=0, jitter=0, noise=0, total_variation=0, seed=0)
        if not 0 < self.step < float("inf"):
            raise InputError(f"step: expected a number above 0, got {self.step}")

    def step_at(self, number: int) -> float:
        """The size of the step of that number, from 0.

        Examples
        --------
        >>> [SynthesisSettings(n_steps=6, step=1.0, n_halvings=2).step_at(i) for i in range(6)]
        [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
        """
        return self.step * 0.5 ** (number * (self.n_halvings + 1) // self.n_steps)
