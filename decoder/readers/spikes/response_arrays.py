"""Responses in arrays: a row for each neuron, which has no other name than its number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import RecordingError
from .excluded import not_excluded

TABLES = (".tsv", ".csv")
"""How the names of files end that are no arrays."""


def averages_in(given: str | Path | NDArray, n_stimuli: int) -> NDArray:
    """Mean responses (n_neurons, n_stimuli), of a file or as they are; RecordingError where their shape is another."""
    array = _loaded(given)
    if array.ndim == 2 and array.shape[1] == n_stimuli:
        return array
    hint = "; transpose it" if array.ndim == 2 and len(array) == n_stimuli else ""
    if array.ndim == 3 and array.shape[1] == n_stimuli:
        hint = (
            "; these are single responses: save their means for responses, numpy.nanmean(array, axis=2), and name this "
            "file in repeats"
        )
    raise RecordingError(
        f"responses: expected (n_neurons, n_stimuli) with a column for each of the {n_stimuli} stimuli, got "
        f"{array.shape}{hint}"
    )


def repeats_in(given: str | Path | NDArray, n_stimuli: int) -> NDArray:
    """Single responses (n_neurons, n_stimuli, n_repeats), NaN if none, as `averages_in`."""
    array = _loaded(given)
    if array.ndim != 3 or array.shape[1] != n_stimuli:
        raise RecordingError(
            f"repeats: expected (n_neurons, {n_stimuli}, n_repeats) in "
            f"{'memory' if isinstance(given, np.ndarray) else given}, a column for each picture, got {array.shape}"
        )
    return array


def without(array: NDArray, exclude: Sequence[str]) -> tuple[NDArray, tuple[str, ...]]:
    """An array (n_neurons, ...) without the excluded neurons, and the names of those that are left."""
    names = [f"neuron_{i}" for i in range(len(array))]
    left = not_excluded(exclude, names, "site")
    return array[left], tuple(names[i] for i in left)


def not_sites(responses: NDArray) -> dict[str, str]:
    """Why neurons of an array (n_neurons, n_stimuli) cannot be sites, by the name of each that cannot.

    Examples
    --------
    >>> not_sites(np.array([[1.0, 2.0], [1.0, np.nan], [3.0, 3.0]]))
    {'neuron_1': 'has values that are not finite', 'neuron_2': 'never varies'}
    """
    found = {}
    for i, values in enumerate(responses):
        if not np.isfinite(values).all():
            found[f"neuron_{i}"] = "has values that are not finite"
        elif (values == values[0]).all():
            found[f"neuron_{i}"] = "never varies"
    return found


def _loaded(given: str | Path | NDArray) -> NDArray:
    if isinstance(given, np.ndarray):
        return given
    try:
        return np.load(given, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise RecordingError(
            f"responses: {given} cannot be read as a numpy array ({error}); expected a .npy file, or a table ending in "
            f"{' or '.join(TABLES)}"
        ) from error
