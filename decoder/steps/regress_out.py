"""Removing nuisance signals such as head movement from a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...errors import RecordingError, UnknownNameError
from ..recordings.recording import Recording


def regress_out(recording: Recording, names: Sequence[str] | None = None) -> Recording:
    """Return the recording without what its confounds explain, run by run, by least squares.

    It needs the whole run, and so works offline only. The mean of every feature in every run stays.

    Parameters
    ----------
    recording : Recording
        With confounds.
    names : sequence of str, optional
        The confounds to use. Default: all.

    Raises
    ------
    RecordingError
        The recording has no confounds, or a run has no more samples than there are confounds.
    UnknownNameError
        It has no confound of that name.
    """
    if recording.confounds is None:
        raise RecordingError(
            "recording: expected confounds, got none; name their columns when reading, e.g. in read_bids"
        )
    names = recording.confound_names if names is None else names
    for name in names:
        if name not in recording.confound_names:
            raise UnknownNameError("confound", name, recording.confound_names)
    columns = [recording.confound_names.index(name) for name in names]
    data = recording.data.copy()
    for run in recording.runs:
        where = recording.samples_of(run)
        C = recording.confounds[where][:, columns]
        if len(C) <= len(columns) + 1:
            raise RecordingError(
                f"confounds: run {run} has {len(C)} samples, too few for {len(columns)} confounds; use fewer confounds"
            )
        C = C - C.mean(axis=0)
        size = np.linalg.norm(C, axis=0)
        C = C / np.where(size > 0, size, 1.0)  # movement in mm and power in thousands weigh alike in the rank
        X = recording.data[where].astype(np.float64)
        slopes = np.linalg.lstsq(C, X - X.mean(axis=0), rcond=None)[0]
        data[where] = X - C @ slopes
    return replace(recording, data=data, source=f"{recording.source}; regressed out, run by run: {', '.join(names)}")
