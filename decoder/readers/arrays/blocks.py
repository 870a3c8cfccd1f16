"""From a label for each sample to events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from ...recordings.events import Events


def blocks(label: NDArray[np.str_], run: NDArray, tr_s: float, block: NDArray | None = None) -> Events:
    """Return one event for each stretch of samples of one label, one run and one block, all of shape (n_samples,).

    Blocks separate neighbours with the same label; a block with several labels is a RecordingError.

    Examples
    --------
    >>> events = blocks(np.array(["cat", "cat", "shoe", "cat"]), np.array([1, 1, 1, 2]), tr_s=2.0)
    >>> events.label.tolist(), events.onset_s.tolist(), events.duration_s.tolist()
    (['cat', 'shoe', 'cat'], [0.0, 4.0, 0.0], [4.0, 2.0, 2.0])
    """
    new_run, new_label = _changes(run), _changes(label)
    begins = new_run | (new_label if block is None else _changes(block))
    torn = np.flatnonzero(new_label & ~begins)
    if block is not None and torn.size:
        i = torn[0]
        raise RecordingError(
            f"block: expected one label in each, but block {block[i]} of run {run[i]} goes from {str(label[i - 1])!r} "
            f"to {str(label[i])!r} at sample {i}"
        )
    starts = np.flatnonzero(begins)
    stops = np.append(starts[1:], len(label))
    run_start = np.maximum.accumulate(np.where(new_run, np.arange(len(run)), 0))[starts]
    return Events(
        run=run[starts],
        onset_s=np.asarray((starts - run_start) * tr_s, np.float64),
        duration_s=np.asarray((stops - starts) * tr_s, np.float64),
        label=label[starts],
    )


def _changes(entries: NDArray) -> NDArray[np.bool_]:
    return np.append(np.ones(min(1, len(entries)), bool), entries[1:] != entries[:-1])
