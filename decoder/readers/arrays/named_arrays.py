"""Recordings that laboratories publish as arrays by name: samples, a label for each, their runs, pictures, masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError, UnknownNameError
from ....errors.checks import check_choice
from ...recordings.events import MISSING, Events
from ...recordings.recording import Recording
from .array_files import Order, entries, load_arrays, named_labels, order_in
from .blocks import blocks
from .cut_trials import laid_out, one_event_each, trial_names
from .stored_pictures import picture_names
from .stored_voxels import VoxelList, VoxelMasks, Voxels


def read_named_arrays(
    path: str | PathLike[str],
    data: str,
    label: str | None = None,
    *,
    rows: Literal["samples", "features"] = "samples",
    label_names: Mapping[str, str] | None = None,
    run: str | None = None,
    block: str | None = None,
    rate_hz: float | None = None,
    unit: str = "a.u.",
    stimuli: str | None = None,
    voxels: VoxelList | VoxelMasks | None = None,
    regions: Mapping[str, Sequence[str]] | None = None,
    order: Order | None = None,
    rest: str | None = None,
    axes: Sequence[str] | None = None,
    onset_s: float = 0.0,
) -> Recording:
    """Read a recording from arrays of a ``.npz`` or ``.mat`` file, each given by its name there.

    With a rate, samples follow each other in time: neighbours of one run, one label and one block are an event, so that
    a stimulus channel, with 0 for nothing, is a label (``rest = "0"``). Without a rate, every sample is a trial: an
    event, and if no runs are given a run of its own, of a single sample at 1 Hz. With `axes`, the array holds trials
    that were cut already: each is a run of its own, with one event.

    Give neither rate nor runs only if samples are independent: single trials or averages, whose order means nothing.
    Bins or volumes that were recorded one after the other are not independent. They share noise. If each is a run of
    its own, the neighbours of a tested sample are in the training set, and labels are decoded from that noise. Say with
    `run` which samples belong together, and with `rate_hz` that they follow each other; an evaluation refuses samples
    whose neighbours are more alike than their labels make them.

    Parameters
    ----------
    path : path
    data : str
        The samples, (n_samples, n_features); or cut trials, see `axes`.
    label : str, optional
        The label of each sample, or of each cut trial, as text or number. Samples at a rate may have none: the
        recording is then without events, as beside continuous targets.
    rows : str
        What a row of `data` is: ``"samples"`` (default) or ``"features"``.
    label_names : mapping of str to str, optional
        What all labels in the file mean, e.g. ``{"1": "six", "2": "nine"}``.
    run : str, optional
        The run of each sample, which cross-validation never splits. Of each cut trial: they are named ``"RUN TRIAL"``,
        and ``folds = "session"`` holds out whole runs.
    block : str, optional
        The block of each sample, where blocks of one label follow each other.
    rate_hz : float, optional
        Samples per second; None where they are trials that do not follow each other in time.
    unit : str
    stimuli : str, optional
        The picture of each sample, see `read_stored_pictures`; for trials only.
    voxels : VoxelList or VoxelMasks, optional
        Features are then named ``voxel_i_j_k``.
    regions : mapping of str to sequence of str, optional
        Regions made of `VoxelMasks`, by name or pattern: ``{"V1": ["*.V1d.nii", "*.V1v.nii"]}``. Default: every mask is
        a region. Voxels that are no features are left out.
    order : str, optional
        How voxels were put into a row. Default: ``"F"`` for ``.mat`` and ``"C"`` for ``.npz``.
    rest : str, optional
        The label of samples at which nothing was presented: they make no event.
    axes : sequence of str, optional
        For cut trials, what the three axes of the array are: ``["trials", "channels", "times"]`` in the file's order.
    onset_s : float
        For cut trials, the event's onset in seconds since a trial's first sample.

    Raises
    ------
    UnknownNameError
        The file has no such array, or there is no such mask or label; lists those there are.
    RecordingError
        The file cannot be read, or its arrays do not fit together.
    """
    check_choice("rows", rows, ("samples", "features"))
    if rate_hz is not None and not rate_hz > 0:
        raise InputError(f"rate_hz: expected a positive number of samples per second, got {rate_hz}")
    if rate_hz is None and block is not None:
        raise InputError("block: samples without a rate are trials, which have no blocks; give rate_hz or tr_s")
    if axes is not None and (rate_hz is None or block is not None or rows != "samples"):
        raise InputError("axes: cut trials need rate_hz or tr_s, and have neither block nor rows")
    if axes is None and onset_s:
        raise InputError("onset_s: expected with axes, for cut trials")
    if rate_hz is not None and axes is None and stimuli is not None:
        raise InputError("stimuli: expected samples that are trials, one for each picture; take out rate_hz and tr_s")
    if regions is not None and not isinstance(voxels, VoxelMasks):
        raise InputError("regions: they are made of masks; tell which arrays hold these")
    _require_label(label, rate_hz, (axes, block, rest, label_names))
    path = Path(path)
    wanted = [data, label, run, block, stimuli, *([] if voxels is None else voxels.names())]
    arrays = load_arrays(path, [name for name in wanted if name is not None])
    samples, n_rows, n_times = _samples(path, data, arrays[data], rows, axes)
    n_features = samples.shape[1]

    def of_each(name: str) -> NDArray:
        return _of_each_row(path, name, arrays[name], n_rows)

    source = str(path)
    labels = (
        np.empty(0, np.str_)
        if label is None
        else _labels(label, _texts(path, label, arrays[label], n_rows), label_names, rest)
    )
    run_of_each = None if run is None else of_each(run)
    if n_times is not None and rate_hz is not None:
        names = trial_names(run_of_each, n_rows)
        runs, events = names.repeat(n_times), one_event_each(labels, names, n_times, rate_hz, onset_s)
    elif rate_hz is None:
        source += f"; no rate and no runs: each of {n_rows} rows is a run of its own" if run is None else ""
        runs = np.arange(n_rows) if run_of_each is None else run_of_each
        events = blocks(labels, runs, 1.0, np.arange(n_rows))
    else:
        runs = np.ones(n_rows, np.int64) if run_of_each is None else run_of_each
        of_block = None if block is None else of_each(block)
        events = Events.none() if label is None else blocks(labels, runs, 1.0 / rate_hz, of_block)
    if stimuli is not None:
        events = replace(events, stimulus=picture_names(path, stimuli, arrays[stimuli], n_rows))
    events = events if rest is None else events.take(events.label != rest)
    position = None if voxels is None else voxels.read(path, arrays, order_in(path, order))
    if position is not None and len(position.places) != n_features:
        raise RecordingError(
            f"{path}: {data!r} has {n_features} features, but there are {len(position.places)} voxels for them"
        )
    return Recording(
        data=samples,
        rate_hz=1.0 if rate_hz is None else rate_hz,
        feature_names=_feature_names(n_features) if position is None else _voxel_names(position.places),
        run=runs,
        events=events,
        unit=unit,
        positions_mm=None if position is None else position.positions_mm,
        source=source,
        regions={} if position is None else _regions(position, regions),
    )


def _require_label(label: str | None, rate_hz: float | None, of_labels: Sequence[Any]) -> None:
    if label is None and (rate_hz is None or any(one is not None for one in of_labels)):
        raise InputError(
            "label: expected the array with the label of each row, got none; only samples at a rate may be without, "
            "beside continuous targets"
        )


def _samples(
    path: Path, name: str, array: NDArray, rows: str, axes: Sequence[str] | None
) -> tuple[NDArray, int, int | None]:
    """Return the samples, how many rows there are that have a label, and, of cut trials, how many samples each has."""
    if axes is not None or array.ndim == 3:
        trials = laid_out(path, name, array, axes)
        n_trials, n_channels, n_times = trials.shape
        return trials.transpose(0, 2, 1).reshape(-1, n_channels), n_trials, n_times
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise RecordingError(
            f"{path}: expected {name!r} to be numbers with two axes, samples and features, or three of cut trials, got "
            f"an array of {array.dtype} of shape {array.shape}"
        )
    samples = array if rows == "samples" else array.T
    return samples, len(samples), None


def _of_each_row(path: Path, name: str, array: NDArray, n_rows: int) -> NDArray:
    if array.size != n_rows or max(array.shape, default=0) != n_rows:
        raise RecordingError(
            f"{path}: expected {name!r} to have an entry for each of the {n_rows} samples, got shape {array.shape}; "
            'if rows of the data are features, give rows = "features"'
        )
    return entries(path, name, array)


def _texts(path: Path, name: str, array: NDArray, n_rows: int) -> NDArray[np.str_]:
    """Return the label of each row; NaN, which stands for nothing, becomes ``n/a``."""
    missing = np.isnan(array.ravel()) if array.dtype.kind == "f" else np.zeros(array.size, bool)
    found = _of_each_row(path, name, np.nan_to_num(array) if missing.any() else array, n_rows).astype(np.str_)
    return np.where(missing, MISSING, found)


def _labels(
    name: str, labels: NDArray[np.str_], meaning: Mapping[str, str] | None, rest: str | None
) -> NDArray[np.str_]:
    """Return what labels mean; that of rest needs no other name."""
    if meaning is not None and rest is not None and rest not in meaning.values():
        meaning = {rest: rest, **meaning}
    found = named_labels(name, labels, meaning)
    if rest is not None and rest not in found:
        raise UnknownNameError("label of rest", rest, np.unique(found).tolist())
    return found


def _regions(voxels: Voxels, regions: Mapping[str, Sequence[str]] | None) -> dict[str, NDArray[np.intp]]:
    """Return the features of each region: those inside any mask whose name fits one of its patterns."""
    found = {}
    for region, patterns in ({name: [name] for name in voxels.inside} if regions is None else regions).items():
        inside = np.zeros(len(voxels.places), bool)
        for pattern in patterns:
            matching = [voxels.inside[name] for name in voxels.inside if fnmatchcase(name, pattern)]
            if not matching:
                raise UnknownNameError(f"mask of region {region!r}", pattern, voxels.inside)
            inside |= np.any(matching, axis=0)
        found[region] = np.flatnonzero(inside)
    return found


def _feature_names(n: int) -> tuple[str, ...]:
    return tuple(f"feature_{i}" for i in range(n))


def _voxel_names(places: NDArray[np.intp]) -> tuple[str, ...]:
    return tuple("voxel_" + "_".join(map(str, place)) for place in places.tolist())
