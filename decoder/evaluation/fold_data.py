"""What all folds share: the recording under all settings tried, its trials, and the activations of the targets."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from ...adapters.whiten import Whitener
from ...models.networks.network import Network
from ..linear import Linear
from ..readouts.entry import Entry, entry_of
from ..recordings.recording import Recording
from ..settings import Settings, fit_on, prompted
from ..steps import Step
from ..targets import Targets
from ..windows import Window
from .splits import HeldOut
from .threads import once
from .trial_data import TrialData


class FoldData(TrialData):
    """A recording under all settings tried, and a network's targets for it; each is computed once.

    `cut`, if given, is the same recording and targets, whose trials are not cut again.
    """

    def __init__(
        self,
        network: Network,
        targets: Targets,
        recording: Recording,
        layers: Sequence[str],
        cut: TrialData | None = None,
    ) -> None:
        super().__init__(targets, recording)
        if cut is not None:
            self.prepared, self._windows = cut.prepared, cut._windows
        self.network = network
        self._tables = targets.activations(network, layers)
        self._prompted = once(lambda prompt: prompted(network, prompt))

    def with_network(self, network: Network) -> FoldData:
        """The same data with another network; the trials are not cut again."""
        return FoldData(network, self.targets, self.recording, tuple(self._tables), self)

    def with_keys(self, events: NDArray, keys: NDArray[np.intp]) -> FoldData:
        """The same data where all trials of these events have these keys; nothing is computed again."""
        other = copy(self)
        other._key_of = dict(zip(events.tolist(), keys.tolist(), strict=True))
        return other

    def table(self, layer: str) -> NDArray[np.float32]:
        """Activation of each key, (n_keys, n_units)."""
        return self._tables[layer]

    def whitener(
        self, count: str, steps: tuple[Step, ...], of_windows: tuple[Window, ...], held_out: HeldOut
    ) -> Whitener:
        """Fit on all samples of runs not held out; with held-out classes, without their samples in these windows."""
        prepared = self.prepared.of(steps)
        rows = ~held_out.in_runs(prepared.run)
        for window in of_windows if held_out.by_class else ():
            trials = self._windows(steps, window)
            for i in np.flatnonzero(held_out.of_classes(self.truth(trials))):
                first, stop = (round(at * prepared.rate_hz) for at in (trials.start_s[i], trials.stop_s[i]))
                of_run = prepared.samples_of(trials.run[i].item())
                rows[of_run.start + first : min(of_run.start + stop, of_run.stop)] = False
        at, run = np.flatnonzero(rows), prepared.run[rows]
        # Samples on both sides of a part that is left out are no neighbours.
        stretch = np.cumsum(np.r_[False, (np.diff(at) != 1) | (run[1:] != run[:-1])])
        n_dimensions = self.prepared.n_dimensions(steps)
        return Whitener(count).fit(prepared.data[rows], groups=stretch, n_dimensions=n_dimensions)

    def fit(
        self,
        settings: Settings,
        train: NDArray,
        keys: NDArray,
        whitener: Whitener | None,
        whitened: NDArray | None = None,
        *,
        by_class: bool = False,
    ) -> Linear:
        """Fit on the trials `train` of those to fit on, with the targets of `keys`; `whitened` may give their X.

        The adapter's strength is chosen by leaving out whole runs, or whole classes.
        """
        targets, truth = self.table(settings.layer)[keys], self.targets.truth()[keys]
        trials, groups, regions = self.trials_to_fit(settings), truth if by_class else None, self.recording.regions
        n = len(self.targets.answers)
        return fit_on(settings, trials, train, targets, truth, whitener, regions, whitened, groups, n_classes=n)

    def entry(self, settings: Settings, linear: Linear) -> Entry:
        """Where predicted activations enter the network."""
        network, table = self._prompted(settings.prompt), self.table(settings.layer)
        return entry_of(network, settings.layer, self.targets, table, linear)
