"""A story that several people heard: their mean, cut into runs of which some can be held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...errors import InputError
from .recording import Recording
from .timed_words import TimedWords


def mean_of_runs(recording: Recording) -> Recording:
    """Return the mean over runs of equal length as one run, of each feature in its run's standard deviations.

    Examples
    --------
    >>> two = Recording(np.array([[1.0], [3.0], [30.0], [10.0]], np.float32), 0.5, ("a",), np.array([1, 1, 2, 2]))
    >>> mean_of_runs(two).data.tolist()
    [[0.0], [0.0]]
    """
    tables = np.array([recording.data[recording.samples_of(run)] for run in recording.runs], np.float64)
    size = tables.std(axis=1, keepdims=True)
    scaled = (tables - tables.mean(axis=1, keepdims=True)) / np.where(size > 0, size, 1.0)
    mean = scaled.mean(axis=0).astype(np.float32)
    return replace(recording, data=mean, run=np.ones(len(mean), np.intp))


def cut_into_runs(
    recording: Recording, words: TimedWords, cut_s: Sequence[float], gap: int
) -> tuple[Recording, dict[int, TimedWords]]:
    """Cut a recording of one run, and its words, into runs 1, 2, ...

    Parameters
    ----------
    recording : Recording
        Of a single run, without events.
    words : TimedWords
    cut_s : sequence of float
        When a run ends, in seconds since the first sample.
    gap : int
        Samples that are left out after each of these times, with their words, so that no word reaches into two runs.

    Raises
    ------
    InputError
        The times are not in order within the recording, or a run would have no words.
    """
    n, stops = len(recording.data), [round(cut * recording.rate_hz) for cut in cut_s]
    starts = [0, *(stop + gap for stop in stops)]
    spans = list(zip(starts, [*stops, n], strict=True))
    if any(stop <= start for start, stop in spans):
        raise InputError(
            f"cut_s: expected times in order, more than {gap / recording.rate_hz:g} s apart, within the "
            f"{n / recording.rate_hz:g} s of the recording, got {', '.join(f'{cut:g}' for cut in cut_s)}"
        )
    cut_words = {}
    for run, span in enumerate(spans, start=1):
        start_s, stop_s = (edge / recording.rate_hz for edge in span)
        inside = (words.onset_s >= start_s) & (words.offset_s <= stop_s)
        if not inside.any():
            raise InputError(f"cut_s: expected words in each run, got none from {start_s:g} to {stop_s:g} s")
        cut_words[run] = TimedWords(
            words.word[inside], words.onset_s[inside] - start_s, words.offset_s[inside] - start_s
        )
    data = np.concatenate([recording.data[start:stop] for start, stop in spans])
    run = np.repeat(np.arange(1, len(spans) + 1), [stop - start for start, stop in spans])
    return replace(recording, data=data, run=run), cut_words
