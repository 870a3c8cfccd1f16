"""What activations say of events: which are answered rightly, how soon, and how often something happens by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .deciding import Decided
from .policy import Policy
from .spans import Spans


@dataclass(frozen=True, eq=False)
class Acts:
    """The activations of one run.

    Attributes
    ----------
    time_s : array (n_activations,)
    answer : array (n_activations,) of int
    span : array (n_activations,) of int
        During which event of the run, counted in its `Spans`; -1 for rest.
    """

    time_s: NDArray[np.float64]
    answer: NDArray[np.intp]
    span: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.time_s)

    def first(self, n_spans: int) -> NDArray[np.intp]:
        """Return the first activation during each event, -1 for none."""
        return self._first_of(np.ones(len(self), bool), n_spans)

    def first_right(self, truth: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the first activation with the right answer during each event, -1 for none."""
        during = self.span >= 0
        during[during] = self.answer[during] == truth[self.span[during]]
        return self._first_of(during, len(truth))

    def _first_of(self, which: NDArray[np.bool_], n_spans: int) -> NDArray[np.intp]:
        found = np.full(n_spans, -1, np.intp)
        for i in np.flatnonzero(which & (self.span >= 0))[::-1].tolist():  # what came before comes last, and stays
            found[self.span[i]] = i
        return found


def acts_of(decided: Decided, spans: Spans, policy: Policy, threshold: float) -> Acts:
    """Turn the decisions on a run into activations.

    Decisions on windows that follow events are about these, each event for itself; those on windows that slide along
    are about the event that holds when they are there.
    """
    if not len(decided):
        return Acts(np.empty(0), np.empty(0, np.intp), np.empty(0, np.intp))
    follows = decided.event >= 0
    if follows.any():
        where = {event: i for i, event in enumerate(spans.event.tolist())}
        fired = []
        for event in np.unique(decided.event).tolist():
            own = np.flatnonzero(decided.event == event)
            fired.append(own[policy.activations(decided.probabilities[own], decided.available_s[own], threshold)])
        which = np.sort(np.concatenate(fired))
        span = np.array([where[event] for event in decided.event[which].tolist()], np.intp)
    else:
        which = policy.activations(decided.probabilities, decided.available_s, threshold)
        span = spans.at(decided.available_s[which])
    return Acts(decided.available_s[which], decided.probabilities[which].argmax(axis=1), span)


def shifted(acts: Acts, spans: Spans, by_s: float, begin_s: float, end_s: float) -> Acts:
    """Move activations in time, those that leave a run at its end coming in at its beginning.

    As many, as close together and as like each other as they were, they no longer know of the events.

    Parameters
    ----------
    acts : Acts
    spans : Spans
    by_s : float
    begin_s, end_s : float
        Where the run begins and ends.
    """
    time_s = begin_s + (acts.time_s - begin_s + by_s) % (end_s - begin_s)
    order = np.argsort(time_s, kind="stable")
    return Acts(time_s[order], acts.answer[order], spans.at(time_s[order]))


def answer_table(acts: Acts, n_spans: int, n_answers: int) -> NDArray[np.float64]:
    """Return (n_events, n_answers): 1 for the answer of the first activation during each event, 0 where none came."""
    first = acts.first(n_spans)
    table = np.zeros((n_spans, n_answers))
    some = np.flatnonzero(first >= 0)
    table[some, acts.answer[first[some]]] = 1.0
    return table
