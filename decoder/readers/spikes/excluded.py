"""Sites that are left out by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError, UnknownNameError
from ...recordings.patterns import matches
from ...recordings.recording import few


def not_excluded(exclude: Sequence[str], names: Sequence[str], what: str) -> NDArray[np.intp]:
    """The positions of the names that no name or pattern of `exclude` fits; `what` says in errors what is named.

    Raises
    ------
    UnknownNameError
        A pattern fits none.
    RecordingError
        Nothing is left.

    Examples
    --------
    >>> not_excluded(["unit_3", "mua*"], ["unit_3", "unit_31", "mua_1"], "site").tolist()
    [1]
    """
    remain = np.ones(len(names), bool)
    for pattern in exclude:
        fit = matches(pattern, names)
        if not fit.any():
            raise UnknownNameError(f"{what} to exclude", pattern, few(pattern, names))
        remain &= ~fit
    if exclude and not remain.any():
        raise RecordingError(f"exclude: all {len(names)} sites are excluded, none is left; exclude fewer")
    return np.flatnonzero(remain)
