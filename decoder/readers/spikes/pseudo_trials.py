"""Spikes of neurons that were recorded one after the other, combined into one population."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError, RecordingError
from ...recordings.events import Events
from ...recordings.recording import Recording
from ..arrays.array_files import load_arrays


def read_spikes(
    path: str | PathLike[str],
    *,
    bin_ms: float,
    start_ms: float,
    stop_ms: float,
    neuron: str = "neuron",
    trial: str = "trial",
    time_ms: str = "time_ms",
    label: str = "label",
    match: Sequence[str] = (),
    unit: str = "spikes/s",
    seed: int = 0,
) -> Recording:
    """Read a pseudo-population out of the spikes of single neurons.

    The neurons were not recorded together, so they share no trials. A *pseudo-trial* combines one trial of each neuron,
    all with the same label (and the same `match`). Which trial of a neuron goes into which pseudo-trial is drawn with
    `seed`, and so is their order; no trial is used twice. The neuron with the fewest trials of a kind sets how many
    pseudo-trials of it there are; surplus trials of the others are left out. Such a population has no noise that
    neurons share, and so may be easier, or harder, to decode than the same neurons recorded together.

    Every pseudo-trial is a run of its own, with one event: the onset, which lasts to the end of the run.

    Parameters
    ----------
    path : path
        ``.npz`` or ``.mat``; the arrays below are given by their names in it.
    bin_ms : float
        Width of the bins in which spikes are counted.
    start_ms, stop_ms : float
        The interval around the onset: a whole number of bins before and after it.
    neuron, trial, time_ms : str
        For each spike its neuron and the trial of that neuron, both counted from 0, and its time after the onset.
    label : str
        The label of each trial, (n_neurons, n_trials); an empty text where a neuron has no such trial.
    match : sequence of str
        What else the trials of a pseudo-trial have in common, in arrays of the same shape.
    unit : str
    seed : int

    Returns
    -------
    Recording
        ``1000 / bin_ms`` samples per second; features are named ``neuron_0``, ``neuron_1``, ...

    Raises
    ------
    InputError
        The onset is not between two bins, or no whole number of them follows it.
    RecordingError
        The file cannot be read, its arrays do not fit together, or a neuron has no trials of a kind.
    """
    if not bin_ms > 0:
        raise InputError(f"bin_ms: expected a width above 0, got {bin_ms:g}")
    before, after = _n_bins("start_ms", -start_ms, bin_ms, least=0), _n_bins("stop_ms", stop_ms, bin_ms, least=1)
    path = Path(path)
    arrays = load_arrays(path, [neuron, trial, time_ms, label, *match])
    kinds = _kinds(path, arrays, [label, *match])
    neurons, trials, times = _spikes(path, arrays, (neuron, trial, time_ms), arrays[label].shape)
    if len(times) and (start_ms <= times.min() - bin_ms or stop_ms >= times.max() + bin_ms + 1):
        raise RecordingError(
            f"{path}: spikes from {start_ms:g} to {stop_ms:g} ms are asked for, but they were kept only from "
            f"{times.min():g} to {times.max():g} ms; where nothing was kept, a rate of 0 would be made up"
        )
    chosen = _pseudo_trials(path, kinds, np.random.default_rng(seed))
    n_trials, n_neurons = chosen.shape
    n_bins = before + after

    pseudo = np.full(kinds.shape, -1)  # which pseudo-trial each neuron's trial belongs to
    pseudo[np.arange(n_neurons), chosen] = np.arange(n_trials)[:, None]
    of_spike = pseudo[neurons, trials]
    bin_of_spike = np.floor((times - start_ms) / bin_ms).astype(np.int64)
    counted = (of_spike >= 0) & (bin_of_spike >= 0) & (bin_of_spike < n_bins)
    place = (of_spike[counted] * n_bins + bin_of_spike[counted]) * n_neurons + neurons[counted]
    counts = np.bincount(place, minlength=n_trials * n_bins * n_neurons).reshape(-1, n_neurons)
    runs = np.arange(n_trials)
    return Recording(
        data=counts * (1000.0 / bin_ms),
        rate_hz=1000.0 / bin_ms,
        feature_names=tuple(f"neuron_{i}" for i in range(n_neurons)),
        run=runs.repeat(n_bins),
        events=Events(
            run=runs,
            onset_s=np.full(n_trials, before * bin_ms / 1000.0),
            duration_s=np.full(n_trials, after * bin_ms / 1000.0),
            label=arrays[label][0, chosen[:, 0]],
            stimulus=kinds[0, chosen[:, 0]] if match else None,
        ),
        unit=unit,
        source=f"{path} (pseudo-trials of neurons recorded one after the other)",
    )


def _n_bins(name: str, length_ms: float, bin_ms: float, *, least: int) -> int:
    n = round(length_ms / bin_ms)
    if n < least or abs(n * bin_ms - length_ms) > 1e-6 * bin_ms:
        side = "before" if name == "start_ms" else "after"
        raise InputError(
            f"{name}: expected {least} or more whole bins of {bin_ms:g} ms {side} the onset, which lies between two, "
            f"got {length_ms / bin_ms:g}"
        )
    return n


def _kinds(path: Path, arrays: dict[str, NDArray], names: Sequence[str]) -> NDArray[np.str_]:
    """Return the kind of each trial of each neuron, (n_neurons, n_trials); ``""`` where there is no such trial."""
    shape = arrays[names[0]].shape
    for name in names:
        if arrays[name].ndim != 2 or arrays[name].shape != shape or arrays[name].dtype.kind != "U":
            raise RecordingError(
                f"{path}: expected {name!r} to hold texts (n_neurons, n_trials) as {names[0]!r} does, got an array of "
                f"{arrays[name].dtype} of shape {arrays[name].shape}; {names[0]!r} has shape {shape}"
            )
    kinds = arrays[names[0]]
    for name in names[1:]:
        kinds = np.strings.add(np.strings.add(kinds, " "), arrays[name])
    return np.where(arrays[names[0]] == "", "", kinds)


def _spikes(
    path: Path, arrays: dict[str, NDArray], names: tuple[str, str, str], shape: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray]:
    found = [arrays[name].ravel() for name in names]
    notes = ", ".join(f"{name!r}: {array.dtype} {array.size}" for name, array in zip(names, found, strict=True))
    if len({array.size for array in found}) != 1 or any(array.dtype.kind not in "iuf" for array in found):
        raise RecordingError(f"{path}: expected a number for each spike in every array, got {notes}")
    neurons, trials = (array.astype(np.int64) for array in found[:2])
    for name, entries, n in zip(names, (neurons, trials), shape, strict=False):
        outside = entries[(entries < 0) | (entries >= n)]
        if outside.size:
            raise RecordingError(
                f"{path}: expected {name!r} from 0 to {n - 1}, as the labels have shape {shape}, got {outside[0]}"
            )
    return neurons, trials, found[2].astype(np.float64)


def _pseudo_trials(path: Path, kinds: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return which trial each neuron adds to each pseudo-trial, (n_pseudo_trials, n_neurons)."""
    together = []
    for kind in np.unique(kinds[kinds != ""]).tolist():
        of_neuron = [rng.permutation(np.flatnonzero(row == kind)) for row in kinds]
        fewest = min(map(len, of_neuron))
        if fewest == 0:
            lacking = next(i for i, trials in enumerate(of_neuron) if not len(trials))
            raise RecordingError(
                f"{path}: neuron {lacking} has no trial of {kind!r}, so no pseudo-trial of it can be put together; "
                "match fewer things"
            )
        together.append(np.stack([trials[:fewest] for trials in of_neuron], axis=1))
    if not together:
        raise RecordingError(f"{path}: no trial has a label")
    return rng.permutation(np.concatenate(together))
