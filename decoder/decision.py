"""A decoder's decision on a trial, and the rule that makes it from probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, UnknownNameError
from .windows import Trials

PRIORS_OF_CLASSES = ("training", "equal")


@dataclass(frozen=True)
class DecisionRule:
    """The class of least expected cost, for classes that are as frequent as the prior says.

        p'(c | trial) is proportional to p(c | trial) * prior(c) / share(c)
        decision = argmax over c of cost(c) * p'(c | trial)

    where p are the calibrated probabilities and share(c) is how often the class was in the training runs.

    Parameters
    ----------
    prior : {"training", "equal"} or mapping of class to share
        How often each class is expected where the decoder is used: as in the training runs; equally; or as given, for
        all classes, with a sum of 1. Reported probabilities are those with this prior.
    costs : mapping of class to float, optional
        The cost of missing a class; 1 where none is given. It moves decisions, not probabilities.

    References
    ----------
    Saerens, Latinne & Decaestecker (2002), Adjusting the outputs of a classifier to new a priori probabilities. Neural
    Computation 14, 21-41, equation 2.4. Elkan (2001), The foundations of cost-sensitive learning. IJCAI, equation 1.

    Examples
    --------
    >>> rule = DecisionRule(costs={"letter": 5.0})
    >>> least_cost([0.8, 0.2], rule.costs_of(["nothing", "letter"])).item()
    1
    """

    prior: Literal["training", "equal"] | Mapping[str, float] = "training"
    costs: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.prior, Mapping):
            _check_numbers("prior", self.prior)
            if not abs(sum(self.prior.values()) - 1) < 1e-6:
                raise InputError(
                    f"prior: expected shares with a sum of 1, got {dict(self.prior)!r} with a sum of "
                    f"{sum(self.prior.values()):g}"
                )
        elif self.prior not in PRIORS_OF_CLASSES:
            raise UnknownNameError("prior", self.prior, PRIORS_OF_CLASSES)
        if self.costs is not None:
            _check_numbers("costs", self.costs)

    def __hash__(self) -> int:
        return hash(repr(self))

    @property
    def names_classes(self) -> bool:
        """Whether there is anything to `check`."""
        return bool(self.costs) or isinstance(self.prior, Mapping)

    def check(self, classes: Sequence[str]) -> None:
        """Raise where a class is unknown, or has no share in the prior."""
        prior = self.prior if isinstance(self.prior, Mapping) else {}
        for name, table in (("prior", prior), ("costs", self.costs or {})):
            for one in table:
                if one not in classes:
                    raise UnknownNameError(f"class in decision.{name}", one, classes)
        lacking = [one for one in classes if one not in prior] if prior else []
        if lacking:
            raise InputError(f"decision.prior: expected a share for each class, got none for {', '.join(lacking)}")

    def log_odds(self, shares: ArrayLike, classes: Sequence[str]) -> NDArray[np.float64]:
        """The logarithm of prior over share (n_classes,), for classes with these shares in the training, above 0."""
        if self.prior == "training":
            return np.zeros(len(classes))
        equal = np.full(len(classes), 1 / len(classes))
        wanted = equal if isinstance(self.prior, str) else np.array([self.prior[one] for one in classes])
        return np.log(wanted) - np.log(shares)

    def costs_of(self, classes: Sequence[str]) -> NDArray[np.float64]:
        """The cost of missing each class, (n_classes,)."""
        return np.array([(self.costs or {}).get(one, 1.0) for one in classes], np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        plain = self.prior if isinstance(self.prior, str) else dict(self.prior)
        return {"prior": plain, "costs": None if self.costs is None else dict(self.costs)}


def least_cost(probabilities: ArrayLike, costs: ArrayLike) -> NDArray[np.intp]:
    """The index of the class of least expected cost, for probabilities (..., n_classes) and costs of missing each.

    Deciding for d costs the sum over all other classes of their cost times their probability: the least where cost
    times probability of d itself is the largest. The first of equal ones is taken.
    """
    return np.asarray((np.asarray(probabilities) * costs).argmax(axis=-1))


@dataclass(frozen=True)
class Decision:
    """What a decoder decides on one trial.

    Attributes
    ----------
    answer : str
        The class of least expected cost, see `DecisionRule`; by default the most probable one.
    probabilities : dict of str to float
        Of all classes.
    text : str or None
        The network's free answer, if the readout gives one.
    run : int or str
    start_s, stop_s : float
        The samples that were used, in seconds since the first sample of the run.
    event : int
        Index of the event in the recording; -1 for a window that belongs to none.
    """

    answer: str
    probabilities: dict[str, float]
    text: str | None
    run: int | str
    start_s: float
    stop_s: float
    event: int


def decision_on(
    trials: Trials, i: int, classes: Sequence[str], probabilities: NDArray, costs: NDArray, text: str | None
) -> Decision:
    """The decision on trial `i`: the class of least expected cost, and the run and times of the trial."""
    return Decision(
        answer=classes[int(least_cost(probabilities, costs))],
        probabilities=dict(zip(classes, probabilities.tolist(), strict=True)),
        text=text,
        run=trials.run[i].item(),
        start_s=float(trials.start_s[i]),
        stop_s=float(trials.stop_s[i]),
        event=int(trials.event[i]),
    )


def _check_numbers(name: str, table: Mapping[str, float]) -> None:
    for one, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
            raise InputError(f"{name}: expected a number above 0 for {one!r}, got {value!r}")
