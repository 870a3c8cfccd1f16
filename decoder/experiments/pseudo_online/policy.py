"""When decisions are made, and when they become activations, at which a device would act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ...steps.settings import check_count, check_number

Windows = Literal["sliding", "events"]
WINDOWS: tuple[Windows, ...] = ("sliding", "events")
EVERY_S = 0.25


@dataclass(frozen=True)
class Policy:
    """When decisions become an activation. The threshold on probabilities is separate, as it may be chosen.

    An activation takes `dwell` decisions in a row for the same class. After an activation there is none for
    `refractory_s`.
    """

    dwell: int = 1
    refractory_s: float = 1.0

    def __post_init__(self) -> None:
        check_count("dwell", self.dwell, 1)
        check_number("refractory_s", self.refractory_s, may_be_least=True)

    def activations(self, probabilities: NDArray, available_s: NDArray, threshold: float) -> NDArray[np.intp]:
        """Return which decisions of a run activate.

        `probabilities` (n_decisions, n_classes) are NaN where the decoder abstained. `available_s` (n_decisions,) is
        when each became available. The highest probability must be at least `threshold`.

        Examples
        --------
        >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9], [0.2, 0.8]])
        >>> Policy(dwell=2, refractory_s=0.0).activations(p, np.arange(5.0), 0.6)
        array([1, 3])
        """
        answers = probabilities.argmax(axis=1)
        above = np.flatnonzero(probabilities.max(axis=1) >= threshold)  # NaN is not
        result: list[int] = []
        before, in_a_row, free_s = -2, 0, -np.inf
        for i in above.tolist():
            follows = i == before + 1 and answers[i] == answers[before]
            in_a_row, before = in_a_row + 1 if follows else 1, i
            if in_a_row >= self.dwell and available_s[i] >= free_s:
                result.append(i)
                in_a_row, free_s = 0, float(available_s[i]) + self.refractory_s
        return np.array(result, np.intp)


def checked_threshold(threshold: float) -> float:
    """Return a valid threshold on probabilities unchanged; raise InputError for any other."""
    check_number("threshold", threshold, may_be_least=False)
    if not threshold < 1:
        raise InputError(
            f"threshold: expected a probability between 0 and 1, got {threshold!r}; leave it out to have it chosen in "
            "the training runs"
        )
    return threshold
