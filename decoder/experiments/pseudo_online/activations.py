"""Activations: which events are detected with the right class, how soon, and how often there are false ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .deciding import RunDecisions
from .policy import Policy
from .spans import Spans


@dataclass(frozen=True, eq=False)
class Activations:
    """The activations of one run, (n_activations,) each; `span` is the event's number in the run, -1 for rest."""

    time_s: NDArray[np.float64]
    answer: NDArray[np.intp]
    span: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def n_at_rest(self) -> int:
        return int(np.count_nonzero(self.span < 0))

    def first(self, n_spans: int) -> NDArray[np.intp]:
        """Return the first activation during each event, -1 for none."""
        return self._first_of(np.ones(len(self), bool), n_spans)

    def first_right(self, truth: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the first activation with the correct class during each event, -1 for none."""
        return self._first_of(self.right(truth), len(truth))

    def right(self, truth: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return for each activation whether it has the class of its event; False at rest."""
        during = self.span >= 0
        during[during] = self.answer[during] == truth[self.span[during]]
        return during

    def n_first_right(self, truth: NDArray[np.intp]) -> tuple[int, int]:
        """Return for how many events the first activation is right, and how many have one."""
        first = self.first(len(truth))
        some = first >= 0
        return int(np.count_nonzero(self.answer[first[some]] == truth[some])), int(np.count_nonzero(some))

    def _first_of(self, which: NDArray[np.bool_], n_spans: int) -> NDArray[np.intp]:
        first = np.full(n_spans, -1, np.intp)
        for i in np.flatnonzero(which & (self.span >= 0))[::-1].tolist():  # the earliest is written last, so it remains
            first[self.span[i]] = i
        return first


def activations_of(decisions: RunDecisions, spans: Spans, policy: Policy, threshold: float) -> Activations:
    """Turn the decisions on a run into activations.

    Decisions on windows that follow events are about these, each event separately. Those on sliding windows are about
    the event that holds when they become available.
    """
    if not len(decisions):
        return Activations(np.empty(0), np.empty(0, np.intp), np.empty(0, np.intp))
    probabilities, available_s = decisions.probabilities, decisions.available_s
    if (decisions.event >= 0).any():
        where = {event: i for i, event in enumerate(spans.event.tolist())}
        parts = []
        for event in np.unique(decisions.event).tolist():
            own = np.flatnonzero(decisions.event == event)
            parts.append(own[policy.activations(probabilities[own], available_s[own], threshold)])
        which = np.sort(np.concatenate(parts))
        span = np.array([where[event] for event in decisions.event[which].tolist()], np.intp)
    else:
        which = policy.activations(probabilities, available_s, threshold)
        span = spans.at(available_s[which])
    return Activations(available_s[which], probabilities[which].argmax(axis=1), span)


def shifted(activations: Activations, spans: Spans, by_s: float, begin_s: float, end_s: float) -> Activations:
    """Shift activations in time within a run; those shifted beyond its end enter at its beginning.

    Their number, their distances and their classes stay, but they no longer depend on the events.
    """
    time_s = begin_s + (activations.time_s - begin_s + by_s) % (end_s - begin_s)
    order = np.argsort(time_s, kind="stable")
    return Activations(time_s[order], activations.answer[order], spans.at(time_s[order]))


def answer_table(activations: Activations, n_spans: int, n_answers: int) -> NDArray[np.float64]:
    """Return (n_events, n_classes): 1 for the class of the first activation during each event, else 0."""
    first = activations.first(n_spans)
    table = np.zeros((n_spans, n_answers))
    some = np.flatnonzero(first >= 0)
    table[some, activations.answer[first[some]]] = 1.0
    return table
