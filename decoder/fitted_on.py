"""Which runs a decoder was fitted on: decisions on these say nothing about new data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from .recordings.events import listed
from .recordings.recording import Recording


def run_digests(recording: Recording) -> dict[str, str]:
    """SHA-256 of each run's samples, by its name, in a recording as it was read, before any step.

    Examples
    --------
    >>> import numpy as np
    >>> recording = Recording(np.zeros((2, 1)), 1.0, ("Cz",), np.array(["one", "two"]))
    >>> {run: digest[:8] for run, digest in run_digests(recording).items()}
    {'one': 'df3f6198', 'two': 'df3f6198'}
    """
    return {
        str(run): hashlib.sha256(recording.data[recording.samples_of(run)].tobytes()).hexdigest()
        for run in recording.runs
    }


def runs_of_fit(recording: Recording, fitted_on: Mapping[str, str] | None) -> list[str] | None:
    """The runs of a recording that a decoder was fitted on, by their samples, whatever their names were then.

    `fitted_on` is the result of `run_digests` for the recording of the fit; the result is None where that is not known.
    """
    if fitted_on is None:
        return None
    known = set(fitted_on.values())
    return [run for run, digest in run_digests(recording).items() if digest in known]


def warning_of(runs: Sequence[str] | None) -> str | None:
    """A warning of decisions on runs of the fit; None where there are no such runs.

    Examples
    --------
    >>> warning_of(["11"])
    'Run 11 was part of the fit: decisions on it say nothing about new data.'
    """
    if not runs:
        return None
    if len(runs) == 1:
        return f"Run {runs[0]} was part of the fit: decisions on it say nothing about new data."
    return f"{len(runs)} runs ({listed(runs, 12)}) were part of the fit: decisions on them say nothing about new data."
