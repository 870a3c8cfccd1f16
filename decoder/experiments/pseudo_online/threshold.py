"""The probability from which a class activates, chosen in the training runs alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .activations import activations_of
from .deciding import RunDecisions
from .policy import Policy
from .spans import Spans

N_THRESHOLDS = 60


class Operating(NamedTuple):
    """The result of a threshold: the shares of events whose first activation is right, or wrong.

    `false_per_minute` counts activations while no event holds; NaN if some event holds at all times.
    """

    threshold: float
    right: float
    wrong: float
    false_per_minute: float


def thresholds(decisions: Sequence[RunDecisions]) -> NDArray[np.float64]:
    """Return thresholds to try, from one that any decision passes to one that none passes.

    They follow the distribution of the highest probabilities, as some networks are never sure and some always. They are
    closer together where few decisions pass, since that matters most.
    """
    most = np.concatenate([one.probabilities.max(axis=1) for one in decisions])
    most = most[np.isfinite(most)]
    if not len(most):
        return np.array([1.0])
    levels = 1 - np.geomspace(1, 1 / len(most), N_THRESHOLDS)
    return np.append(np.unique(np.quantile(most, [*levels, 1.0], method="higher")), np.nextafter(most.max(), np.inf))


def operating_at(
    threshold: float, decisions: Sequence[RunDecisions], spans: Sequence[Spans], rest_s: float, policy: Policy
) -> Operating:
    """Return the result of a threshold on some runs, with `rest_s` of rest in all of them."""
    right = wrong = n_events = n_false = 0
    for one, of_run in zip(decisions, spans, strict=True):
        activations = activations_of(one, of_run, policy, threshold)
        n_right, n_some = activations.n_first_right(of_run.truth)
        right, wrong = right + n_right, wrong + n_some - n_right
        n_events += len(of_run)
        n_false += activations.n_at_rest
    rate = n_false / (rest_s / 60) if rest_s > 0 else float("nan")
    return Operating(threshold, right / n_events, wrong / n_events, rate)


def chosen_threshold(
    decisions: Sequence[RunDecisions],
    spans: Sequence[Spans],
    rest_s: float,
    policy: Policy,
    false_per_minute: float | None,
) -> float:
    """Return the threshold with the most events whose first activation is right; the highest of equally good ones.

    The decisions are on training runs, by decoders that were fitted on others; `rest_s` is the rest in all of them.
    Thresholds with more than `false_per_minute` activations while no event holds are excluded.
    """
    tried = [operating_at(float(one), decisions, spans, rest_s, policy) for one in thresholds(decisions)]
    if false_per_minute is not None:
        # No decision passes the last one.
        tried = [one for one in tried if one.false_per_minute <= false_per_minute]
    return max(tried, key=lambda one: (one.right, one.threshold)).threshold
