"""Predictions as blends of the training samples' activations: products along a layer's wide axis, block by block."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from tqdm import tqdm

from ..errors import InputError, ShapeError
from .checks import require_finite
from .unit_blocks import Floats, UnitBlocks, blocks


def gram(table: NDArray) -> Floats:
    """Inner products (n, n) of the deviations of rows (n, n_units) from their mean row; reads the wide axis once.

    The table has any real dtype and may be a memory map. The sums are in float64, because the unexplained part may be
    small: float32 would lose differences between strengths below a ten-millionth of the total. This costs little, once
    for each layer. ShapeError or NonFiniteError if `table` is not two-dimensional, or has NaN or infinity.

    >>> gram(np.array([[1.0, 5.0], [3.0, 5.0]]))
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    _require_table(table)
    return UnitBlocks(table, name="table", row="row").gram()


def blended(A: ArrayLike, table: NDArray, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """The product ``A @ table`` of (n_new, n) and (n, n_units) in float32, in blocks along the wide axis, into `out` if
    given.

    It multiplies differences from one row of the table and adds that row again, so that float32 is precise also for a
    unit that varies little, far from zero. Rows of the table that no row of A uses are not read. ShapeError or
    NonFiniteError if shapes do not match, or there is NaN or infinity.

    >>> blended([[0.5, 0.5]], np.array([[1.0, 2.0], [3.0, 2.0]]))
    array([[2., 2.]], dtype=float32)
    """
    _require_table(table)
    A = np.asarray(A, dtype=np.float64, order="C")
    if A.ndim != 2 or A.shape[1] != len(table):
        raise ShapeError(f"A has shape {A.shape}, expected (n_new, {len(table)}): a column for each row of the table")
    require_finite("A", A, row="row", column="column")
    shape = (len(A), table.shape[1])
    result = np.empty(shape, dtype=np.float32) if out is None else out
    if result.shape != shape or result.dtype != np.float32:
        raise ShapeError(f"out has shape {result.shape} and dtype {result.dtype}, expected {shape} and float32")
    used = np.flatnonzero(A.any(axis=0))
    if not used.size:
        result[:] = 0.0
        return result
    weights = np.empty((len(A), len(used) + 1), dtype=np.float32)
    weights[:, :-1], weights[:, -1] = np.take(A, used, axis=1), A.sum(axis=1)
    precise = np.result_type(table.dtype, np.float32)
    for units in tqdm(list(blocks(len(used) + 1, table.shape[1])), desc="blending", delay=1, disable=None):
        rows = table[used, units]
        differences = np.empty((len(used) + 1, rows.shape[1]), dtype=np.float32)
        with np.errstate(invalid="ignore"):  # infinity is reported below
            np.subtract(rows, rows[0], out=differences[:-1], dtype=precise, casting="same_kind")
            differences[-1] = rows[0]
            np.matmul(weights, differences, out=result[:, units])
        if not np.isfinite(min(result[:, units], differences, key=np.size)).all():
            require_finite("table", table[:, units], row="row", column="unit", first_column=units.start)
    return result


def by_key(A: ArrayLike, keys: ArrayLike, n_keys: int) -> Floats:
    """Sum the columns of training samples with the same key (a word, a picture), so that A blends a table of keys.

    `keys` (n_train,) is the row of each training sample's target in the table of `n_keys` rows. The result is (n_new,
    n_keys), zero for keys without a sample.

    >>> by_key([[0.2, 0.3, 0.5]], [2, 0, 2], 4)
    array([[0.3, 0. , 0.7, 0. ]])
    """
    A, keys = np.asarray(A, dtype=np.float64), np.asarray(keys)
    if A.ndim != 2 or keys.shape != A.shape[1:]:
        raise ShapeError(f"A has shape {A.shape} and keys {keys.shape}, expected a key for each column of A")
    if keys.dtype.kind not in "iu" or (keys.size and not 0 <= keys.min() <= keys.max() < n_keys):
        raise InputError(f"keys holds {np.unique(keys)[:5]} ..., expected whole numbers from 0 to {n_keys - 1}")
    membership = csr_array((np.ones(len(keys)), (np.arange(len(keys)), keys)), shape=(len(keys), n_keys))
    return np.ascontiguousarray(A @ membership)


def _require_table(table: NDArray) -> None:
    if np.ndim(table) != 2 or not np.size(table):
        raise ShapeError(f"table has shape {np.shape(table)}, expected (n, n_units)")
