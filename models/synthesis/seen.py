"""What an objective sees of what is made: moved a little, with noise, otherwise in each step."""

from __future__ import annotations

import numpy as np
import torch

from ...errors import InputError
from .generators import shifted
from .settings import SynthesisSettings
from .waveforms import coloured, moved, rms_of


def seen(made: torch.Tensor, settings: SynthesisSettings, number: int) -> torch.Tensor:
    """What the objective sees of pictures (n, 3, height, width) or sounds (n, n_samples) in the step of that number.

    Raises
    ------
    InputError
        Something else is to be moved or to have noise, or sounds to have total variation.
    """
    if settings.total_variation and made.ndim != 4:
        raise InputError(
            f"total_variation: only pictures (n, 3, height, width) have it, got {tuple(made.shape)}; leave it at 0"
        )
    if not settings.jitter and not settings.noise:
        return made
    # By the step's number, so that a run that is resumed sees the same; and the same for each of the batch, so that
    # none depends on how many there are.
    rng = np.random.default_rng([settings.seed, number])
    if made.ndim == 4:
        return _pictures(made, settings, rng)
    if made.ndim == 2:
        return _sounds(made, settings, rng)
    raise InputError(
        "jitter, noise: only pictures (n, 3, height, width) and sounds (n, n_samples) have them, got "
        f"{tuple(made.shape)}; leave them at 0"
    )


def _pictures(made: torch.Tensor, settings: SynthesisSettings, rng: np.random.Generator) -> torch.Tensor:
    if settings.jitter:
        down, right = rng.integers(-settings.jitter, settings.jitter + 1, 2).tolist()
        made = shifted(made, down, right)
    if settings.noise:
        made = (made + settings.noise * _white(made, rng)).clamp(0, 1)
    return made


def _sounds(made: torch.Tensor, settings: SynthesisSettings, rng: np.random.Generator) -> torch.Tensor:
    if settings.jitter:
        made = moved(made, int(rng.integers(-settings.jitter, settings.jitter + 1)))
    if settings.noise:
        noise = settings.noise * rms_of(made).detach() * coloured(_white(made, rng))
        made = (made + noise).clamp(-1, 1)
    return made


def _white(made: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    return torch.from_numpy(rng.standard_normal(made.shape[1:], np.float32)).to(made.device)
