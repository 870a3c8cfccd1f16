"""Responses to pictures or sounds, averaged over repeats or single, as laboratories publish them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from ...recordings.events import Events
from ...recordings.recording import Recording
from .response_arrays import TABLES, averages_in, repeats_in, without
from .response_table import ResponseTable, read_response_table


def read_responses(
    responses: str | Path | NDArray,
    stimuli: list[str],
    *,
    stimulus: str = "stimulus",
    label: str | None = None,
    sites: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    unit: str = "spikes",
    source: str | None = None,
) -> Recording:
    """Read the mean response of each neuron or other site to each picture or sound.

    Averages have no order in time, and no run: every response is a run of its own, of a single sample at 1 Hz. That is
    right for averages over repeats in mixed order. Responses to single presentations, one after the other, share noise
    with their neighbours: read them with `read_named_arrays` and give their runs.

    Parameters
    ----------
    responses : path of a .npy file or of a table, or array (n_neurons, n_stimuli)
        A table (``.tsv``, ``.csv``) has a row for each stimulus, or for each of its repeats, which are averaged, and a
        column for each site, which is named after it.
    stimuli : list of str
        The names of their files; in the order of the columns of an array, in any order for a table.
    stimulus : str
        The column of a table that names each stimulus: its file, perhaps without the ending.
    label : str, optional
        The column of a table that holds the class of each stimulus.
    sites : sequence of str, optional
        The columns of a table that are sites, by name or by patterns such as ``"unit_*"``. Default: all others.
    exclude : sequence of str
        Sites that are left out, by name or by patterns. Those of an array are called ``"neuron_0"``, ``"neuron_1"`` ...
    unit : str
        Of the responses.
    source : str, optional

    Raises
    ------
    RecordingError
        The file is no array, or has another number of columns than there are stimuli; a table's rows are not those of
        the stimuli, or an entry is no number, or a column numbers rows or repeats; or all sites are excluded.
    UnknownNameError
        There is no such site to exclude.
    """
    if is_table(responses):
        table = read_response_table(
            Path(responses), stimuli, stimulus=stimulus, label=label, sites=sites, exclude=exclude
        )
        each = np.arange(len(stimuli))
        return _rows_of(table, table.averages(), each, stimuli, unit, source or _source(responses))
    _check_array_alone(stimulus, label, sites)
    array, left = without(averages_in(responses, len(stimuli)), exclude)
    return _each_its_own_run(array.T, np.array(stimuli), unit, source or _source(responses), None, left)


def read_presentations(
    repeats: str | Path | NDArray,
    stimuli: list[str],
    *,
    stimulus: str = "stimulus",
    label: str | None = None,
    sites: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    unit: str = "spikes",
    source: str | None = None,
) -> Recording:
    """Read the response of each neuron to each single presentation of a stimulus: averages come apart again.

    The order of presentations in time is not known, so each is a run of its own, as in `read_responses`.

    Parameters
    ----------
    repeats : path of a .npy file or of a table, or array (n_neurons, n_stimuli, n_repeats)
        NaN in an array where there was no repeat. A table has a row for each repeat.
    stimuli, stimulus, label, sites, exclude, unit, source
        As for `read_responses`.

    Raises
    ------
    RecordingError
        The file is no array, has another number of stimuli, or a presentation was recorded of some neurons only; or as
        for the table of `read_responses`.
    """
    if is_table(repeats):
        table = read_response_table(
            Path(repeats), stimuli, stimulus=stimulus, label=label, sites=sites, exclude=exclude
        )
        return _rows_of(table, table.responses, table.stimulus, stimuli, unit, source or _source(repeats))
    _check_array_alone(stimulus, label, sites)
    array, left = without(repeats_in(repeats, len(stimuli)), exclude)
    by_stimulus = array.transpose(1, 0, 2)
    there = np.isfinite(by_stimulus)
    whole = there.all(axis=1)
    partly = np.argwhere(there.any(axis=1) & ~whole)
    if len(partly):
        at, repeat = partly[0]
        raise RecordingError(
            f"repeats: expected each presentation of all neurons, or NaN for all, got NaN for "
            f"{np.count_nonzero(~there[at, :, repeat])} of {len(left)} in repeat {repeat} of {stimuli[at]} "
            f"({len(partly)} presentations are so); leave out neurons that were lost, such as exclude = "
            f'["{left[int(np.argmin(there[at, :, repeat]))]}"], or these presentations'
        )
    names = np.repeat(stimuli, whole.sum(axis=1))
    rows = by_stimulus.transpose(0, 2, 1)[whole]
    return _each_its_own_run(rows, names, unit, source or _source(repeats), None, left)


def is_table(given: str | Path | NDArray) -> TypeGuard[str | Path]:
    """Whether responses are in a table, by the ending of its name."""
    return not isinstance(given, np.ndarray) and Path(given).suffix.lower() in TABLES


def _check_array_alone(stimulus: str, label: str | None, sites: Sequence[str] | None) -> None:
    given = {"label": label is not None, "stimulus": stimulus != "stimulus", "sites": sites is not None}
    for name in (name for name, is_given in given.items() if is_given):
        raise RecordingError(
            f"{name}: expected only beside responses in a table ({', '.join(TABLES)}), whose columns it names; "
            "leave it out"
        )


def _rows_of(
    table: ResponseTable, rows: NDArray, of_row: NDArray[np.intp], stimuli: list[str], unit: str, source: str
) -> Recording:
    """Rows of a table's sites, each with the number of its stimulus."""
    names, labels = np.array(stimuli), np.array(stimuli if table.labels is None else table.labels)
    return _each_its_own_run(rows, names[of_row], unit, source, labels[of_row], table.sites)


def _each_its_own_run(
    rows: NDArray, names: NDArray, unit: str, source: str, labels: NDArray | None, sites: tuple[str, ...]
) -> Recording:
    """Responses (n_rows, n_sites) to stimuli of these names, each a run of a single sample."""
    runs = np.arange(len(rows))
    return Recording(
        data=np.ascontiguousarray(rows, dtype=np.float32),
        rate_hz=1.0,
        feature_names=sites,
        run=runs,
        events=Events(runs, np.zeros(len(rows)), np.ones(len(rows)), names if labels is None else labels, names),
        unit=unit,
        source=source,
    )


def _source(given: str | Path | NDArray) -> str:
    return "memory" if isinstance(given, np.ndarray) else str(given)
