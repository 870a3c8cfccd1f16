"""What predicts the brain: layers of networks, and what stands beside them as controls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....models.sounds.cochleagram import N_BANDS
from ...evaluation.nuisance import SIDE

LAYERS, UNTRAINED, NUISANCE, PIXELS, POSITION = "layers", "untrained network", "nuisance", "pixels", "position in time"
SPECTRUM, COCHLEAGRAM, LABELS = "spectrum and modulation", "cochleagram", "labels"
ALL_LAYERS = "all layers"
"""The sum of all layers' kernels, each divided by its trace: one more layer."""
WIDTHS = (0.5, 1.0, 2.0, 4.0)
"""Widths of the position's Gaussian, in stimuli."""

ABOUT = {
    UNTRAINED: "the same network with random weights, the same layers and choices",
    NUISANCE: (
        "luminance, contrast, colour and fine detail of pictures; the length of words; loudness and duration of sounds"
    ),
    PIXELS: f"the picture itself, of {SIDE} x {SIDE} pixels",
    SPECTRUM: (
        f"a model of auditory cortex without a network: the mean of {N_BANDS} compressed envelopes of bands as wide as "
        "the ear's (McDermott & Simoncelli 2011), and the strength of their modulations, in time and along the "
        "frequencies, upward and downward (as Chi, Ru & Shamma 2005)"
    ),
    COCHLEAGRAM: f"these envelopes themselves, at {SIDE} places in time",
    LABELS: "the label of each stimulus alone, as the recording gives it",
    POSITION: "the place in the order of presentation alone, smoothed by a Gaussian, its width chosen as layers are",
}


class Predictor(NamedTuple):
    """One set of features: a layer of a network (`draw` numbers those with random weights), or a control."""

    kind: str
    network: str = ""
    layer: str = ""
    draw: int = -1

    def __str__(self) -> str:
        return " · ".join(part for part in (self.network, self.layer) if part) or self.kind


def layers_of(network: str, layers: Sequence[str], draw: int = -1) -> list[Predictor]:
    """All layers of a network, and their sum if there are several."""
    kind = LAYERS if draw < 0 else UNTRAINED
    every = [*layers, ALL_LAYERS] if len(layers) > 1 else layers
    return [Predictor(kind, network, layer, draw) for layer in every]


def positions(run: NDArray, width: float) -> NDArray[np.float64]:
    """The place of each stimulus (n_stimuli,) among those of its run, smoothed over its neighbours, (n, n_stimuli).

    A null model: stimuli that follow each other get alike predictions, whatever they are.

    References
    ----------
    Hadidi, Feghhi, Song, Blank & Kao (2024), Illusions of alignment between large language models and brains emerge
    from fragile methods and overlooked confounds. bioRxiv 2025.03.09.642245 (OASM).
    """
    place = np.arange(len(run))
    return np.exp(-((place[:, None] - place) ** 2) / (2 * width**2)) * (run[:, None] == run)
