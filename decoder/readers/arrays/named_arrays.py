"""Recordings that laboratories publish as arrays by name: samples, a label for each, their runs, pictures, masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError, UnknownNameError
from ....errors.checks import check_choice
from ...recordings.recording import Recording
from .array_files import Order, entries, load_arrays, named_labels, order_in
from .blocks import blocks
from .stored_pictures import picture_names
from .stored_voxels import VoxelList, VoxelMasks, Voxels


def read_named_arrays(
    path: str | PathLike[str],
    data: str,
    label: str,
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
) -> Recording:
    """Read a recording from arrays of a ``.npz`` or ``.mat`` file, each given by its name there.

    With a rate, samples follow each other in time: neighbours of one run, one label and one block are an event. Without
    one, every sample is a trial: an event, and if no runs are given a run of its own, of a single sample at 1 Hz.

    Give neither rate nor runs only if samples are independent: single trials or averages, whose order means nothing.
    Bins or volumes that were recorded one after the other are not independent. They share noise. If each is a run of
    its own, the neighbours of a tested sample are in the training set, and labels are decoded from that noise. Say with
    `run` which samples belong together, and with `rate_hz` that they follow each other; an evaluation refuses samples
    whose neighbours are more alike than their labels make them.

    Parameters
    ----------
    path : path
    data : str
        The samples, (n_samples, n_features).
    label : str
        The label of each sample, as text or number.
    rows : str
        What a row of `data` is: ``"samples"`` (default) or ``"features"``.
    label_names : mapping of str to str, optional
        What all labels in the file mean, e.g. ``{"1": "six", "2": "nine"}``.
    run : str, optional
        The run of each sample, which cross-validation never splits.
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
    if rate_hz is not None and stimuli is not None:
        raise InputError("stimuli: expected samples that are trials, one for each picture; take out rate_hz and tr_s")
    if regions is not None and not isinstance(voxels, VoxelMasks):
        raise InputError("regions: they are made of masks; tell which arrays hold these")
    path = Path(path)
    wanted = [data, label, run, block, stimuli, *([] if voxels is None else voxels.names())]
    arrays = load_arrays(path, [name for name in wanted if name is not None])
    samples = _samples(path, data, arrays[data], rows)
    n_samples, n_features = samples.shape

    def of_each(name: str) -> NDArray:
        return _of_each_sample(path, name, arrays[name], n_samples)

    source = str(path)
    labels = named_labels(label, of_each(label).astype(np.str_), label_names)
    if rate_hz is None:
        runs = np.arange(n_samples) if run is None else of_each(run)
        source += f"; no rate and no runs: each of {n_samples} rows is a run of its own" if run is None else ""
        events = blocks(labels, runs, 1.0, np.arange(n_samples))
    else:
        runs = np.ones(n_samples, np.int64) if run is None else of_each(run)
        events = blocks(labels, runs, 1.0 / rate_hz, None if block is None else of_each(block))
    if stimuli is not None:
        events = replace(events, stimulus=picture_names(path, stimuli, arrays[stimuli], n_samples))
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


def _samples(path: Path, name: str, array: NDArray, rows: str) -> NDArray:
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise RecordingError(
            f"{path}: expected {name!r} to be numbers with two axes, samples and features, got an array of "
            f"{array.dtype} of shape {array.shape}"
        )
    return array if rows == "samples" else array.T


def _of_each_sample(path: Path, name: str, array: NDArray, n_samples: int) -> NDArray:
    if array.size != n_samples or max(array.shape, default=0) != n_samples:
        raise RecordingError(
            f"{path}: expected {name!r} to have an entry for each of the {n_samples} samples, got shape {array.shape}; "
            "if rows of the data are features, say so"
        )
    return entries(path, name, array)


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
