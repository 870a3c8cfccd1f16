"""Controls that make every choice anew, so that their figures include what choosing among settings gives by luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..linear import Linear
from ..settings import Settings
from .choices import Choice, folds_at_once
from .controls import Control, shuffled_within
from .fold_data import FoldData
from .folds import FittedFold, fit_fold
from .injected import Injected, activated, predicted
from .splits import HeldOut
from .threads import in_parallel

Redo = Literal["fit", "search"]
"""What a control does again: the fit with the settings that were chosen with the true labels, or the choices, too."""


def searched_again(
    control: Control,
    data: FoldData,
    settings: Settings,
    choices: Sequence[Choice],
    splits: Sequence[HeldOut],
    inner_folds: int,
    *,
    n_shuffles: int,
    seed: int,
) -> list[list[FittedFold]]:
    """Fit all folds with every choice made by the control's own pairing or network, once or for each shuffle.

    `settings` are the decoder's before any choice. Whitening uses no labels, so it is the same as the decoder's; where
    folds hold out whole classes, too, as trials of those are left out of it whatever the pairing.
    """
    if control.readout is not None:
        settings = replace(settings, readout=control.readout)
    by_fold = [_paired(control, data, settings, one, n_shuffles, seed) for one in splits]
    jobs = [
        partial(_fitted, on, settings, choices, held_out, inner_folds)
        for repeat in zip(*by_fold, strict=True)
        for on, held_out in zip(repeat, splits, strict=True)
    ]
    at_once = folds_at_once(data, settings, choices, len(jobs))
    fitted = in_parallel(jobs, f"{control.name}: settings chosen again", at_once)
    return [fitted[start : start + len(splits)] for start in range(0, len(fitted), len(splits))]


def injected_by(control: Control) -> Injected:
    """What a control injects of folds that `searched_again` fitted."""

    def injected(data: FoldData, fold: FittedFold) -> tuple[Linear, NDArray]:
        linear, states = predicted(data, fold)
        return linear, activated(control, linear, states)

    return injected


def _paired(
    control: Control, data: FoldData, settings: Settings, held_out: HeldOut, n_shuffles: int, seed: int
) -> list[FoldData]:
    """The data under each of the control's pairings: as in the fit alone, see `injected.of_control`."""
    if control.pairing is None:
        return [data]
    trials = data.trials_to_fit(settings)
    keys, train, groups = data.keys(trials), np.arange(len(trials)), shuffled_within(trials)
    if held_out.by_class:
        train = np.flatnonzero(held_out.trains(trials.run, data.truth(trials)))
        groups = np.zeros(len(train))
    orders = control.pairing(groups, trials.event[train], n_shuffles, seed)
    return [data.with_keys(trials.event[train], keys[train][order]) for order in orders]


def _fitted(
    data: FoldData, settings: Settings, choices: Sequence[Choice], held_out: HeldOut, inner_folds: int
) -> FittedFold:
    # Controls are compared by the network's own scores.
    return fit_fold(data, settings.uncalibrated(), choices, held_out, inner_folds).of_own_trials(data)
