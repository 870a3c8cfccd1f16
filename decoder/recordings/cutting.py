"""Continuous recordings cut into runs in the pauses between their events.

Cross-validation leaves out runs, so a recording made in one go needs some. Neighbouring runs of one continuous
recording still share what changes slowly (drying gel, tiredness, drifting electrodes): a score from them says how well
the decoder does within the session, not on another day.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, RecordingError
from ...errors.checks import check_choice
from .events import GRID_TOLERANCE, first_sample_at
from .recording import Recording

LONG = 0.5
"""For a given number of runs, only pauses at least this fraction of the longest ones are cut."""


def cut_runs(
    recording: Recording,
    n_runs: int | None = None,
    *,
    pause_s: float | None = None,
    margin_s: tuple[float, float] = (0.0, 0.0),
    steps: Literal["restart", "go on"] = "restart",
) -> Recording:
    """Return a continuous recording cut into runs, in the middle of pauses between events.

    Without any events, such as beside continuous targets, runs are cut into parts of equal length. Else no event is
    cut, and nothing within `margin_s` around it; where an event ends as the next one begins, the sample during which
    that is goes with the next one. Samples before the first event stay with the first run and those after the last
    event with the last run; none is lost. Existing runs stay separate.

    Neighbouring runs of one continuous recording share slow drifts, so a decoder that works across them may fail on
    another day.

    Parameters
    ----------
    recording : Recording
    n_runs : int, optional
        How many runs with events there are to be in the end; their numbers of events are as equal as the pauses allow.
        Only pauses at least half as long as the ``n_runs - 1`` longest ones are cut, so that blocks of events that
        follow each other fast stay together.
    pause_s : float, optional
        Instead of `n_runs`: cut every pause of at least so many seconds between one event's end and the next onset.
    margin_s : (float, float)
        How many seconds before each event's onset and after its end stay with it; what a window covers.
    steps : {"restart", "go on"}
        Whether steps whose state goes on in time (filters, running averages) start again in each run, or go on across
        the cuts, as they do on a stream. Their past then holds samples of other runs, without their labels.

    Returns
    -------
    Recording
        A run that was cut gives ``"1 part 1"``, ``"1 part 2"``, ...; the others have their old names, as text.

    Raises
    ------
    InputError
        Neither or both of `n_runs` and `pause_s` are given, or one of them is not above zero.
    RecordingError
        There are too few pauses.

    Examples
    --------
    >>> from hotwire.decoder import Events
    >>> events = Events(np.ones(4, int), np.array([2.0, 3.0, 8.0, 9.0]), np.zeros(4), np.array(["a", "b", "a", "b"]))
    >>> recording = Recording(np.zeros((1200, 1)), 100.0, ("Cz",), np.ones(1200, int), events)
    >>> cut_runs(recording, n_runs=2).run_lengths()
    {'1 part 1': 550, '1 part 2': 650}
    """
    check_choice("steps", steps, ("restart", "go on"))
    before_s, behind_s = _checked(recording, n_runs, pause_s, margin_s)
    if not len(recording.events):
        return _cut(recording, _equal_cuts(recording, n_runs), steps == "go on")
    pauses = _pauses(recording, before_s, behind_s)
    if n_runs is not None:
        cuts = _even_cuts(recording, pauses, n_runs, (before_s, behind_s))
    else:
        cuts = [pause for pause in pauses if pause_s is not None and pause.length_s >= pause_s]
    return _cut(recording, cuts, steps == "go on")


class _Pause(NamedTuple):
    run: int | str
    length_s: float
    """From the last end to the next onset."""
    at: int
    """The sample of the run to cut at, in the middle of what the margins leave of it."""
    place: int
    """How many of the recording's events are before it."""


def _checked(
    recording: Recording, n_runs: int | None, pause_s: float | None, margin_s: tuple[float, float]
) -> tuple[float, float]:
    if (n_runs is None) == (pause_s is None):
        raise InputError(f"expected either n_runs or pause_s, got n_runs={n_runs} and pause_s={pause_s}")
    if n_runs is not None and n_runs < 1:
        raise InputError(f"n_runs: expected 1 or more, got {n_runs}")
    if pause_s is not None and not pause_s > 0:
        raise InputError(f"pause_s: expected seconds above 0, got {pause_s:g}")
    if len(margin_s) != 2 or not all(np.isfinite(margin_s)) or min(margin_s) < 0:
        raise InputError(f"margin_s: expected seconds before and behind each event, zero or more, got {margin_s}")
    if not len(recording.events) and n_runs is None:
        raise RecordingError(
            "pause_s: the recording has no events, so there are no pauses between them; n_runs cuts it into equal parts"
        )
    if recording.trimmed_samples:
        raise RecordingError("recording: a lag has taken samples off its runs' ends; cut it into runs before that")
    return float(margin_s[0]), float(margin_s[1])


def _equal_cuts(recording: Recording, n_runs: int | None) -> list[_Pause]:
    lengths = recording.run_lengths()
    assert n_runs is not None  # checked
    n_parts, left = divmod(n_runs, max(len(lengths), 1))
    if left or not n_parts or min(lengths.values()) < n_parts:
        raise InputError(
            f"n_runs: expected a multiple of {len(lengths)}, the number of runs, which are cut into equal parts as "
            f"there are no events, got {n_runs}"
        )
    return [_Pause(run, 0.0, round(n * part / n_parts), 0) for run, n in lengths.items() for part in range(1, n_parts)]


def _in_order(recording: Recording, run: int | str) -> NDArray[np.intp]:
    """Return the indices of a run's events, by their onsets."""
    of_run = np.flatnonzero(recording.events.run == run)
    return of_run[np.argsort(recording.events.onset_s[of_run], kind="stable")]


def _pauses(recording: Recording, before_s: float, behind_s: float) -> list[_Pause]:
    pauses, place, rate_hz = [], 0, recording.rate_hz
    for run in recording.runs:
        order = _in_order(recording, run)
        onset = recording.events.onset_s[order]
        ended = np.maximum.accumulate(onset + recording.events.duration_s[order])[:-1]
        for i, (end, begin) in enumerate(zip(ended.tolist(), onset[1:].tolist(), strict=True), start=1):
            latest = (begin - before_s) * rate_hz + GRID_TOLERANCE
            at = min(first_sample_at((end + behind_s + begin - before_s) / 2, rate_hz), int(np.floor(latest)))
            # Events may touch, but the one before a cut keeps a sample of its own.
            if (end + behind_s) * rate_hz <= latest and at > first_sample_at(onset[i - 1], rate_hz):
                pauses.append(_Pause(run, begin - end, at, place + i))
        place += len(order)
    return pauses


def _even_cuts(recording: Recording, pauses: list[_Pause], n_runs: int, margin_s: tuple[float, float]) -> list[_Pause]:
    counts = [np.count_nonzero(recording.events.run == run) for run in recording.runs]
    ends = np.cumsum([count for count in counts if count])
    n_missing = n_runs - len(ends)
    if n_missing < 0:
        raise InputError(f"n_runs: expected {len(ends)} or more, as the recording has so many runs with events already")
    if n_missing > len(pauses):
        raise RecordingError(
            f"n_runs: for {n_runs} runs, {n_missing} pauses between events have to be cut, but only {len(pauses)} are "
            f"longer than the margins, {margin_s[0]:g} s before and {margin_s[1]:g} s behind each event; ask for fewer "
            "runs or smaller margins"
        )
    if n_missing == 0:
        return []
    longest = sorted((pause.length_s for pause in pauses), reverse=True)
    least_s = LONG * longest[n_missing - 1] - GRID_TOLERANCE / recording.rate_hz
    long_enough = {pause.place: pause for pause in pauses if pause.length_s >= least_s}
    chosen = _most_even(np.array([0, *sorted({*ends.tolist(), *long_enough})]), set(ends.tolist()), n_runs)
    return [long_enough[place] for place in chosen if place in long_enough]


def _most_even(places: NDArray[np.int64], kept: set[int], n_parts: int) -> list[int]:
    """Return where to cut so that the sum of the parts' squared sizes is least.

    Dynamic programming over the number of parts: the best cuts before a place are the best cuts before the last part,
    and that part. A part may not go across a place that is cut already (`kept`).
    """
    n = len(places)
    last_kept = np.zeros(n, np.int64)  # the nearest kept place before each
    for j in range(1, n):
        last_kept[j] = j - 1 if int(places[j - 1]) in kept or j == 1 else last_kept[j - 1]
    best = np.full(n, np.inf)
    best[0] = 0
    came_from = np.zeros((n_parts, n), np.int64)
    for part in range(n_parts):
        longer = np.full(n, np.inf)
        for j in range(1, n):
            cost = best[last_kept[j] : j] + (places[j] - places[last_kept[j] : j]).astype(np.float64) ** 2
            i = int(np.argmin(cost))
            longer[j], came_from[part, j] = cost[i], last_kept[j] + i
        best = longer
    cuts, j = [], n - 1
    for part in range(n_parts - 1, 0, -1):
        j = int(came_from[part, j])
        cuts.append(int(places[j]))
    return cuts[::-1]


def _cut(recording: Recording, cuts: list[_Pause], goes_on: bool) -> Recording:
    events, rate_hz = recording.events, recording.rate_hz
    how = f"in {len(cuts)} pauses between its events" if len(events) else "into parts of equal length"
    run_of_event = events.run.astype(object)
    onset_s = events.onset_s.copy()
    run: list[str] = []
    cut_from_last: list[str] = []
    for name, length in recording.run_lengths().items():
        starts = np.array([0, *(cut.at for cut in cuts if cut.run == name)])
        names = [f"{name} part {i}" for i in range(1, len(starts) + 1)] if len(starts) > 1 else [str(name)]
        cut_from_last += names[1:]
        of_run = np.flatnonzero(events.run == name)
        part = np.searchsorted(starts, events.onset_s[of_run] * rate_hz + GRID_TOLERANCE, side="right") - 1
        onset_s[of_run] = (events.onset_s[of_run] - starts[part] / rate_hz).clip(0)
        run_of_event[of_run] = np.array(names, object)[part]
        run += np.repeat(names, np.diff([*starts, length])).tolist()
    return replace(
        recording,
        run=np.array(run, np.str_),
        events=replace(events, run=run_of_event.astype(np.str_), onset_s=onset_s),
        cut_from_last=tuple(cut_from_last),
        goes_on=tuple(cut_from_last) if goes_on else (),
        source=f"{recording.source}; cut {how}",
    )
