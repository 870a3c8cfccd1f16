"""How metamers are made and judged."""

from __future__ import annotations

from dataclasses import dataclass

from .....errors import InputError
from .....models.synthesis.settings import SynthesisSettings


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
        Steps fall with spatial frequency f as 1 / f**slope, see
        `hotwire.models.synthesis.smooth_change.SmoothChange`; 0 are pixels.
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
        for name, least in (
            ("n_pictures", 2),
            ("n_untrained", 0),
            ("n_null", 10),
            ("max_rounds", 1),
            ("slope", 0),
            ("n_draws", 100),
            ("seed", 0),
        ):
            if getattr(self, name) < least:
                raise InputError(f"{name}: expected {least} or more, got {getattr(self, name)}")
        if not self.near > 0:
            raise InputError(f"near: expected a relative distance above 0, such as 0.07, got {self.near}")
        if self.n_untrained > self.n_pictures:
            raise InputError(f"n_untrained: expected at most n_pictures, {self.n_pictures}, got {self.n_untrained}")
        self.optimiser()

    def optimiser(self) -> SynthesisSettings:
        """The settings of the optimiser."""
        return SynthesisSettings(n_steps=self.n_steps, step=self.step, n_halvings=self.n_halvings)
