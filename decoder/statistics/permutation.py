"""Permutation tests: orders in which events are exchanged, and how often permuted values do at least as well.

References
----------
Phipson & Smyth (2010), Permutation p-values should never be zero. Stat. Appl. Genet. Mol. Biol. 9, 39.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations, product
from math import factorial, prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .intervals import Counts, shared

N_PERMUTATIONS = 10_000
MOST_EVENTS = 20
"""More events in a group than these have more orders than anyone counts."""


def exchanges(
    groups: ArrayLike, events: ArrayLike, n_permutations: int = N_PERMUTATIONS, *, seed: int = 0
) -> NDArray[np.intp]:
    """Random orders in which whole events are exchanged within their group (a run, say), all equally likely.

    Groups and events are (n_trials,) arrays; trials of one event share samples and stay together. Each order
    (n_permutations, n_trials) gives, for each trial, one of the event that takes its place: ``truth[orders]`` are
    exchanged classes.

    Examples
    --------
    >>> np.array(["cat", "cat", "dog", "dog"])[exchanges([1, 1, 1, 1], [0, 0, 1, 1], 1, seed=2)]
    array([['cat', 'cat', 'dog', 'dog']], dtype='<U3')
    """
    _, first, event = np.unique(np.asarray(events), return_index=True, return_inverse=True)
    codes = np.unique(np.asarray(groups), return_inverse=True)[1][first]
    # Sorted by (group, random number in [0, 1)), every group's places are filled with its own events.
    keys = np.random.default_rng(seed).random((n_permutations, len(first))) + codes
    order = np.empty(keys.shape, np.intp)
    order[:, np.argsort(codes, kind="stable")] = np.argsort(keys, axis=1)
    return first[order[:, event]]


def null_orders(
    groups: ArrayLike, events: ArrayLike, n_permutations: int = N_PERMUTATIONS, *, seed: int = 0
) -> NDArray[np.intp]:
    """Orders for a permutation test: all but the one that was seen where they are few, else random `exchanges`.

    With every order there, `p_of_count` is exact: the share of all orders, the one seen among them.

    Examples
    --------
    >>> null_orders([1, 1, 2, 2], [0, 1, 2, 3])
    array([[0, 1, 3, 2],
           [1, 0, 2, 3],
           [1, 0, 3, 2]])
    """
    groups = np.asarray(groups)
    _, first, event = np.unique(np.asarray(events), return_index=True, return_inverse=True)
    members = [np.flatnonzero(groups[first] == one) for one in np.unique(groups)]
    if prod(factorial(min(len(of), MOST_EVENTS)) for of in members) - 1 > n_permutations:
        return exchanges(groups, events, n_permutations, seed=seed)
    order = np.empty((prod(factorial(len(of)) for of in members), len(first)), np.intp)
    for row, of_groups in zip(order, product(*(permutations(of.tolist()) for of in members)), strict=True):
        for places, of in zip(members, of_groups, strict=True):
            row[places] = of
    return first[order[1:, event]]


def exchanged_within(run: NDArray, fold_of: Mapping[Any, int]) -> NDArray:
    """The groups within which classes are exchanged, (n_trials,): runs, or folds where a run holds a single trial."""
    if min(np.unique(run, return_counts=True)[1]) > 1:
        return run
    return np.array([fold_of[one] for one in run.tolist()], np.intp)


def p_of_count(n_at_least: float | NDArray, n_permutations: int) -> Any:
    """p of a value that this many permutations reach; the value itself counts as one of them."""
    return (1 + n_at_least) / (1 + n_permutations)


def at_least(value: float, permuted: NDArray) -> int:
    """How many permuted values are at least as large."""
    # A sum in another order may differ in its last bits and still be equal.
    return int(np.count_nonzero(permuted >= value - 1e-12))


def exceedance(value: float, permuted: NDArray) -> float:
    """p of a value among permuted ones: the share at least as large, the value itself counted.

    Examples
    --------
    >>> exceedance(2.0, np.array([0.0, 1.0, 3.0]))
    0.5
    """
    return float(p_of_count(at_least(value, permuted), len(permuted)))


def mid_p(value: float, permuted: NDArray) -> float:
    """p of a value among values of which equal ones count half: for `widened` values, which lie between possible ones.

    References
    ----------
    Lancaster (1961), Significance tests in discrete distributions. J. Am. Stat. Assoc. 56, 223-234.

    Examples
    --------
    >>> mid_p(1.0, np.array([0.0, 1.0, 1.0]))
    0.5
    """
    n_above = int(np.count_nonzero(permuted > value + 1e-12))
    return float(p_of_count((at_least(value, permuted) + n_above) / 2, len(permuted)))


def permutation_p(
    by_class: NDArray, truth: NDArray, shuffled: NDArray, counts: Counts = "decisions", chance: float = 0.0
) -> float:
    """How often exchanged classes do at least as well as the true ones, with the spread that folds share.

    Classes of whole events are exchanged within runs; the decisions, once made, stay. That alone tests decisions that
    no label took part in. In a cross-validation the labels of other runs are in each decision, so that the value varies
    more than the exchanges do where there is nothing to decode (p below 0.05 in 8 to 11 % of such recordings). So the
    exchanges' distances from their mean are widened, see `widened`. p is then even over recordings without signal, for
    adapters that are linear in their targets: an approximation, which the exact refits of an evaluation do without.

    `by_class` (n_trials, n_classes) is what each trial would count if each class were the true one; `shuffled`
    (n_permutations, n_trials) are true classes exchanged by `exchanges`. What they reach on average is moved up to
    `chance`, see `around_chance`.
    """
    rows = np.arange(len(truth))
    permuted = by_class[rows, shuffled].mean(axis=1)
    return mid_p(by_class[rows, truth].mean(), around_chance(widened(permuted, counts), chance))


def around_chance(permuted: NDArray[np.float64], chance: float) -> NDArray[np.float64]:
    """Values under exchanged classes (n_permutations,), moved up until their mean is chance, where it is below.

    Decisions that follow the trials of unequal classes agree with exchanged ones less often than the best constant
    guess does, which is chance. So p and chance are of the same question: is it more than a guess reaches?

    Examples
    --------
    >>> around_chance(np.array([0.1, 0.2, 0.3]), 0.5).round(3), around_chance(np.array([0.5, 0.6]), 0.5)
    (array([0.4, 0.5, 0.6]), array([0.5, 0.6]))
    """
    return permuted + max(0.0, chance - float(permuted.mean()))


def widened(permuted: NDArray[np.float64], counts: Counts) -> NDArray[np.float64]:
    """Shares under exchanged classes (n_permutations,), as far from their mean as if every exchange were fitted anew.

    The variance grows by what pairs of trials share that are in each other's training, see
    `hotwire.decoder.statistics.intervals.shared`.

    Examples
    --------
    >>> widened(np.array([0.4, 0.5, 0.6]), "comparisons").round(3)
    array([0.359, 0.5  , 0.641])
    """
    mean = float(permuted.mean())
    return mean + (1 + shared(mean, mean, counts)) ** 0.5 * (permuted - mean)
