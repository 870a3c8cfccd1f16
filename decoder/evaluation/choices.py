"""Settings chosen by cross-validation in inner folds of the training runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...adapters.plan import FitPlan, fits_at_once, plan_whitening
from ...adapters.whiten import Whitener
from ...errors import InputError, RecordingError, UnknownNameError
from ..inner_folds import Split, calibration_within, inner_scores
from ..readouts.nearest import NearestReadout
from ..readouts.readout import Readout
from ..settings import Settings
from ..statistics.auc import choice_score
from ..statistics.calibration import ScoreCalibration
from ..windows import Trials
from .fold_data import FoldData
from .splits import HeldOut, class_group, inner_splits, split_classes
from .threads import once
from .trial_data import TrialData

CHOOSABLE = (
    "layer",
    "steps",
    "window",
    "whiten",
    "features",
    "adapter",
    "readout",
    "prompt",
    "fit_steps",
    "fit_window",
)
JUDGES = ("nearest", "readout")

N_CACHED = 2
"""Whitenings of a fold that are cached; of a whole brain, each takes GB."""


@dataclass(frozen=True)
class Choice:
    """A setting that is chosen over inner folds of the training runs, by `choice_score`.

    Parameters
    ----------
    setting : str
        A field of `Settings`.
    values : sequence
        What to choose from; of equally good ones the first is taken.
    judge : {"nearest", "readout"}
        The readout that scores the values: the similarity in the layer, which costs next to nothing, or the decoder's
        own readout, which runs the network.
    """

    setting: str
    values: Sequence[Any]
    judge: Literal["nearest", "readout"] = "readout"

    def __post_init__(self) -> None:
        if self.setting not in CHOOSABLE:
            raise UnknownNameError("setting to choose", self.setting, CHOOSABLE)
        if self.judge not in JUDGES:
            raise UnknownNameError("judge", self.judge, JUDGES)
        if not len(self.values):
            raise InputError(f"choose: expected values for {self.setting!r}, got none")


def tried_windows(settings: Settings, choose: Sequence[Choice]) -> list[Settings]:
    """The settings with each window, and each set of steps, to choose from."""
    return [
        replace(settings, **{choice.setting: value})
        for choice in choose
        if choice.setting in ("window", "steps")
        for value in choice.values
    ]


def values_tried(settings: Settings, choose: Sequence[Choice]) -> dict[str, list[Any]]:
    """For each setting its value, and those to choose from."""
    tried: dict[str, list[Any]] = {one.name: [getattr(settings, one.name)] for one in fields(settings)}
    for choice in choose:
        tried[choice.setting] += choice.values
    return tried


def layers_tried(settings: Settings, choose: Sequence[Choice]) -> tuple[str, ...]:
    """The decoder's layer, and those to choose from."""
    return tuple(dict.fromkeys(map(str, values_tried(settings, choose)["layer"])))


def chosen_in_words(settings: Settings, names: Sequence[str]) -> dict[str, str]:
    """These settings as text, for results."""
    values = {name: getattr(settings, name) for name in names}
    return {name: ", ".join(map(repr, of)) if isinstance(of, tuple) else str(of) for name, of in values.items()}


def check_choices(
    data: TrialData, settings: Settings, choose: Sequence[Choice], splits: Sequence[HeldOut], inner_folds: int
) -> None:
    """Raise what choosing would raise, without a fit: too few training runs, or values that cut other trials."""
    for held_out in splits if choose else ():
        if not held_out.by_class:
            inner_splits(data.recording.runs, held_out.runs, inner_folds, "choose")
    choose_in_turn(data, settings, choose, lambda *_: 0.0)


def choose_in_turn(
    data: TrialData, settings: Settings, choices: Sequence[Choice], score: Callable[[Settings, Choice], float]
) -> Settings:
    """Make the choices one after the other, each by the score of its values; of equally good ones the first is taken.

    Raises RecordingError where values cut the recording into different trials.
    """
    events = _events(data, settings)
    for choice in choices:
        tried = [replace(settings, **{choice.setting: value}) for value in choice.values]
        for one in tried:
            for ours, theirs in zip(events, _events(data, one), strict=True):
                _check_same_trials(choice, ours, theirs)
        best = np.argmax([score(one, choice) for one in tried]) if len(tried) > 1 else 0
        settings = tried[int(best)]
    return settings


def _events(data: TrialData, settings: Settings) -> tuple[NDArray, NDArray]:
    return data.trials(settings).event, data.trials_to_fit(settings).event


def whitenings(data: TrialData, settings: Settings, choose: Sequence[Choice]) -> tuple[int, FitPlan | None]:
    """How many whitenings a fold fits for all settings to choose from, and what the largest takes; None if none."""
    every = [settings, *(replace(settings, **{one.setting: value}) for one in choose for value in one.values)]
    whitened = {(one.whiten, one.steps) for one in every if one.whitens_samples}
    if any(one.setting == "whiten" for one in choose):
        whitened |= {(whiten, one.steps) for whiten, _ in whitened for one in every}
    plans = [plan_whitening(*data.prepared.of(steps).data.shape) for _, steps in whitened]
    return len(plans), max(plans, key=lambda plan: plan.memory_bytes, default=None)


def folds_at_once(data: TrialData, settings: Settings, choose: Sequence[Choice], n_folds: int) -> int:
    """How many folds can be fitted at once, by the memory that their whitenings take."""
    n, plan = whitenings(data, settings, choose)
    return n_folds if plan is None else fits_at_once(plan.times(min(N_CACHED, n)), n_folds)


class SettingsSearch:
    """Chooses settings on the trials that a fold may be fitted on; nothing here uses others."""

    def __init__(self, data: FoldData, held_out: HeldOut, inner_folds: int) -> None:
        self._held_out = held_out
        self._data = data
        self._n_inner = inner_folds
        # Scores are cached: each choice scores the previous choice again. Nothing here refers to `self`, so that all is
        # freed after the last use.
        self._scores: dict[tuple[Settings, str], float] = {}
        # Scores (n_trials, n_classes) of settings that were scored, by which they may be calibrated.
        self._inner_scores: dict[tuple[Settings, Readout], NDArray[np.float32]] = {}
        self._whitener = once(lambda how, steps, named: data.whitener(how, steps, named, held_out), maxsize=N_CACHED)

    def _inner(self, trials: Trials, truth: NDArray[np.intp]) -> list[HeldOut]:
        """Folds of the training trials; they hold out whole classes where the outer ones do."""
        if not self._held_out.by_class:
            parts = inner_splits(self._data.recording.runs, self._held_out.runs, self._n_inner, "choose")
            return [HeldOut(tuple(part)) for part in parts]
        ours = self._held_out.trains(trials.run, truth)
        n_classes = len(np.unique(truth[ours]))
        if n_classes < 4:
            raise InputError(
                f"choose: expected at least four classes in every fold's training to choose by inner folds of whole "
                f"classes, got {n_classes}; take more folds, or no choice"
            )
        return split_classes(trials.run[ours], truth[ours], min(self._n_inner, n_classes // 2))

    def choose(self, settings: Settings, choices: Sequence[Choice]) -> Settings:
        """Make the choices one after the other."""
        return choose_in_turn(self._data, settings, choices, lambda one, choice: self._score(one, choice.judge))

    def whitener(self, settings: Settings) -> Whitener | None:
        """Fit on all samples that may be trained on; None if the settings do not whiten by samples."""
        if not settings.whitens_samples:
            return None
        # With held-out classes it leaves out their samples in the windows to decide on and to fit on.
        named = tuple(dict.fromkeys((settings.window, settings.to_fit[1])))
        return self._whitener(settings.whiten, settings.steps, named if self._held_out.by_class else ())

    def _score(self, settings: Settings, judge: str) -> float:
        key = (settings, judge)
        if key not in self._scores:
            self._scores[key] = self._score_anew(settings, judge)
        return self._scores[key]

    def _score_anew(self, settings: Settings, judge: str) -> float:
        """Pairwise accuracy over inner folds; between two classes the area under the ROC curve within them."""
        data = self._data
        trials, to_fit = data.trials(settings), data.trials_to_fit(settings)
        truth, truth_to_fit = data.truth(trials), data.truth(to_fit)
        outer, by_class = self._held_out, self._held_out.by_class
        readout = NearestReadout() if judge == "nearest" else settings.readout
        inner = self._inner(trials, truth)
        splits = []
        for held_out in inner:
            train = np.flatnonzero(outer.trains(to_fit.run, truth_to_fit) & held_out.trains(to_fit.run, truth_to_fit))
            test = np.flatnonzero(outer.trains(trials.run, truth) & held_out.tests(trials.run, truth))
            splits.append((train, test))
        tested, scores = np.concatenate([test for _, test in splits]), self._predicted(settings, readout, splits)
        of_trials = self._inner_scores[settings, readout] = np.empty((len(trials), scores.shape[1]), np.float32)
        of_trials[tested] = scores
        truth, fold = truth[tested], np.repeat(np.arange(len(splits)), [len(test) for _, test in splits])
        return choice_score(scores, truth, fold, class_group(truth, inner) if by_class else None)

    def calibration(self, settings: Settings) -> ScoreCalibration | None:
        """Fit the calibration for these settings; None where they want none, or it is not possible.

        Where whole classes are held out, there is none: inner folds lack other classes than the tested ones.
        """
        if self._held_out.by_class:
            return None
        data = self._data
        trials, to_fit = data.trials(settings), data.trials_to_fit(settings)
        known = self._inner_scores.get((settings, settings.readout))

        def score(splits: Sequence[Split]) -> NDArray[np.float32]:
            if known is not None:
                return known[np.concatenate([test for _, test in splits])]
            return self._predicted(settings, settings.readout, splits)

        return calibration_within(
            settings,
            data.targets.answers,
            [run for run in data.recording.runs if run not in set(self._held_out.runs)],
            (to_fit.run, data.truth(to_fit)),
            (trials.run, data.truth(trials)),
            score,
            self._n_inner,
        )

    def _predicted(self, settings: Settings, readout: Readout, splits: Sequence[Split]) -> NDArray[np.float32]:
        """Scores of the held-out trials of inner folds, in order."""
        data, by_class = self._data, self._held_out.by_class
        settings = replace(settings, readout=readout)  # what another readout needs is not fitted
        keys = data.keys(data.trials_to_fit(settings))
        # Whitening uses no labels: one for all inner folds is fast and stays inside the training runs.
        whitener = self.whitener(settings)
        return inner_scores(
            readout,
            data.trials(settings).X,
            splits,
            lambda train: data.fit(settings, train, keys[train], whitener, by_class=by_class),
            lambda linear: data.entry(settings, linear),
        )


def _check_same_trials(choice: Choice, ours: NDArray, theirs: NDArray) -> None:
    if not np.array_equal(ours, theirs):
        raise RecordingError(
            f"choose: the values of {choice.setting!r} cut the recording into different trials ({len(ours)} and "
            f"{len(theirs)}), so their accuracies cannot be compared; choose among windows of one kind"
        )
