"""Recordings of one session in several files, joined as runs of one recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...errors import InputError, RecordingError
from .events import Events
from .matching import check_agrees
from .recording import Recording


def joined(recordings: Sequence[Recording]) -> Recording:
    """Return recordings of the same channels as one, with runs numbered from 1 through all of them.

    Positions and regions are those of the first; confounds are dropped. RecordingError where channels, units or rates
    differ.

    Examples
    --------
    >>> one = Recording(np.zeros((10, 1)), 5.0, ("Cz",), np.ones(10, int))
    >>> joined([one, one]).run_lengths()
    {1: 10, 2: 10}
    """
    if not recordings:
        raise InputError("recordings: expected one or more, got none")
    first, run, tables = recordings[0], [], []
    n_runs = 0
    for one in recordings:
        try:
            check_agrees(one, first.feature_names, first.unit, first.rate_hz)
        except RecordingError as error:
            message = str(error).replace("the decoder was fitted on", f"{first.source} has")
            raise RecordingError(f"{one.source}: cannot be joined to {first.source}: {message}") from None
        number = {name: n_runs + i for i, name in enumerate(one.runs, start=1)}
        run += np.repeat(list(number.values()), list(one.run_lengths().values())).tolist()
        tables.append(replace(one.events, run=np.array([number[name] for name in one.events.run.tolist()], np.int64)))
        n_runs += len(number)
    return replace(
        first,
        data=np.concatenate([one.data for one in recordings]),
        run=np.array(run, np.int64),
        events=Events.joined(tables),
        confounds=None,
        confound_names=(),
        cut_from_last=(),
        goes_on=(),
        source=", ".join(one.source for one in recordings),
    )
