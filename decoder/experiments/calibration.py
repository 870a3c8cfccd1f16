"""Calibration: the decoder learns trial by trial, and one sees its accuracy and what more trials would bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ...adapters.checks import require_finite
from ...errors import InputError
from ..decision import Decision
from ..decoder import Decoder
from ..discriminant import LEAST_RUNS
from ..readouts.entry import entry_of
from ..statistics.chance import chance_of
from ..statistics.learning_curve import Forecast, LearningCurve
from ..statistics.measures import hits
from ..windows import Trials

FEW = 2
"""Events of each class that a first fit needs."""
Event = tuple[object, int]
"""The run of an event, and its number in the run."""
BY_TRIAL = ("X", "label", "run", "event", "start_s", "stop_s")
"""The fields of `Trials` with one entry for each trial."""


@dataclass(frozen=True)
class Progress:
    """The state of a calibration after `n_learned` trials.

    `accuracy` is the share of the latest half of the trials that were decided correctly before they were learned from.
    `good_enough` says whether its whole interval reaches the criterion. `message` puts this in words, with what more
    trials would bring.
    """

    n_learned: int
    accuracy: Forecast
    good_enough: bool
    message: str


class Calibration:
    """Learn from trials as they arrive; decide on each before learning from it.

    Decisions are honest, since each uses only earlier trials (test, then train): the decoder, with everything that is
    fitted or chosen in it, is fitted anew on all trials so far after each event. Decisions begin when each class has a
    few trials from at least two runs, because choices are scored by leaving runs out. Trials of one event share
    samples: they are decided on together before any of them is learned from. If more trials of the same event arrive
    later, they are learned from but not counted. Probabilities are the network's own, as few trials
    cannot calibrate them.

    Parameters
    ----------
    decoder : Decoder
        Unfitted: the network, its targets and all settings. Its steps and window must be those of the trials;
        `NearestReadout` needs no pass through the network.
    samples : array (n_samples, n_features), optional
        Where the settings whiten: preprocessed samples from before the session, rest included. The whitening cannot
        change during the session.
    good_enough : float
        The accuracy to reach.

    Attributes
    ----------
    decisions : list of Decision
        One for each trial that counts.
    n_before, right : arrays (n_decided,)
        For each decision, the number of trials learned from before it, and whether it was correct (a tie of k classes
        counts 1/k).

    Raises
    ------
    InputError
        `good_enough` is not an accuracy, the settings fit on other trials than are decided on, or they whiten and there
        are no samples to whiten by.

    References
    ----------
    Dawid (1984), Present position and potential developments: the prequential approach. J. R. Stat. Soc. A 147,
    278-292. Wilson (1927), Probable inference, the law of succession, and statistical inference. J. Am. Stat. Assoc.
    22, 209-212 (the interval of the accuracy).
    """

    def __init__(self, decoder: Decoder, *, samples: NDArray | None = None, good_enough: float = 0.5) -> None:
        if not 0 < good_enough <= 1:
            raise InputError(f"good_enough: expected an accuracy above 0 and up to 1, got {good_enough!r}")
        settings = decoder.settings
        if settings.to_fit != (settings.steps, settings.window):
            raise InputError(
                "fit_steps, fit_window: expected none, as a calibration learns from the trials that it decides on"
            )
        if samples is None and settings.whitens_samples:
            raise InputError(
                f'whiten: "{settings.whiten}" needs samples from before the calibration, rest included, and got none; '
                'use "residuals" or "none"'
            )
        self.decisions: list[Decision] = []
        self.n_before, self.right = np.zeros(0, np.intp), np.zeros(0)
        self._decoder = Decoder(decoder.network, decoder.targets, settings)
        self._targets, self._samples, self._good_enough = decoder.targets, samples, good_enough
        self._table = self._targets.activations(self._decoder.network, [settings.layer])[settings.layer]
        self._table = self._table.reshape(len(self._targets.keys), -1)
        self._learned: Trials | None = None
        self._answer_to: dict[Event, int] = {}
        self._n_fitted = 0

    @property
    def n_learned(self) -> int:
        """The number of trials learned from."""
        return 0 if self._learned is None else len(self._learned)

    @property
    def chance(self) -> float:
        """The accuracy of always naming the class that was the most frequent so far."""
        answers, n_answers = list(self._answer_to.values()), len(self._targets.answers)
        return chance_of("candidate", np.array(answers, np.intp), n_answers).value if answers else 1 / n_answers

    def learn(self, trials: Trials) -> NDArray[np.float64]:
        """Decide on trials and learn from them, in their order.

        Returns whether each trial (n_trials,) was decided correctly before: NaN where it does not count or no decision
        was possible yet. An InputError says that a label is not among the targets, or that values are NaN or features
        differ from before; then no trial is learned from.
        """
        require_finite("trials.X", trials.X, row="trial", column="feature")
        answers = self._targets.truth()[self._targets.key_of(trials)]
        if self._learned is not None and trials.X.shape[1] != self._learned.X.shape[1]:
            raise InputError(
                f"trials.X: expected {self._learned.X.shape[1]} numbers a trial, as before, got {trials.X.shape[1]}"
            )
        found = np.full(len(trials), np.nan)
        for event, rows in _by_event(trials):
            of_event = trials.take(rows)
            if event not in self._answer_to and self._fitted():
                found[rows] = self._decided_rightly(of_event)
            self._learned = of_event if self._learned is None else _joined(self._learned, of_event)
            self._answer_to[event] = int(answers[rows[0]])
        return found

    def curve(self) -> LearningCurve:
        """How accuracy grows from chance with the number of trials; see `LearningCurve` for forecasts.

        Its intervals assume independent trials, as trials of different events are. It is an InputError if no trial has
        been decided on yet.
        """
        if not len(self.right):
            raise InputError("no trial has been decided on yet; learn from more events of each answer, in two runs")
        return LearningCurve(self.n_before, self.right, limit=1.0, start=self.chance)

    def progress(self, extra: int = 20) -> Progress:
        """The state of the calibration, and what `extra` more trials are expected to bring.

        The accuracy now is that of the latest half of the decisions, not of the curve: what was learned since only
        improves it. Each look is a test of its own: looking often reports the criterion as reached too early more
        often.
        """
        curve = self.curve()
        latest = self.right[len(self.right) // 2 :]
        accuracy = share(float(latest.sum()), len(latest))
        reached = accuracy.low >= self._good_enough
        message = (
            f"After {self.n_learned} trials {accuracy.value:.2f} of the latest {len(latest)} were decided rightly (95 "
            f"% interval {accuracy.low:.2f} to {accuracy.high:.2f}, chance {self.chance:.2f}). Good enough is "
            f"{self._good_enough:.2f}: {'reached' if reached else 'not certain yet'}. {curve.sentence(extra, 'trials')}"
        )
        return Progress(self.n_learned, accuracy, reached, message)

    def _fitted(self) -> bool:
        """Fit on all trials so far if they are enough; return whether they are."""
        n_answers = len(self._targets.answers)
        n_events = np.bincount(np.array(list(self._answer_to.values()), np.intp), minlength=n_answers)
        least = LEAST_RUNS if self._decoder.settings.readout.is_fitted else 2
        if self._learned is None or n_events.min() < FEW or len(np.unique(self._learned.run)) < least:
            return False
        if self._n_fitted < self.n_learned:
            decoder, settings = self._decoder, self._decoder.settings
            keys = self._targets.key_of(self._learned)
            samples = self._learned.X[:0] if self._samples is None else self._samples
            answers = self._targets.truth()[keys]
            decoder.fitted_on_ = None  # on trials of a stream, of no recording
            linear = decoder.linear_ = settings.fit_linear(self._learned, samples, self._table[keys], answers)
            decoder.entry_ = entry_of(decoder.network, settings.layer, self._targets, self._table, linear)
            self._n_fitted = self.n_learned
        return True

    def _decided_rightly(self, trials: Trials) -> NDArray[np.float64]:
        decisions = self._decoder.decide(trials)
        scores = np.array([[one.probabilities[answer] for answer in self._targets.answers] for one in decisions])
        right = hits(scores, self._targets.truth()[self._targets.key_of(trials)])
        self.decisions += decisions
        self.n_before = np.append(self.n_before, np.full(len(trials), self.n_learned))
        self.right = np.append(self.right, right)
        return right


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
    # At 0 and 1, rounding could put the ends just outside.
    return Forecast(p, min((middle - half) / scale, p), max((middle + half) / scale, p))


def _by_event(trials: Trials) -> Iterator[tuple[Event, NDArray[np.intp]]]:
    """Events in the order of their first trial, with the rows of each."""
    events = list(zip(trials.run.tolist(), trials.event.tolist(), strict=True))
    for event in dict.fromkeys(events):
        yield event, np.array([row for row, one in enumerate(events) if one == event], np.intp)


def _joined(first: Trials, then: Trials) -> Trials:
    both = {name: np.concatenate([getattr(first, name), getattr(then, name)]) for name in BY_TRIAL}
    return replace(first, **both)
