"""Plans: how a fit is solved, from its shape alone, and the memory that it needs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import InputError
from .backend import one_thread
from .row_space import is_wide
from .unit_blocks import BLOCK_ELEMENTS, WIDER

DECOMPOSED = 20
"""A decomposition takes about as long as this many products of its size."""

MULTIPLICATIONS_PER_S = 1e10
"""Of one core, approximately."""


@dataclass(frozen=True)
class FitPlan:
    """How a fit is done: in matrices of samples by samples (``"dual"``) or of features by features (``"primal"``).

    `memory_bytes` excludes features and targets and includes the fitted map, of `kept_bytes` where that is known. All
    numbers are estimates.
    """

    solver: Literal["dual", "primal"]
    operations: float
    memory_bytes: float
    kept_bytes: float = 0.0

    def times(self, n: int, at_once: int | None = None) -> FitPlan:
        """The plan of so many such fits whose maps are kept; `at_once` of them, by default all, are made together."""
        made = (n if at_once is None else at_once) * (self.memory_bytes - self.kept_bytes)
        return FitPlan(self.solver, n * self.operations, n * self.kept_bytes + made, n * self.kept_bytes)

    def __str__(self) -> str:
        return f"{self.solver}, about {self.operations:.2g} multiplications and {size(self.memory_bytes)} of memory"


def plan_fit(
    n_samples: int,
    n_features: int,
    n_units: int,
    *,
    n_alphas: int = 17,
    n_folds: int = 6,
    alpha_per: str = "all",
    scale: str = "none",
    itemsize: int = 4,
    expansion: Literal["in memory", "given"] = "in memory",
) -> FitPlan:
    """Choose the solver of a ridge.

    With `n_alphas` or `n_folds` of 1 there is no search. `itemsize` is that of the targets. `expansion` is whether the
    map's wide factor is in memory or in the caller's array. Features far more than samples, without a `scale`, are read
    in blocks; their weights are counted.

    >>> plan_fit(1200, 5000, 200_000).solver, plan_fit(10_000, 500, 2000).solver
    ('dual', 'primal')
    >>> print(plan_fit(1200, 5000, 200_000))  # doctest: +ELLIPSIS
    dual, about 2.4e+11 multiplications and 1... GB of memory
    """
    n, p, u = float(n_samples), float(n_features), float(n_units)
    rank = min(n, p)
    searched = n_alphas if n_alphas > 1 and n_folds > 1 else 0
    at_once = min(one_thread.n_threads, max(1.0, n * u / BLOCK_ELEMENTS))
    block = 2 * BLOCK_ELEMENTS * itemsize * at_once
    wide = rank * u * itemsize * (expansion == "in memory")
    if scale == "none" and is_wide(n_samples, n_features):
        features = 3 * n * n * 8 + p * min(rank, u) * 8 + 8 * BLOCK_ELEMENTS * 8
    else:
        features = 2 * n * p * 8 + p * rank * 8
    dual = {
        "all": (searched * 2 * n**3 + n * n * u / 2, 6 * n * n * 8),
        "unit": (searched * (2 * n**3 + n * n * u / 2) + n * rank * u, (4 * 8 + searched * itemsize) * n * n),
    }[alpha_per]
    of_folds = n_folds * (DECOMPOSED * rank**3 + rank**2 * u + n * rank**2 / n_folds) if searched else 0.0
    primal = (
        of_folds + (searched + 2) * n * rank * u,
        (n_folds * rank**2 + 2 * n * rank) * (8 + itemsize) + 3 * rank**2 * 8,
    )
    shared = n * p * rank + DECOMPOSED * rank**3
    sums = searched * u * 8 * 3 if alpha_per == "unit" else 0.0
    if dual[0] <= primal[0]:
        return FitPlan("dual", dual[0] + shared, dual[1] + features + wide + block + sums)
    # Sums of all units together are of wider blocks.
    of_search = sums if alpha_per == "unit" else 1.5 * min(WIDER * BLOCK_ELEMENTS * at_once, n * u) * itemsize
    return FitPlan("primal", primal[0] + shared, primal[1] + features + wide + block + of_search)


def plan_whitening(n_samples: int, n_features: int, *, itemsize: int = 4) -> FitPlan:
    """Choose how a `Whitener` is fitted: in the space of samples if there are more features than samples.

    >>> print(plan_whitening(1452, 200_000))  # doctest: +ELLIPSIS
    dual, about 6.9e+11 multiplications and 2... GB of memory
    """
    n, p = float(n_samples), float(n_features)
    if n_features > n_samples:
        memory = (n * p + 4 * n * n + 2.5 * min(WIDER * BLOCK_ELEMENTS * one_thread.n_threads, n * p)) * 8
        return FitPlan("dual", 1.5 * n * n * p + DECOMPOSED * n**3, memory, n * p * 8)
    # The float64 samples, their deviations and squared deviations; five matrices in a decomposition, and one more.
    memory = ((3 if itemsize < 8 else 2) * n * p + 6 * p * p) * 8
    return FitPlan("primal", 2.5 * n * p * p + DECOMPOSED * p**3, memory, p * p * 8)


def plan_alignment(shapes: Sequence[tuple[int, ...]]) -> FitPlan:
    """The cost of decomposing tables (n_samples, n_features) of sessions or people, to align them.

    >>> print(plan_alignment([(1452, 40_000), (1452, 40_000)]))
    dual, about 1.1e+12 multiplications and 4.2 GB of memory
    """
    sizes = [(float(n), float(p), float(min(n, p))) for n, p in shapes]
    operations = sum(6 * n * p * rank + DECOMPOSED * rank**3 for n, p, rank in sizes)
    # Each table, its deviations and directions stay in memory; a decomposition adds copies and its own matrices.
    memory = sum(3 * n * p for n, p, _ in sizes) + max(3 * n * p + 4 * rank * rank for n, p, rank in sizes)
    return FitPlan("dual" if any(n < p for n, p in shapes) else "primal", operations, 8 * memory)


RIDGE_INSTEAD = "give `out`, a memory map for the expansion, fewer units at a time, or fewer strengths"
ALIGNMENT_INSTEAD = "take fewer features (a region, a mask), fewer samples, or match variances, which takes little"


def require_memory(
    plan: FitPlan, room_bytes: float | None = None, *, what: str = "this fit", instead: str = RIDGE_INSTEAD
) -> None:
    """Raise InputError, with advice `instead`, if a plan needs more memory than `room_bytes`, by default this
    machine's.

    Nothing is checked if the system does not report its memory.
    """
    room = machine_bytes() if room_bytes is None else room_bytes
    if room is not None and plan.memory_bytes > room:
        takes = duration(seconds_of(plan.operations))
        raise InputError(f"{what} will take {plan} ({takes}), and the machine has {size(room)}: {instead}")


def fits_at_once(plan: FitPlan, n: int, room_bytes: float | None = None) -> int:
    """How many of `n` such fits the memory holds at once; at least one, as a fit checks its own memory.

    >>> fits_at_once(plan_whitening(1452, 200_000), 12, 16e9)
    6
    """
    room = machine_bytes() if room_bytes is None else room_bytes
    return n if room is None else max(1, min(n, int(room / plan.memory_bytes)))


def seconds_of(operations: float, n_cores: int | None = None) -> float:
    """How long so many multiplications take on so many cores, by default all of this machine."""
    return operations / MULTIPLICATIONS_PER_S / (n_cores or os.cpu_count() or 1)


def duration(seconds: float) -> str:
    """A time in words, rounded as estimates are.

    >>> duration(0.2), duration(75.0), duration(400.0)
    ('about a second', 'some 75 s', 'some 7 minutes')
    """
    for unit, size in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"some {seconds / size:.0f} {unit}"
    return f"some {seconds:.0f} s" if seconds >= 1 else "about a second"


def machine_bytes() -> float | None:
    """This machine's memory; None where it does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # not on Windows
        return None


def size(n_bytes: float) -> str:
    """A number of bytes in words.

    >>> size(2.5e9), size(3e6)
    ('2.5 GB', '3.0 MB')
    """
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.1f} MB"
