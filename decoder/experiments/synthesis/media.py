"""What is synthesised, pictures or sounds: where it begins, how it changes, and what is written and shown to others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ....errors import InputError
from ....models.networks.network import Network
from ....models.networks.vision import VisionNetwork
from ....models.sounds.samples import RATE_HZ, samples_of
from ....models.synthesis.generators import as_pictures, noise_pictures, pixels_of
from ....models.synthesis.objectives import picture_heads, sound_heads
from ....models.synthesis.optimise import Generator
from ....models.synthesis.smooth_change import SmoothChange
from ....models.synthesis.waveforms import Waveform, as_sounds, noise_sounds, sounds_of
from .settings import PictureSettings, SoundSettings, SynthesizeSettings

Noun = Literal["picture", "sound"]
SHORTEST_S = 0.1
"""Shorter sounds have too few states of a network to be told from each other."""


class Medium(Protocol):
    """Pictures or sounds. What is made is a tensor (n, ...); what is shown, an array that files hold."""

    noun: Noun

    def check(self, network: Network) -> None:
        """Raise `InputError` where a network has no gradients to it."""
        ...

    def natural(self, stimuli: Sequence[Any]) -> torch.Tensor:
        """Those of the recording, in the form in which they are made."""
        ...

    def noise(self, seeds: Sequence[int]) -> torch.Tensor:
        """Noise to begin with, one for each seed."""
        ...

    def generator(self, start: torch.Tensor) -> Generator:
        """What is optimised."""
        ...

    def shown(self, made: torch.Tensor | NDArray) -> NDArray:
        """What is made, in whole grey levels or in 16 bits."""
        ...

    def heads(self, network: Network, layers: Sequence[str]) -> Callable[[torch.Tensor], tuple[torch.Tensor, ...]]:
        """From what is made to the activations of layers, with gradients."""
        ...

    def n_positions(self, network: Network) -> int | None:
        """How many of a layer's first positions it fills, see `Network.n_positions`."""
        ...

    def about(self) -> dict[str, Any]:
        """Its form, for reports."""
        ...


class Pictures:
    """Pictures (n, 3, side, side) from 0 to 1; shown as uint8 (n, side, side, 3)."""

    noun: Noun = "picture"

    def __init__(self, settings: PictureSettings) -> None:
        self._side, self._slope = settings.side, settings.slope

    def check(self, network: Network) -> None:
        if not isinstance(network, VisionNetwork):
            raise InputError(
                f"network: {network.name} gives no gradients of pictures; expected one of the registry, such as "
                "efficientnet-lite0"
            )

    def natural(self, stimuli: Sequence[Any]) -> torch.Tensor:
        return pixels_of(stimuli, self._side)

    def noise(self, seeds: Sequence[int]) -> torch.Tensor:
        return noise_pictures(seeds, self._side)

    def generator(self, start: torch.Tensor) -> Generator:
        return SmoothChange(start, slope=self._slope)

    def shown(self, made: torch.Tensor | NDArray) -> NDArray[np.uint8]:
        return as_pictures(made)

    def heads(self, network: Network, layers: Sequence[str]) -> Callable[[torch.Tensor], tuple[torch.Tensor, ...]]:
        return picture_heads(network, layers)

    def n_positions(self, network: Network) -> int | None:
        return None

    def about(self) -> dict[str, Any]:
        return {}


class Sounds:
    """Sounds (n, n_samples) at 16 kHz between -1 and 1; shown as float32 of the values that 16 bits have.

    All last as long as the longest of the recording's sounds, and have their mean energy, unless the settings say
    otherwise.
    """

    noun: Noun = "sound"

    def __init__(self, settings: SoundSettings, stimuli: Sequence[Any]) -> None:
        samples = [samples_of(one) for one in stimuli]
        longest = max(map(len, samples))
        self.n_samples = longest if settings.seconds is None else round(settings.seconds * RATE_HZ)
        if self.n_samples < SHORTEST_S * RATE_HZ:
            which = "the longest sound of the recording" if settings.seconds is None else "seconds"
            raise InputError(
                f"{which}: expected {SHORTEST_S} s or more, got {self.n_samples / RATE_HZ:g} s; synthesise longer "
                "sounds, such as seconds = 2.0"
            )
        if settings.jitter >= self.n_samples:
            raise InputError(
                f"jitter: expected less than the sound's {self.n_samples} samples ({RATE_HZ:,} a second), got "
                f"{settings.jitter}"
            )
        of_each = [float(np.sqrt(np.square(one, dtype=np.float64).mean())) for one in samples]
        self.rms = float(np.mean(of_each)) if settings.rms is None else settings.rms
        if not self.rms > 0:
            raise InputError("rms: the recording's sounds are silent, so that they say no energy; write rms = 0.05")
        self._slope = settings.slope

    def check(self, network: Network) -> None:
        sound_heads(network, [])  # raises where it cannot be
        most_s = getattr(network, "seconds", np.inf)
        if self.n_samples > most_s * RATE_HZ:
            raise InputError(
                f"seconds: {network.name} is opened for {most_s:g} s, but sounds of {self.n_samples / RATE_HZ:g} s are "
                f"to be synthesised; write seconds = {most_s:g} in [synthesize], or open it for longer in [network]"
            )

    def natural(self, stimuli: Sequence[Any]) -> torch.Tensor:
        return sounds_of(stimuli, self.n_samples)

    def noise(self, seeds: Sequence[int]) -> torch.Tensor:
        return noise_sounds(seeds, self.n_samples, rms=self.rms)

    def generator(self, start: torch.Tensor) -> Generator:
        return Waveform(start, slope=self._slope, rms=self.rms)

    def shown(self, made: torch.Tensor | NDArray) -> NDArray[np.float32]:
        return as_sounds(made)

    def heads(self, network: Network, layers: Sequence[str]) -> Callable[[torch.Tensor], tuple[torch.Tensor, ...]]:
        return sound_heads(network, layers)

    def n_positions(self, network: Network) -> int | None:
        found = network.n_positions([np.zeros(self.n_samples, np.float32)])
        return None if found is None else int(found[0])

    def about(self) -> dict[str, Any]:
        return {"seconds": self.n_samples / RATE_HZ, "rms": self.rms}


def medium_of(settings: SynthesizeSettings, stimuli: Sequence[Any]) -> Medium:
    """Pictures or sounds, as the settings are; `stimuli` are the recording's."""
    if isinstance(settings, PictureSettings):
        return Pictures(settings)
    assert isinstance(settings, SoundSettings)
    return Sounds(settings, stimuli)
