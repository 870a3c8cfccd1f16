"""How metamers are made and judged."""

from __future__ import annotations

from dataclasses import dataclass

from .....errors import InputError
from .....errors.checks import check_least
from .....models.synthesis.settings import SynthesisSettings

FEWEST, FEWEST_NULL = 2, 10
"""Pictures of which metamers are made, and others."""


@dataclass(frozen=True)
class MetamerSettings:
    """How metamers are made and judged.

    Parameters
    ----------
    n_pictures : int
        Drawn from those that all networks name alike.
    n_untrained : int
        For so many of them, metamers of the untrained network are made as well.
    n_null : int
        Other pictures, whose pairs say how similar activations are by chance.
    near : float
        A metamer is near its photograph if the layer's activations are at most this relative distance apart.
    max_rounds : int
        Those that are not near after a round of steps, or have lost their class, have another one, up to so many in
        all.
    n_steps, step, n_halvings
        Of a round, as for `hotwire.models.synthesis.settings.SynthesisSettings`.
    slope : float
        In the first round and every other one after it, steps fall with spatial frequency f as 1 / f**slope, see
        `hotwire.models.synthesis.smooth_change.SmoothChange`; in the others, and with 0, they are those of pixels.
    n_draws : int
        Of the bootstrap over pictures.
    seed : int
        Of the pictures, the noise they begin with, and the untrained network.
    """

    n_pictures: int = 16
    n_untrained: int = 4
    n_null: int = 50
    near: float = 0.07
    max_rounds: int = 6
    n_steps: int = 300
    step: float = 0.01
    n_halvings: int = 2
    slope: float = 0.5
    n_draws: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        check_least(
            self, n_pictures=FEWEST, n_untrained=0, n_null=FEWEST_NULL, max_rounds=1, slope=0, n_draws=100, seed=0
        )
        if not self.near > 0:
            raise InputError(f"near: expected a relative distance above 0, such as 0.07, got {self.near}")
        if self.n_untrained > self.n_pictures:
            raise InputError(f"n_untrained: expected at most n_pictures, {self.n_pictures}, got {self.n_untrained}")
        self.optimiser()

    def optimiser(self) -> SynthesisSettings:
        """The settings of the optimiser."""
        return SynthesisSettings(n_steps=self.n_steps, step=self.step, n_halvings=self.n_halvings)

    def instead(self, n_alike: int, n_pictures: int) -> str:
        """What an error says to write for `n_pictures` pictures, of which `n_alike` are named alike.

        Examples
        --------
        >>> MetamerSettings().instead(3, 40)
        '; write n_pictures = 3, n_untrained = 3, n_null = 37 in [metamers], or give more pictures'
        """
        n = min(self.n_pictures, n_alike, n_pictures - FEWEST_NULL)
        if n < FEWEST:
            return f"; give more pictures: {FEWEST} or more that are named alike, and {FEWEST_NULL} others"
        fit = {"n_pictures": n, "n_untrained": min(self.n_untrained, n), "n_null": min(self.n_null, n_pictures - n)}
        changed = ", ".join(f"{name} = {value}" for name, value in fit.items() if value != getattr(self, name))
        return f"; write {changed} in [metamers], or give more pictures"
