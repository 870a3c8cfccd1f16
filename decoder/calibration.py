"""Calibration: a session teaches the decoder trial by trial, and one sees how good it is and what more trials buy."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ..adapters.checks import require_finite
from ..adapters.learning_curve import Forecast, LearningCurve
from ..adapters.recursive import RecursiveAdapter
from ..adapters.whiten import Whitener
from ..errors import InputError
from ..models.network import Network
from .decoder import Linear, make_entry
from .metrics import hits
from .readout import NearestReadout, Readout
from .steps import Trials
from .targets import Targets


@dataclass(frozen=True)
class Progress:
    """Where a calibration stands.

    Attributes
    ----------
    n_learned : int
        Trials learned from.
    accuracy : Forecast
        The share of the latest half of the trials that were decided rightly before they were learned from, and its
        interval.
    good_enough : bool
        Whether all of the interval reaches the criterion.
    told : str
        All this in words, and what more trials buy.
    """

    n_learned: int
    accuracy: Forecast
    good_enough: bool
    told: str


class Calibration:
    """Learn from trials as they come; decide on each before learning from it.

    Decisions are honest, since each is made by what came before (test, then train). Trials of one event share samples:
    they are decided on together before any of them is learned from, and where more of the same event come later,
    these are learned from but no longer counted.

    Parameters
    ----------
    network : Network
    targets : Targets
        What trials should look like inside it.
    layer : str
        Where the network will be entered.
    adapter : RecursiveAdapter
        Copied; one that was fitted on an earlier session goes on learning from there.
    whitener : Whitener, optional
        Fitted on samples before the session, rest included: what is learned from cannot change on the way.
    readout : Readout
        How decisions are made; `NearestReadout` needs no pass through the network.
    good_enough : float
        The accuracy that is asked for.

    Attributes
    ----------
    adapter : RecursiveAdapter
        As far as it has learned.
    n_before, right : arrays (n_decided,)
        For every trial that counts, how many were learned from before, and whether it was decided rightly (a tie of k
        answers counts 1/k).

    References
    ----------
    Dawid (1984), Present position and potential developments: the prequential approach. J. R. Stat. Soc. A 147,
    278-292. Wilson (1927), Probable inference, the law of succession, and statistical inference. J. Am. Stat. Assoc.
    22, 209-212 (the interval of the accuracy).
    """

    def __init__(
        self,
        network: Network,
        targets: Targets,
        layer: str,
        adapter: RecursiveAdapter,
        *,
        whitener: Whitener | None = None,
        readout: Readout | None = None,
        good_enough: float = 0.5,
    ) -> None:
        if not 0 < good_enough <= 1:
            raise InputError(f"good_enough: expected an accuracy above 0 and up to 1, got {good_enough!r}")
        self.adapter = copy.copy(adapter)
        self.n_before, self.right = np.zeros(0, np.intp), np.zeros(0)
        self._readout = NearestReadout() if readout is None else readout
        self._readout.check(network)
        self._targets, self._whitener, self._good_enough = targets, whitener, good_enough
        self._table = targets.activations(network, [layer])[layer].reshape(len(targets.keys), -1)
        self._entry = make_entry(
            network, layer, targets, self._table, self._table[:1]
        )  # each decision puts its mean in
        self._known: set[tuple[object, int]] = set()

    @property
    def n_learned(self) -> int:
        """How many trials were learned from, those of an earlier session among them."""
        return getattr(self.adapter, "n_samples_seen_", 0)

    def learn(self, trials: Trials) -> NDArray[np.float64]:
        """Decide on trials and learn from them, in their order.

        Parameters
        ----------
        trials : Trials
            As many as have come.

        Returns
        -------
        array (n_trials,)
            Whether each was decided rightly before; NaN where it does not count, or there was nothing to decide by.

        Raises
        ------
        InputError
            A trial has a label that the targets do not know, NaN, or other features than before: none is learned from.
        """
        require_finite("trials.X", trials.X, row="trial", column="feature")
        keys = self._targets.key_of(trials)
        X = trials.X if self._whitener is None else self._whitener.transform(trials.X)
        found = np.full(len(trials), np.nan)
        for event, rows in _by_event(trials):
            if event not in self._known and self.n_learned:
                found[rows] = self._decided_rightly(X[rows], keys[rows])
                self.n_before = np.append(self.n_before, np.full(len(rows), self.n_learned))
                self.right = np.append(self.right, found[rows])
            self.adapter.partial_fit(X[rows], self._table[keys[rows]])
            self._known.add(event)
        return found

    def linear(self) -> Linear:
        """The linear part of a decoder as learned so far; it stays so while the calibration goes on."""
        return Linear(copy.copy(self.adapter), self._whitener)

    def curve(self) -> LearningCurve:
        """How accuracy grows from chance with the trials learned from; see there for forecasts.

        Its intervals take trials for independent, as are those of different events.

        Raises
        ------
        InputError
            No trial has been decided on yet.
        """
        if not len(self.right):
            raise InputError("no trial has been decided on yet; learn from two events or more first")
        return LearningCurve(self.n_before, self.right, limit=1.0, start=1 / len(self._targets.answers))

    def progress(self, extra: int = 20) -> Progress:
        """Where the calibration stands, and what `extra` more trials are expected to buy.

        How good it is now is judged by the latest half of the decisions, not by the curve: what was learned since only
        makes it better. Each look is a test of its own: looking often finds the criterion reached too early more often.
        """
        curve = self.curve()
        latest = self.right[len(self.right) // 2 :]
        accuracy = share(float(latest.sum()), len(latest))
        reached = accuracy.low >= self._good_enough
        told = (
            f"After {self.n_learned} trials {accuracy.value:.2f} of the latest {len(latest)} were decided rightly (95 "
            f"% interval {accuracy.low:.2f} to {accuracy.high:.2f}). Good enough is {self._good_enough:.2f}: "
            f"{'reached' if reached else 'not certain yet'}. {curve.told(extra, 'trials')}"
        )
        return Progress(self.n_learned, accuracy, reached, told)

    def _decided_rightly(self, X: NDArray, keys: NDArray[np.intp]) -> NDArray[np.float64]:
        linear = Linear(self.adapter)
        entry = replace(self._entry, means=linear.mean[None])
        return hits(self._readout.scores(entry, linear.predict(X)), self._targets.truth()[keys])


def share(n_right: float, n: int) -> Forecast:
    """A share of n, with Wilson's 95 % interval.

    Examples
    --------
    >>> share(8, 10)
    Forecast(value=0.8, low=0.490..., high=0.943...)
    """
    z = NormalDist().inv_cdf(0.975)
    p = n_right / n
    middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At 0 and 1 rounding would put the ends just beyond.
    return Forecast(p, min((middle - half) / scale, p), max((middle + half) / scale, p))


def _by_event(trials: Trials) -> Iterator[tuple[tuple[object, int], NDArray[np.intp]]]:
    """Events in the order in which they first come, and the rows of each."""
    events = list(zip(trials.run.tolist(), trials.event.tolist(), strict=True))
    for event in dict.fromkeys(events):
        yield event, np.array([row for row, one in enumerate(events) if one == event], np.intp)
