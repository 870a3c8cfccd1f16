"""Bands: groups of features, their candidate strengths, and the search for a set, which has a strength for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ShapeError, UnknownNameError
from ..ridge.strengths import checked_alphas
from ..unit_blocks import Floats

Bands = Sequence[str] | Sequence[int] | None
Strengths = float | Sequence[float] | Mapping[str, float | Sequence[float]] | None


ROUNDS = 5
"""The maximum number of rounds in which each band's strength moves along its grid while the others stay."""

CONCENTRATIONS = (1.0, 0.1)
"""Of the random mixtures, in turn: all mixtures equally likely, and mixtures in which few bands have most of the
weight.
"""


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


def first_sets(grids: Sequence[Floats], n_iter: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """The first sets of strengths, each once, as positions in the bands' ascending grids.

    They are mixtures of the bands' kernels, each with every overall strength. A mixture with weights gamma (as in Dupre
    la Tour et al. 2022) and the overall strength alpha gives a band the strength alpha / (n_bands gamma), or the
    nearest one on the band's grid. The first mixture is the equal one, which is ridge with one strength for all bands;
    `n_iter` random ones are drawn from Dirichlet distributions with the concentrations `CONCENTRATIONS` in turn.

    >>> first_sets([np.array([1.0, 10.0])] * 2, 2, np.random.default_rng(0))
    [(0, 0), (1, 1), (1, 0)]
    """
    n_bands = len(grids)
    mixtures = [np.full(n_bands, 1.0 / n_bands)]
    if n_bands > 1:
        mixtures += [rng.dirichlet(np.full(n_bands, CONCENTRATIONS[i % 2])) for i in range(n_iter)]
    overall = np.log(np.unique(np.concatenate(grids)))
    sets = []
    for mixture in mixtures:
        shifts = np.log(n_bands * np.maximum(mixture, np.finfo(np.float64).tiny))
        for level in overall:
            wanted = level - shifts
            sets.append(tuple(int(np.abs(np.log(grid) - at).argmin()) for grid, at in zip(grids, wanted, strict=True)))
    return list(dict.fromkeys(sets))


def strengths_of(grids: Sequence[Floats], sets: Sequence[tuple[int, ...]]) -> Floats:
    """The strengths (n_sets, n_bands) at positions in the bands' grids."""
    return np.array([[grid[i] for grid, i in zip(grids, of_bands, strict=True)] for of_bands in sets])


def search_sets(
    errors_of: Callable[[Floats], Floats], grids: Sequence[Floats], n_iter: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Search for the best set of strengths; returns all tried sets, (n_sets, n_bands), and their errors (n_sets,).

    The best of the `first_sets` is refined: one band after the other moves along its whole grid while the others stay
    at their best, until a round changes nothing, at most `ROUNDS` rounds. Random mixtures alone seldom include the best
    set of more than two bands. Moves alone may stop where only two bands together would improve.

    >>> grids = [np.array([1.0, 10.0, 100.0])] * 2
    >>> far = lambda strengths: np.abs(np.log10(strengths) - [0, 2]).sum(axis=1)
    >>> strengths, errors = search_sets(far, grids, 0, np.random.default_rng(0))
    >>> strengths[errors.argmin()]
    array([  1., 100.])
    """
    errors: dict[tuple[int, ...], float] = {}

    def best_with(sets: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
        new = [of_bands for of_bands in sets if of_bands not in errors]
        if new:
            errors.update(zip(new, errors_of(strengths_of(grids, new)).tolist(), strict=True))
        return min(errors, key=errors.__getitem__)

    best = best_with(first_sets(grids, n_iter, rng))
    for _ in range(ROUNDS if len(grids) > 1 else 0):
        before = best
        for band, grid in enumerate(grids):
            best = best_with([(*best[:band], place, *best[band + 1 :]) for place in range(len(grid))])
        if best == before:
            break
    return strengths_of(grids, list(errors)), np.array(list(errors.values()))
