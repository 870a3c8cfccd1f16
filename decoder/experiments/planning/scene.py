"""Stimuli in a layer of a network, and how the network's readout scores them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ....adapters.blending import blended, gram
from ....models.networks.network import Network
from ...readouts.entry import make_entry
from ...readouts.read_out import read_out_fits
from ...settings import Settings, prompted
from ...statistics.measures import hits, pairwise
from ...targets import StimulusTargets, Targets
from .result import Accuracy


@dataclass(frozen=True)
class Scene:
    """Stimuli in a layer, with the adapter and the readout of the settings.

    `table` (n_stimuli, n_units) has the activation of each stimulus: first those of the targets' keys, then those that
    are used in training only.
    """

    network: Network
    targets: Targets
    settings: Settings
    table: NDArray[np.float32]

    @property
    def n_keys(self) -> int:
        return len(self.targets.keys)

    @property
    def shows_pictures(self) -> bool:
        """Whether the keys are pictures, each its own stimulus, rather than words for categories."""
        return isinstance(self.targets, StimulusTargets)

    @cached_property
    def truth(self) -> NDArray[np.intp]:
        """The correct class of each key."""
        return self.targets.truth()

    @cached_property
    def K(self) -> NDArray[np.float64]:
        """Inner products of the rows of `table` after subtracting their mean."""
        return gram(self.table)

    def scores(self, weights: Sequence[NDArray], means: NDArray) -> list[NDArray[np.float32]]:
        """The readout's scores for weighted means of activations, (n_new, n_classes) for each fit.

        `weights` has (n_new, n_stimuli) for each fit; the injected states are ``weights @ table``. `means` (n_fits,
        n_stimuli) has the weights of the mean activation of each fit's training trials.
        """
        network, own = self._network, self.table[: self.n_keys]
        entries = [
            make_entry(network, self.settings.layer, self.targets, own, mean) for mean in blended(means, self.table)
        ]
        states = [blended(fit, self.table) for fit in weights]
        return read_out_fits(self.settings.readout, entries, states, speak=False)[0]

    def accuracy(self, scores: NDArray, keys: NDArray) -> Accuracy:
        """Accuracy of scores (n_new, n_classes) for keys (n_new,); in pairs it is NaN where all keys have one class."""
        truth = self.truth[keys]
        return Accuracy(float(pairwise(scores, truth).mean()), float(hits(scores, truth).mean()))

    @cached_property
    def _network(self) -> Network:
        return prompted(self.network, self.settings.prompt)
