"""The spectrum and the modulations of a sound as a network without weights, so that it can stand beside others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...errors import InputError
from ..sounds.cochleagram import FRAMES_PER_S, cochleagram
from ..sounds.modulation import N_FEATURES, features_of
from ..sounds.samples import RATE_HZ, samples_of
from .network import Network

SPECTRUM = "spectrum and modulation"


class ModulationModel(Network):
    """A model of auditory cortex that has learnt nothing; see `hotwire.models.sounds.modulation`.

    Its stimuli are sounds, as for `hotwire.models.SpeechRecogniser`. Its one layer is its output.

    Parameters
    ----------
    seconds : float
        The longest sound; shorter ones are followed by silence.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=8_000).astype(np.float32) / 10
    >>> ModulationModel(1.0).activations([noise], ["spectrum and modulation"])["spectrum and modulation"].shape
    (1, 130)
    """

    hears = True

    def __init__(self, seconds: float) -> None:
        self.name = SPECTRUM
        self.seconds = float(seconds)
        self.layers = {SPECTRUM: (N_FEATURES,)}

    def untrained(self, seed: int = 0) -> Network:
        """An `InputError`: there is nothing that could be untrained."""
        raise InputError(f"network: {self.name} has no weights, so that there is no untrained one")

    def _record(self, stimuli: Sequence[Any], layers: tuple[str, ...]) -> list[np.ndarray]:
        return [self._forward(stimuli) for _ in layers]

    def _resume(self, layer: str, activations: np.ndarray) -> np.ndarray:
        return activations

    def _forward(self, stimuli: Sequence[Any]) -> np.ndarray:
        n_frames = round(self.seconds * FRAMES_PER_S)
        found = []
        for position in range(len(stimuli)):
            samples = samples_of(stimuli[position])
            if len(samples) > round(self.seconds * RATE_HZ):
                raise InputError(
                    f"stimuli: sound {position} lasts {len(samples) / RATE_HZ:.2f} s, expected at most {self.seconds:g}"
                )
            found.append(features_of(cochleagram(samples), n_frames))
        return np.array(found, np.float32)

    def _weights(self) -> Iterable[tuple[str, np.ndarray]]:
        # The length of sound decides which modulations can be told from each other.
        yield "seconds", np.array(self.seconds)
