"""Decisions on whole runs, by decoders that were fitted without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...evaluation.fold_data import FoldData
from ...evaluation.folds import FittedFold
from ...evaluation.splits import split_runs
from ...linear import Linear
from ...readouts.read_out import read_out_fits
from ...settings import Settings
from ...statistics.calibration import ScoreCalibration, softmax
from ...windows import Window
from ...windows.event_windows import EventWindow
from .policy import Windows
from .stream import StreamWindow, delays_s, sliding_window, stream_windows

AT_ONCE = 128
"""Windows that go through the network together; more would take more memory."""


@dataclass(frozen=True, eq=False)
class RunDecisions:
    """All decisions on a run, (n_decisions,) each, in the order in which they became available; times as in
    `StreamWindow`.

    `event` is -1 where the window slides along. `probabilities` (n_decisions, n_classes) are NaN where the decoder
    abstained because the window rejected its samples.
    """

    run: int | str
    event: NDArray[np.intp]
    start_s: NDArray[np.float64]
    stop_s: NDArray[np.float64]
    available_s: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.event)


@dataclass(frozen=True)
class FoldDecoder:
    """A decoder with the `runs` that it decides on, none of which it was fitted on.

    `calibration` is None where probabilities are the network's own.
    """

    settings: Settings
    linear: Linear
    runs: tuple[Any, ...]
    calibration: ScoreCalibration | None

    def probabilities(self, scores: NDArray) -> NDArray[np.float64]:
        """Probabilities of the classes, (n_trials, n_classes), by the readout's scores."""
        return softmax(scores) if self.calibration is None else self.calibration.probabilities(scores)


@dataclass(frozen=True)
class Player:
    """Passes runs of a recording to fitted decoders, on windows that slide or that follow events."""

    data: FoldData
    windows: Windows
    every_s: float

    def window(self, settings: Settings) -> Window:
        """Return what cuts the stream into the windows to decide on."""
        window = settings.window
        assert isinstance(window, EventWindow)  # checked by `check_streams`
        if self.windows == "events":
            return window
        rate_hz = self.data.recording.rate_hz
        for step in settings.steps:
            rate_hz = step.rate_out_hz(rate_hz)
        return sliding_window(window, self.every_s, rate_hz)

    def decisions(self, decoder: FoldDecoder, run: int | str) -> RunDecisions:
        """Decide on a whole run."""
        settings = decoder.settings
        waiting_s = delays_s(settings, self.data.recording).waiting
        stream = stream_windows(self.data.prepared.of(settings.steps), self.window(settings), run, waiting_s)
        events: list[int] = []
        times = [np.empty((0, 3))]
        parts = [np.empty((0, len(self.data.targets.answers)))]
        while some := list(islice(stream, AT_ONCE)):
            events += [one.row.event for one in some]
            times.append(np.array([one[1:] for one in some], np.float64))
            parts.append(self._probabilities(decoder, some))
        start_s, stop_s, available_s = np.concatenate(times).T
        return RunDecisions(run, np.array(events, np.intp), start_s, stop_s, available_s, np.concatenate(parts))

    def scores(self, decoder: FoldDecoder, X: NDArray) -> NDArray[np.float32]:
        """Return the readout's score for each class, (n_trials, n_classes)."""
        entry = self.data.entry(decoder.settings, decoder.linear)
        [scores], _ = read_out_fits(decoder.settings.readout, [entry], [decoder.linear.predict(X)], speak=False)
        return scores

    def _probabilities(self, decoder: FoldDecoder, some: Sequence[StreamWindow]) -> NDArray[np.float64]:
        rows = [one.row for one in some]
        probabilities = np.full((len(rows), len(self.data.targets.answers)), np.nan)
        fit = np.array([row.rejected is None for row in rows])
        if fit.any():
            X = np.array([row.x for row in rows if row.rejected is None], np.float32)
            probabilities[fit] = decoder.probabilities(self.scores(decoder, X))
        return probabilities


def inner_fits(data: FoldData, fold: FittedFold, training: Sequence[Any], inner_folds: int) -> list[FoldDecoder]:
    """Fit on parts of a fold's training runs, to have decisions on training runs that were not fitted on.

    Settings, whitening and calibration are those of the fold.
    """
    to_fit = data.trials_to_fit(fold.settings)
    keys = data.keys(to_fit)
    decoders = []
    for held_out in split_runs(training, min(inner_folds, len(training))):
        train = np.flatnonzero(np.isin(to_fit.run, [run for run in training if run not in set(held_out)]))
        linear = data.fit(fold.settings, train, keys[train], fold.linear.whitener)
        decoders.append(FoldDecoder(fold.settings, linear, tuple(held_out), fold.calibration))
    return decoders
