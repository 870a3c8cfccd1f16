"""How pictures or sounds are synthesised for the sites of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ....errors import InputError
from ....errors.checks import check_choice, check_least
from ....models.synthesis.settings import SynthesisSettings
from ...pooling import Pool
from ...receptive_fields import RECEPTIVE_FIELD


@dataclass(frozen=True, kw_only=True)
class SynthesizeSettings:
    """How encoders are fitted, and pictures or sounds synthesised: `PictureSettings` or `SoundSettings`.

    Parameters
    ----------
    pool : sequence of int or "receptive field"
        Maps of layers are averaged over squares to at most so many positions a side, or each site sees them through a
        field of its own, see `hotwire.decoder.receptive_fields`; states of sounds are averaged over so many stretches
        of time. Of several, each network's is chosen within the training, as its layer is. By default 7, of sounds 1.
    combine : str
        Of several networks' predictions, the objective is the ``"mean"`` or the ``"worst"``.
    start : str
        ``"natural"``: the pictures or sounds of the recording that the objective is largest for, one for each seed.
        ``"grey"``: grey with noise. ``"noise"``: noise with the spectrum of natural sounds.
    n_seeds : int
        So many are made for each objective; the one that is best by the prediction is shown and judged. By default 2,
        of sounds 1.
    slope : float
        Changes fall with spatial frequency (of sounds, with frequency) f as 1 / f**slope, see
        `hotwire.models.synthesis.smooth_change.SmoothChange` and `hotwire.models.synthesis.waveforms.Waveform`.
    n_steps, step, jitter, noise, seed
        As for `hotwire.models.synthesis.settings.SynthesisSettings`. By default a step is 0.005, jitter 8 pixels, noise
        0.15; of sounds 0.02, 160 samples (10 ms) and 0.3.
    synthesised : sequence of str
        Names, or patterns such as ``"synthetic*"``, of what of the recording was synthesised and presented. It never
        trains an encoder.
    n_draws : int
        Of the bootstrap over sites and pictures or sounds.

    Raises
    ------
    InputError
        A number is too small, or there is no such choice.
    """

    pool: Sequence[Pool]
    combine: Literal["mean", "worst"] = "mean"
    start: Literal["natural", "grey", "noise"] = "natural"
    n_seeds: int
    slope: float = 1.0
    n_steps: int = 40
    step: float
    jitter: int
    noise: float
    synthesised: Sequence[str] = ()
    n_draws: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("combine", self.combine, ("mean", "worst"))
        check_least(self, n_seeds=1, slope=0, n_draws=100, seed=0)
        if not self.pool or any(one != RECEPTIVE_FIELD and not (isinstance(one, int) and one > 0) for one in self.pool):
            raise InputError(
                f"pool: expected one or more numbers from 1, or {RECEPTIVE_FIELD!r}, got {list(self.pool)}"
            )
        self.optimiser()

    def optimiser(self) -> SynthesisSettings:
        """The settings of the optimiser."""
        return SynthesisSettings(
            n_steps=self.n_steps, step=self.step, jitter=self.jitter, noise=self.noise, n_halvings=2, seed=self.seed
        )


@dataclass(frozen=True, kw_only=True)
class PictureSettings(SynthesizeSettings):
    """How pictures are synthesised.

    Parameters
    ----------
    side : int
        Of the synthesised pictures, in pixels.
    """

    pool: Sequence[Pool] = (7,)
    n_seeds: int = 2
    step: float = 0.005
    jitter: int = 8
    noise: float = 0.15
    side: int = 112

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("start", self.start, ("natural", "grey"))
        if not self.side >= 8:
            raise InputError(f"side: expected 8 or more, got {self.side}")
        if self.jitter >= self.side:
            raise InputError(f"jitter: expected less than the picture's side, {self.side} pixels, got {self.jitter}")


@dataclass(frozen=True, kw_only=True)
class SoundSettings(SynthesizeSettings):
    """How sounds are synthesised.

    Parameters
    ----------
    seconds : float, optional
        Of the synthesised sounds; by default as long as the longest one of the recording.
    rms : float, optional
        The root mean square of each synthesised sound, where full scale is 1; by default the mean of the recording's
        sounds.
    """

    pool: Sequence[Pool] = (1,)
    n_seeds: int = 1
    step: float = 0.02
    jitter: int = 160
    noise: float = 0.3
    seconds: float | None = None
    rms: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("start", self.start, ("natural", "noise"))
        if RECEPTIVE_FIELD in self.pool:
            raise InputError(f"pool: sounds have no {RECEPTIVE_FIELD}; write a number of stretches of time: pool = 1")
        for name, of in (("seconds", self.seconds), ("rms", self.rms)):
            if of is not None and not 0 < of < float("inf"):
                raise InputError(f"{name}: expected a number above 0, got {of}")
        if self.rms is not None and self.rms > 1:
            raise InputError(f"rms: expected at most 1, full scale, got {self.rms}")
