"""How pictures are synthesised for the sites of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ....errors import InputError
from ....errors.checks import check_choice
from ....models.synthesis.settings import SynthesisSettings
from ...pooling import Pool
from ...receptive_fields import RECEPTIVE_FIELD


@dataclass(frozen=True)
class SynthesizeSettings:
    """How encoders are fitted and pictures synthesised.

    Parameters
    ----------
    pool : sequence of int or "receptive field"
        Maps of layers are averaged over squares to at most so many positions a side, or each site sees them through a
        field of its own, see `hotwire.decoder.receptive_fields`. Of several, each network's is chosen within the
        training, as its layer is.
    combine : str
        Of several networks' predictions, the objective is the ``"mean"`` or the ``"worst"``.
    start : str
        ``"natural"``: the pictures of the recording that the objective is largest for, one for each seed. ``"grey"``:
        grey with noise.
    n_seeds : int
        So many pictures for each objective; the one that is best by the prediction is shown and judged.
    side : int
        Of the synthesised pictures, in pixels.
    slope : float
        Changes of the picture fall with spatial frequency f as 1 / f**slope, see
        `hotwire.models.synthesis.smooth_change.SmoothChange`.
    n_steps, step, jitter, noise, seed
        As for `hotwire.models.synthesis.settings.SynthesisSettings`.
    synthesised : sequence of str
        Names, or patterns such as ``"synthetic*"``, of pictures of the recording that were synthesised and presented.
        They never train an encoder.
    n_draws : int
        Of the bootstrap over sites and pictures.

    Raises
    ------
    InputError
        A number is too small, or there is no such choice.
    """

    pool: Sequence[Pool] = (7,)
    combine: Literal["mean", "worst"] = "mean"
    start: Literal["natural", "grey"] = "natural"
    n_seeds: int = 2
    side: int = 112
    slope: float = 1.0
    n_steps: int = 40
    step: float = 0.005
    jitter: int = 8
    noise: float = 0.15
    synthesised: Sequence[str] = ()
    n_draws: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("combine", self.combine, ("mean", "worst"))
        check_choice("start", self.start, ("natural", "grey"))
        for name, least in (("n_seeds", 1), ("side", 8), ("slope", 0), ("n_draws", 100), ("seed", 0)):
            if not getattr(self, name) >= least:
                raise InputError(f"{name}: expected {least} or more, got {getattr(self, name)}")
        if not self.pool or any(one != RECEPTIVE_FIELD and not (isinstance(one, int) and one > 0) for one in self.pool):
            raise InputError(
                f"pool: expected one or more numbers from 1, or {RECEPTIVE_FIELD!r}, got {list(self.pool)}"
            )
        if self.jitter >= self.side:
            raise InputError(f"jitter: expected less than the picture's side, {self.side} pixels, got {self.jitter}")
        self.optimiser()

    def optimiser(self) -> SynthesisSettings:
        """The settings of the optimiser."""
        return SynthesisSettings(
            n_steps=self.n_steps, step=self.step, jitter=self.jitter, noise=self.noise, n_halvings=2, seed=self.seed
        )
