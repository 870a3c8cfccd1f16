"""What is injected in a fold: predicted activations, true ones, or those of a control."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..linear import Linear, default_adapter, fit_adapter
from ..windows import Trials
from .controls import Control, shuffled_within
from .fold_data import FoldData
from .folds import FittedFold

Injected = Callable[[FoldData, FittedFold], tuple[Linear, NDArray]]
"""For a fold: the linear part, whose mean activation is used, and the activations of the held-out trials."""


def predicted(data: FoldData, fold: FittedFold) -> tuple[Linear, NDArray]:
    return fold.linear, fold.linear.predict(fold.to_decide(data))


def true(data: FoldData, fold: FittedFold) -> tuple[Linear, NDArray]:
    return fold.linear, data.table(fold.settings.layer)[data.keys(data.trials(fold.settings))[fold.test]]


def refitted_to(keys: Callable[[Trials], NDArray[np.intp]]) -> Injected:
    """Predictions of the adapter fitted anew to other keys: those that `keys` gives the trials to fit on."""

    def injected(data: FoldData, fold: FittedFold) -> tuple[Linear, NDArray]:
        linear = _refitted(data, fold, keys(data.trials_to_fit(fold.settings))[fold.train])
        return linear, linear.predict(fold.to_decide(data))

    return injected


def of_control(
    control: Control, data: FoldData, folds: list[FittedFold], *, by_class: bool, n_shuffles: int, seed: int
) -> list[Injected]:
    """What a control injects, once or for each shuffle; nothing where the targets have no predictors of its kind.

    Where folds hold out whole classes, targets are exchanged within each fold's training only: else a held-out class
    could come back as a target.
    """
    predictors = None if control.predictors is None else control.predictors(data.targets)
    if control.predictors is not None and predictors is None:
        return []
    changed = partial(_changed, control, predictors)
    if control.pairing is None:
        return [partial(changed, None)]
    if by_class:
        return [partial(changed, partial(_keys_within, control, n, n_shuffles, seed)) for n in range(n_shuffles)]
    trials = data.trials_to_fit(folds[0].settings)
    orders = control.pairing(shuffled_within(trials), trials.event, n_shuffles, seed)
    return [partial(changed, partial(_keys_in_order, order)) for order in orders]


def _keys_in_order(order: NDArray[np.intp], data: FoldData, fold: FittedFold) -> NDArray[np.intp]:
    return data.keys(data.trials_to_fit(fold.settings))[order][fold.train]


def _keys_within(
    control: Control, number: int, n_shuffles: int, seed: int, data: FoldData, fold: FittedFold
) -> NDArray[np.intp]:
    assert control.pairing is not None
    trials = data.trials_to_fit(fold.settings)
    orders = control.pairing(np.zeros(len(fold.train)), trials.event[fold.train], n_shuffles, seed)
    return data.keys(trials)[fold.train][orders[number]]


def _changed(
    control: Control,
    predictors: NDArray | None,
    paired: Callable[[FoldData, FittedFold], NDArray[np.intp]] | None,
    data: FoldData,
    fold: FittedFold,
) -> tuple[Linear, NDArray]:
    """The linear part and the activations of a fold, with everything that the control changes."""
    to_fit = data.trials_to_fit(fold.settings)
    own_keys = data.keys(to_fit)[fold.train]
    keys = own_keys if paired is None else paired(data, fold)
    if predictors is not None:
        groups = data.targets.truth()[own_keys] if fold.by_class else to_fit.run[fold.train]
        targets = data.table(fold.settings.layer)[keys]
        linear = Linear(fit_adapter(_scaling(fold.settings.adapter), predictors[own_keys], targets, groups))
        states = linear.predict(predictors[data.keys(data.trials(fold.settings))[fold.test]])
    else:
        linear = fold.linear if paired is None and not control.untrained else _refitted(data, fold, keys)
        states = linear.predict(fold.to_decide(data))
    return linear, activated(control, linear, states)


def activated(control: Control, linear: Linear, states: NDArray) -> NDArray:
    """What a control makes of predicted activations (n_trials, n_units)."""
    if control.activations is None:
        return states
    return np.array(control.activations(states, np.broadcast_to(linear.mean, states.shape)))


def _refitted(data: FoldData, fold: FittedFold, keys: NDArray[np.intp]) -> Linear:
    whitened = None if fold.whitened is None else fold.whitened[0]
    return data.fit(fold.settings, fold.train, keys, fold.linear.whitener, whitened=whitened, by_class=fold.by_class)


def _scaling(adapter: Any) -> Any:
    """The adapter, without bands of the brain's features, if it can scale features of different units; else ridge."""
    scaled: Any = clone(adapter) if "scale" in adapter.get_params() else default_adapter()
    wanted = {"scale": "unit_variance", "bands": None}
    return scaled.set_params(**{name: of for name, of in wanted.items() if name in scaled.get_params()})
