"""A permutation test of the whole fit: the adapter is fitted again to every exchange of the classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..statistics.permutation import exchanged_within, null_orders
from ..windows import Trials
from .fold_data import FoldData
from .folds import FittedFold, tested
from .injected import Injected, refitted_to
from .scorer import Decisions, Scorer
from .threads import in_parallel

N_REFITS = 200
"""Exchanges by default: each costs a fit and the network's passes over all held-out trials."""

Decode = Callable[[Injected], Decisions]
"""From what is injected to decisions on all trials."""
Utility = Callable[[NDArray], NDArray]
"""From scores to what decisions have most of, both (n_trials, n_classes)."""


def refitted_values(
    data: FoldData,
    folds: Sequence[FittedFold],
    fold_of: Mapping[Any, int],
    scorer: Scorer,
    decode: Decode,
    utility: Utility,
    n_permutations: int,
    seed: int,
) -> dict[str, NDArray[np.float64]]:
    """Each measure (n_permutations,) after the classes of whole events were exchanged within runs and fitted to anew.

    Labels of training and held-out trials are exchanged together, so that folds share as much under every exchange as
    they do in the recording. What was chosen of the settings stays as it was with the true labels.
    """
    to_fit, trials = data.trials_to_fit(folds[0].settings), data.trials(folds[0].settings)
    event = np.union1d(to_fit.event, trials.event)
    run = _by_event(event, (to_fit.event, to_fit.run), (trials.event, trials.run))
    key = _by_event(event, (to_fit.event, data.keys(to_fit)), (trials.event, data.keys(trials)))
    orders = null_orders(exchanged_within(run, fold_of), np.arange(len(event)), n_permutations, seed=seed)
    keys = [key[order] for order in orders]
    jobs = [partial(decode, refitted_to(partial(_of_events, event, one))) for one in keys]
    decided = in_parallel(jobs, "refits to exchanged classes")
    at, answer_of = np.searchsorted(event, trials.event[tested(folds)]), data.targets.truth()
    values = [scorer.values(one, answer_of[of][at], utility(one[0])) for one, of in zip(decided, keys, strict=True)]
    return {name: np.array([one[name] for one in values]) for name in values[0]}


def _of_events(event: NDArray, key: NDArray[np.intp], trials: Trials) -> NDArray[np.intp]:
    """The key of each trial, (n_trials,), from that of each event."""
    return key[np.searchsorted(event, trials.event)]


def _by_event(event: NDArray, *parts: tuple[NDArray, NDArray]) -> NDArray:
    """What the trials of each event have in common, from (events, values) of one or more sets of trials."""
    events, values = (np.concatenate(of) for of in zip(*parts, strict=True))
    return values[np.unique(events, return_index=True)[1]] if len(event) else values
