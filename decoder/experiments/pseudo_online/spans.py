"""When which event holds: the truth that decisions of a run are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...recordings.events import Events


@dataclass(frozen=True, eq=False)
class Spans:
    """The events of one run, in the order of their onsets; no two hold at once.

    Attributes
    ----------
    event : array (n_events,) of int
        Which event of the recording.
    truth : array (n_events,) of int
        The right answer to each.
    onset_s : array (n_events,)
    start_s, stop_s : arrays (n_events,)
        A decision that is there in ``[start_s, stop_s)`` is about this event.
    """

    event: NDArray[np.intp]
    truth: NDArray[np.intp]
    onset_s: NDArray[np.float64]
    start_s: NDArray[np.float64]
    stop_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.event)

    def at(self, time_s: NDArray) -> NDArray[np.intp]:
        """Return which of the spans holds at each time, -1 for none: rest."""
        if not len(self):
            return np.full(np.shape(time_s), -1, np.intp)
        last = np.searchsorted(self.start_s, time_s, side="right") - 1
        return np.where((last >= 0) & (time_s < self.stop_s[last]), last, -1)

    def rest_s(self, begin_s: float, end_s: float) -> float:
        """Return how much of ``[begin_s, end_s)`` no event holds.

        Examples
        --------
        >>> one = np.array([0]), np.array([0]), np.array([2.0]), np.array([2.0]), np.array([5.0])
        >>> Spans(*one).rest_s(1.0, 10.0)
        6.0
        """
        held = np.clip(self.stop_s, begin_s, end_s) - np.clip(self.start_s, begin_s, end_s)
        return float(end_s - begin_s - held.sum())


def spans_of(
    events: Events, run: int | str, truth: NDArray[np.intp], from_s: float, to_s: float, least_s: float
) -> Spans:
    """Return when the events of a run hold: from ``onset + from_s`` to ``onset + duration + to_s``.

    An event that begins ends the one before it.

    Parameters
    ----------
    events : Events
        Of the recording.
    run : int or str
    truth : array (n_events,) of int
        The right answer to each of them.
    from_s, to_s : float
    least_s : float
        An event lasts at least so long, before `to_s` is added.
    """
    here = np.flatnonzero(events.run == run)
    here = here[np.argsort(events.onset_s[here], kind="stable")]
    onset_s = events.onset_s[here]
    start_s = onset_s + from_s
    stop_s = onset_s + np.maximum(events.duration_s[here], least_s) + to_s
    stop_s[:-1] = np.minimum(stop_s[:-1], start_s[1:])
    return Spans(here, truth[here], onset_s, start_s, np.maximum(stop_s, start_s))
