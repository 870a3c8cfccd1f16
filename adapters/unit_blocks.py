"""The wide axis: units, often far more than samples, are processed in blocks and never copied as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from threading import local
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from tqdm import tqdm

from .backend import Array, Backend, NumpyBackend, Result, each_on_one_thread, in_numpy, one_thread
from .checks import require_finite

Floats = NDArray[np.float64]

EPS = float(np.finfo(np.float64).eps)

BLOCK_ELEMENTS = 2**20
"""The numbers of a block (8 MiB in float64, half of it in float32)."""

WIDER = 2
"""How many times as wide a block is where it adds a matrix of samples by samples to a sum."""


def blocks(n_rows: int, n_columns: int, wider: int = 1) -> Iterator[slice]:
    """Cut columns into slices of at most `wider` times `BLOCK_ELEMENTS` numbers.

    >>> list(blocks(BLOCK_ELEMENTS // 2, 5))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    width = max(1, wider * BLOCK_ELEMENTS // max(1, n_rows))
    for start in range(0, n_columns, width):
        yield slice(start, min(start + width, n_columns))


def dtype_like(Y: Any) -> type[np.float32] | type[np.float64]:
    """The dtype for results of targets: float32 if they are not more precise, else float64."""
    return np.float32 if str(Y.dtype).endswith(("float16", "float32")) else np.float64


class UnitBlocks:
    """Targets Y (n_samples, n_units) of a fit, an array, memory map or tensor, centred block by block, never copied as
    a whole.

    Blocks are on a backend, in float64; with the precision ``"as given"`` in float32 if Y is not more precise. `mean`
    (n_units,) is each unit's mean, for a constant unit exactly its value, so that its deviations are 0. `power`
    (n_units,) is each unit's sum of squared deviations. Wide features are read in the same way; `name`, `row` and
    `column` are the words for messages.
    """

    def __init__(
        self,
        Y: Any,
        precision: str = "full",
        backend: Backend | None = None,
        *,
        name: str = "Y",
        row: str = "sample",
        column: str = "unit",
    ) -> None:
        self.Y = Y
        self.name, self.row, self.column = name, row, column
        self.backend = backend or NumpyBackend()
        self.dtype = dtype_like(Y) if precision == "as given" else np.float64

    def in_full(self) -> UnitBlocks:
        """The same in float64."""
        return UnitBlocks(self.Y, "full", self.backend)

    def some(self, units: NDArray[np.intp] | slice) -> UnitBlocks:
        """Some of the units."""
        return UnitBlocks(self.Y[:, units], "as given", self.backend)

    def each(
        self,
        what: str,
        function: Callable[[slice, Array], Result],
        wider: int = 1,
        keep: NDArray | None = None,
        *,
        at_once: bool = True,
    ) -> Iterator[tuple[slice, Result]]:
        """Yield slices of units, and for each ``function(units, block)`` of their deviations from the mean, in order.

        In numpy several blocks are done `at_once`, each on one thread, so that rounding does not depend on how many
        threads there are. A block is overwritten later, unless all stay in `keep` (n_samples, n_units). `what` names
        the progress bar. Raises NonFiniteError if `Y` has NaN or infinity.
        """
        means, parts = np.empty(self.Y.shape[1]), list(blocks(len(self.Y), self.Y.shape[1], wider))
        own, again = local(), len(parts) > 1

        def done(units: slice) -> tuple[slice, Result]:
            width = units.stop - units.start
            if keep is not None:
                out = keep[:, units]
            else:
                if again and not hasattr(own, "room"):
                    own.room = self.backend.room(len(self.Y), parts[0].stop, self.dtype)
                out = None if not again or own.room is None else own.room[:, :width]
            with np.errstate(invalid="ignore", over="ignore"):
                block, mean = self.backend.block(self.Y, units, self.dtype, out)
            mean = self.backend.get(mean)
            if not np.isfinite(mean).all():  # the mean is not finite if its column is not
                given = np.asarray(in_numpy(self.Y[:, units]), np.float64)
                require_finite(self.name, given, row=self.row, column=self.column, first_column=units.start)
            means[units] = mean
            return units, function(units, block)

        many = at_once and again and isinstance(self.backend, NumpyBackend)
        results = each_on_one_thread(done, parts) if many else map(done, parts)
        yield from tqdm(results, desc=what, total=len(parts), delay=1, disable=None)
        self.mean = means

    def apply(
        self, what: str, function: Callable[[slice, Array], None], wider: int = 1, keep: NDArray | None = None
    ) -> None:
        """Call the function with `each` slice of units and its block; it writes its results itself."""
        for _ in self.each(what, function, wider, keep):
            pass

    def blocks(self, what: str) -> Iterator[tuple[slice, NDArray]]:
        """Slices of units and their deviations from the mean, in numpy; a block is overwritten by the next."""
        yield from self.each(what, lambda units, block: self.backend.get(block), at_once=False)

    def deviations(self, what: str, out: NDArray | None = None) -> NDArray:
        """All deviations from the mean (n_samples, n_units), in numpy, or in `out`."""
        whole = np.empty(self.Y.shape, self.dtype) if out is None else out
        self.apply(what, _nothing, keep=whole)
        return whole

    @cached_property
    def mean(self) -> Floats:
        self.apply("mean of the units", _nothing)  # which sets the mean
        return self.mean

    @cached_property
    def power(self) -> Floats:
        power = np.empty(self.Y.shape[1])
        for units, squares in self.each("power of the units", lambda units, block: self.backend.squares(block)):
            power[units] = self.backend.get(squares)
        return power

    def gram(self, keep: NDArray | None = None) -> Floats:
        """Inner products (n_samples, n_samples) of the samples' deviations; reads the wide axis once.

        Products of a block have the block's precision, their sum is in float64. The deviations are also written to
        `keep` (n_samples, n_units), if given.
        """
        total = np.zeros((len(self.Y), len(self.Y)))
        what = f"Gram matrix of the {self.column}s"
        for _, product in self.each(what, lambda units, block: block @ block.T, WIDER, keep):
            total += self.backend.get(product)
        return total


def exact_mean(block: Floats) -> Floats:
    """Mean of each column; for a constant column exactly its value, so that its deviations are 0."""
    return np.where((block == block[0]).all(axis=0), block[0], block.mean(axis=0))


def sum_of_squares(matrix: NDArray) -> NDArray:
    """Sum of squares of each column."""
    return np.einsum("ij,ij->j", matrix, matrix)


def power_along(K: Floats, left: Floats) -> Floats:
    """The power (k,) of targets along each column of `left`, (n_samples, k), from their Gram matrix K."""
    return np.einsum("ij,ij->j", left, K @ left)


def low_rank_scores(targets: UnitBlocks) -> Floats:
    """Scores P (n_samples, k) of the centred targets Y = P C, where the rows of C are orthonormal.

    P has at most n_samples columns. A linear fit to P, times C, is the same fit to Y. C preserves lengths, so squared
    errors summed over units are equal for P and Y, and choices by this sum can be made on P. It is U sqrt(D) from the
    eigenvectors U and eigenvalues D of the Gram matrix Y Y'. Eigenvalues below rounding (n_samples * eps times the
    largest) are left out, and with them directions of Y smaller than sqrt(n_samples * eps), less than a millionth, of
    its largest. C is ``(P / sum_of_squares(P))' Y``.

    >>> rows = np.random.default_rng(0).normal(size=(2, 50))
    >>> low_rank_scores(UnitBlocks(np.array([[1, 0], [0, 1], [1, 1], [3, 2]]) @ rows)).shape
    (4, 2)
    """
    return scores_of(targets.gram())


def scores_of(gram: Floats) -> Floats:
    """Scores P with ``P @ P.T == gram``, (n_samples, k), without directions that are zero to rounding."""
    with one_thread:
        values, vectors = np.linalg.eigh(gram)
    kept = values > len(gram) * EPS * values[-1]
    return vectors[:, kept] * np.sqrt(values[kept])


def singular_basis(gram: Floats) -> tuple[Floats, Floats]:
    """Singular values (n,), descending, and as many left vectors (n, n) of a matrix, from its Gram matrix.

    Squared values have the rounding error of the largest one, and are at least that.

    >>> singular_basis(np.diag([4.0, 9.0]))[0]
    array([3., 2.])
    """
    with one_thread:
        squares, vectors = np.linalg.eigh(gram)
    return np.sqrt(np.maximum(squares, EPS * squares[-1]))[::-1], vectors[:, ::-1]


def spread(left: Floats, targets: UnitBlocks, dtype: DTypeLike, out: NDArray | None = None) -> NDArray:
    """The product left' Y, (k, n_units), of left (n_samples, k) with the centred targets, block by block.

    Each block has the targets' precision; the result has `dtype`, or is in `out`, e.g. a memory map.
    """
    wide = np.empty((left.shape[1], targets.Y.shape[1]), dtype=dtype) if out is None else out
    rows = targets.backend.put(left.T, targets.dtype)

    def written(units: slice, block: Array) -> None:
        wide[:, units] = targets.backend.get(rows @ block)

    targets.apply("expansion to the units", written)
    return wide


def _nothing(units: slice, block: Array) -> None:
    pass
