"""What all folds share before the network is opened: the recording under all settings tried, and its trials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..recordings.recording import Recording
from ..settings import Settings
from ..targets import Targets
from ..windows import Trials, windows
from .prepared import PreparedRecording
from .threads import once


class TrialData:
    """A recording under all settings tried, and its trials; each is computed once.

    `prepared` is the recording after steps, by default in its own features.
    """

    def __init__(self, targets: Targets, recording: Recording, prepared: PreparedRecording | None = None) -> None:
        self.targets = targets
        self.recording = recording
        self._key_of: dict[int, int] = {}
        self.prepared = made = PreparedRecording(recording) if prepared is None else prepared
        self._windows = once(lambda steps, window: windows(window, made.of(steps)))

    def trials(self, settings: Settings) -> Trials:
        """The trials to decide on."""
        return self._windows(settings.steps, settings.window)

    def trials_to_fit(self, settings: Settings) -> Trials:
        """The trials to fit the adapter on."""
        return self._windows(*settings.to_fit)

    def n_features(self, settings: Settings) -> int:
        """How many features of its own the recording has after the settings' steps."""
        known = self.prepared.n_dimensions(settings.steps)
        return self.prepared.of(settings.steps).n_features if known is None else known

    def keys(self, trials: Trials) -> NDArray[np.intp]:
        own = self.targets.key_of(trials)
        pairs = zip(trials.event.tolist(), own.tolist(), strict=True)
        return np.array([self._key_of.get(event, key) for event, key in pairs], np.intp) if self._key_of else own

    def truth(self, trials: Trials) -> NDArray[np.intp]:
        """The right class of each trial."""
        return self.targets.truth()[self.keys(trials)]
