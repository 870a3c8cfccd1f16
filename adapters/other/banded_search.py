"""The choice of each band's strength on held-out samples: a set has one strength for each band."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ..folds import Split
from ..ridge.held_out import HeldOutSums
from ..unit_blocks import Floats

ROUNDS = 5
"""The maximum number of rounds in which each band's strength moves along its grid while the others stay."""

CONCENTRATIONS = (1.0, 0.1)
"""Of the random mixtures, in turn: all mixtures equally likely, and mixtures in which few bands have most of the
weight.
"""


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


def held_out_errors(sums: HeldOutSums, folds: list[Split], choose_by: str, n_units: int = 1) -> Floats:
    """Errors to minimise, (n_sets, n_targets): mean squared, or one minus the squared cosine.

    Each target of the sums represents `n_units` units.
    """
    if choose_by == "direction":
        return sums.off_direction()
    return sums.error / (n_units * sum(len(held_out) for _, held_out in folds))
