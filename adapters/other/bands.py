"""Bands: groups of features, and their candidate strengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ShapeError, UnknownNameError
from ..ridge.strengths import checked_alphas
from ..unit_blocks import Floats

Bands = Sequence[str] | Sequence[int] | None
Strengths = float | Sequence[float] | Mapping[str, float | Sequence[float]] | None


def band_names(bands: Bands) -> tuple[str, ...]:
    """The bands in the order of their first features.

    >>> band_names(["V4", "V1", "V4"]), band_names(None)
    (('V4', 'V1'), ('all',))
    """
    return ("all",) if bands is None else tuple(dict.fromkeys(str(band) for band in bands))


def band_of_each(bands: Bands, n_features: int) -> NDArray[np.intp]:
    """Each feature's band, as a number from 0; ShapeError if there is not one label for each feature.

    >>> band_of_each(["V4", "V1", "V4"], 3)
    array([0, 1, 0])
    """
    if bands is None:
        return np.zeros(n_features, dtype=np.intp)
    if np.shape(bands) != (n_features,):
        raise ShapeError(f"bands has shape {np.shape(bands)}, expected ({n_features},): one label for each feature")
    places = {name: place for place, name in enumerate(band_names(bands))}
    return np.array([places[str(band)] for band in bands], dtype=np.intp)


def checked_grids(alphas: Strengths, names: Sequence[str]) -> list[Floats] | None:
    """The candidate strengths of each band, ascending; None if none are given.

    InputError if strengths are not finite and above 0, or a band has none; UnknownNameError if there is an unknown
    band.

    >>> checked_grids({"V1": 3, "V4": (10, 1)}, ["V4", "V1"])
    [array([ 1., 10.]), array([3.])]
    """
    if alphas is None:
        return None
    if not isinstance(alphas, Mapping):
        return [_checked_grid("alphas", alphas)] * len(names)
    of_bands = {str(name): strengths for name, strengths in alphas.items()}
    for name in of_bands:
        if name not in names:
            raise UnknownNameError("band in alphas", name, names)
    without = [name for name in names if name not in of_bands]
    if without:
        raise InputError(f"alphas has no strengths for the bands {', '.join(without)}, expected some for every band")
    return [_checked_grid(f"alphas[{name!r}]", of_bands[name]) for name in names]


def _checked_grid(name: str, alphas: object) -> Floats:
    values = checked_alphas(alphas, name)
    if values is None:
        raise InputError(f"{name}=None, expected strengths for every band, or None for all of them")
    return np.unique(values)
