"""Which stimuli are held out together: pictures that look the same, classes, groups, stretches of time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ....errors import InputError
from ...evaluation.audit.stimuli import looks
from ...targets import StimulusTargets, Targets
from .settings import Split

HoldOut = Literal["stimulus", "class", "group", "contiguous", "shuffled"]
ABOUT: dict[str, str] = {
    "stimulus": "whole stimuli, pictures that look the same together",
    "class": "whole classes: the labels of the recording, or what the network sees",
    "group": "whole groups of the study's table",
    "contiguous": "stretches of stimuli that follow each other",
    "shuffled": "stimuli at random, whatever they look like or follow",
}
"""What each way to hold out holds out."""


def alike(targets: Targets) -> NDArray[np.intp]:
    """The number of the group that each key is in: stimuli that are alike are one group, other keys are alone."""
    return (
        alike_stimuli(targets.stimuli.values())
        if isinstance(targets, StimulusTargets)
        else np.arange(len(targets.keys))
    )


def alike_stimuli(stimuli: Collection[Any]) -> NDArray[np.intp]:
    """The number of the group that each stimulus is in (n_stimuli,): pictures that look the same are one group.

    Pictures look the same if their content is the same, or their thumbnails differ by less than
    `hotwire.decoder.evaluation.audit.stimuli.ALIKE` of their contrast; and if both look like a third one.
    """
    n, found = len(stimuli), looks(stimuli)
    first = np.unique(found.content, return_index=True)[1][found.content]
    pairs = np.array([*found.alike(), *zip(range(n), first.tolist(), strict=True)], np.intp)
    links = csr_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(links, directed=False)[1].astype(np.intp)


def nearly_alone(groups: NDArray) -> bool:
    """Whether so few of the stimuli (n_stimuli,) share a group, one in twenty, that generalised cross-validation, which
    takes them for independent, may choose strengths.

    Examples
    --------
    >>> nearly_alone(np.arange(20)), nearly_alone(np.arange(20) // 2)
    (True, False)
    """
    return len(np.unique(groups)) >= 0.95 * len(groups)


def whole_groups(groups: NDArray, n_folds: int, seed: int = 0) -> list[Split]:
    """Folds of whole groups (n_stimuli,), as equal in size as groups allow: the largest first, in random order.

    Examples
    --------
    >>> [split.test.tolist() for split in whole_groups(np.array([0, 0, 0, 1, 2, 2]), 2)]
    [[0, 1, 2], [3, 4, 5]]
    """
    codes = np.unique(groups, return_inverse=True)[1]
    size = np.bincount(codes)
    _check(n_folds, len(size), "groups of stimuli" if len(size) < len(codes) else "stimuli")
    order = np.random.default_rng(seed).permutation(len(size))
    order = order[np.argsort(-size[order], kind="stable")]
    fold_of, filled = np.empty(len(size), np.intp), np.zeros(n_folds, np.intp)
    for group in order:
        fold_of[group] = np.argmin(filled)
        filled[fold_of[group]] += size[group]
    fold = fold_of[codes]
    return [Split(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(n_folds)]


def stretches(position: NDArray[np.intp], n_folds: int, gap: int) -> list[Split]:
    """Folds of stimuli that follow each other; `gap` stimuli on both sides of the held-out ones train nothing.

    `position` (n_stimuli,) is the place of each in time.

    Examples
    --------
    >>> [(split.train.tolist(), split.test.tolist()) for split in stretches(np.arange(6), 2, 1)]
    [([4, 5], [0, 1, 2]), ([0, 1], [3, 4, 5])]
    """
    n = len(position)
    _check(n_folds, n, "stimuli")
    splits = []
    for part in np.array_split(np.arange(n), n_folds):
        away = (position < part[0] - gap) | (position > part[-1] + gap)
        if np.count_nonzero(away) < 2:
            raise InputError(
                f"gap: expected some stimuli to be left to fit on, but {gap} on both sides of a fold of {len(part)} "
                f"leave {np.count_nonzero(away)} of {n}; take a smaller gap, or fewer folds"
            )
        splits.append(Split(np.flatnonzero(away), np.flatnonzero(np.isin(position, part))))
    return splits


def groups_in(table: dict[str, list[str]], keys: Sequence[str]) -> NDArray[np.intp]:
    """The number of each key's group, from a table with the columns ``stimulus`` and ``group``.

    Examples
    --------
    >>> groups_in({"stimulus": ["a", "b", "c"], "group": ["car", "dog", "car"]}, ["c", "b"]).tolist()
    [0, 1]
    """
    for column in ("stimulus", "group"):
        if column not in table:
            raise InputError(f"groups: expected a table with the columns stimulus and group, got {', '.join(table)}")
    group_of = dict(zip(table["stimulus"], table["group"], strict=True))
    missing = [key for key in keys if key not in group_of]
    if missing:
        raise InputError(
            f"groups: expected a row for each stimulus, got none for {', '.join(missing[:3])} ({len(missing)} of "
            f"{len(keys)} stimuli)"
        )
    return np.unique([group_of[key] for key in keys], return_inverse=True)[1]


def _check(n_folds: int, most: int, of_what: str) -> None:
    if most < 2:
        raise InputError(f"expected two {of_what} or more, one to fit on and one to predict, got {most}")
    if not 2 <= n_folds <= most:
        raise InputError(
            f"n_folds: expected 2 to {most}, as there are {most} {of_what}, got {n_folds}; write n_folds = "
            f"{min(most, 10)}"
        )
