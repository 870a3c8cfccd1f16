"""The folds for the choice of a regularisation strength."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut

from ..errors import InputError, NonFiniteError, ShapeError

MOST_GROUPS_LEFT_OUT_SINGLY = 20
"""Up to this many groups, each is one fold; with more groups, a fold has several."""

FOLDS_OF_MANY_GROUPS = 10
FOLDS_WITHOUT_GROUPS = 5

Split = tuple[NDArray[np.intp], NDArray[np.intp]]
"""The positions of the training samples and of the held-out samples."""


@runtime_checkable
class Splitter(Protocol):
    """The interface of scikit-learn's splitters."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterable[tuple[Any, Any]]: ...


def split_samples(
    n_samples: int, group_codes: NDArray[np.intp] | None = None, cv: int | Splitter | str | None = None
) -> list[Split]:
    """Split samples into folds that never divide a group; (train, held_out) positions for each fold.

    `cv` is a number of folds, or a splitter of scikit-learn. By default each of up to 20 groups is one fold, more
    groups are combined into 10 folds, and without groups there are 5 folds (or n_samples, if fewer) of neighbouring
    samples. Raises InputError if there is only one group, `cv` is below two or too large, or a splitter divides a group
    or leaves one side empty.

    >>> [held_out.tolist() for _, held_out in split_samples(4, np.array([0, 1, 1, 0]))]
    [[0, 3], [1, 2]]
    """
    if group_codes is not None and group_codes.max() == 0:
        raise InputError(
            "groups: a strength is chosen by leaving out groups (runs), which takes two or more, got one: give more "
            "runs, or name one strength, such as alphas = [100.0]"
        )
    splitter = _splitter(n_samples, group_codes, cv)
    folds = [
        (np.asarray(train), np.asarray(held_out))
        for train, held_out in splitter.split(np.zeros((n_samples, 1)), None, group_codes)
    ]
    for number, (train, held_out) in enumerate(folds):
        if not len(train) or not len(held_out):
            raise InputError(f"cv gives a fold {number} with an empty side, expected samples on both sides")
        if group_codes is not None and np.intersect1d(group_codes[train], group_codes[held_out]).size:
            raise InputError(
                f"cv={cv!r} divides a group between the two sides of fold {number}, expected whole groups: "
                "use a splitter that respects groups, such as GroupKFold"
            )
    return folds


def encode_groups(groups: ArrayLike, n_samples: int) -> NDArray[np.intp]:
    """Number the groups (n_samples,) from 0; samples with equal labels are one group.

    ShapeError if there is not one label for each sample, NonFiniteError if a label is NaN.

    >>> encode_groups(["run-2", "run-1", "run-2"], 3)
    array([1, 0, 1])
    """
    labels = np.asarray(groups)
    if labels.shape != (n_samples,):
        raise ShapeError(f"groups has shape {labels.shape}, expected ({n_samples},): one label for each sample")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        position = int(np.flatnonzero(np.isnan(labels))[0])
        raise NonFiniteError(f"groups holds NaN at sample {position}, expected a label for each sample")
    return np.unique(labels, return_inverse=True)[1]


def _splitter(n_samples: int, group_codes: NDArray[np.intp] | None, cv: int | Splitter | str | None) -> Splitter:
    if not isinstance(cv, str) and isinstance(cv, Splitter):  # a str also has a method split
        return cv
    if cv is not None and not isinstance(cv, Integral):
        raise InputError(f"cv={cv!r}, expected a number of folds, a splitter with a method split, or None")
    if group_codes is None:
        n_folds = min(FOLDS_WITHOUT_GROUPS, n_samples) if cv is None else int(cv)
        return KFold(_possible(n_folds, n_samples, "samples"))
    n_groups = int(group_codes.max()) + 1
    if cv is None and n_groups <= MOST_GROUPS_LEFT_OUT_SINGLY:
        return LeaveOneGroupOut()
    n_folds = FOLDS_OF_MANY_GROUPS if cv is None else int(cv)
    return GroupKFold(_possible(n_folds, n_groups, "groups"))


def _possible(n_folds: int, most: int, of_what: str) -> int:
    if not 2 <= n_folds <= most:
        raise InputError(f"cv={n_folds}, expected between 2 and {most} folds, as there are {most} {of_what}")
    return n_folds
