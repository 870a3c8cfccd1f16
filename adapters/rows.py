"""Matrix products whose rows do not depend on each other, bit for bit."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

LONG = 1e9
"""So many multiplications take about a second."""


def each_row(X: NDArray, matrix: NDArray) -> NDArray:
    """The product ``X @ matrix``, (n_rows, k), of arrays of the same dtype, each row on its own.

    BLAS adds in an order that depends on the number of rows, so a sample's prediction would depend on the number of
    other samples.

    >>> each_row(np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[1.0], [10.0]]))
    array([[21.],
           [10.]])
    """
    matrix = np.ascontiguousarray(matrix)  # the order in memory decides the order of adding
    product = np.empty((len(X), matrix.shape[1]), np.result_type(X, matrix))
    # The same two memory addresses for all rows: BLAS may depend on the alignment of its operands.
    row, result = np.empty(X.shape[1], X.dtype), np.empty(matrix.shape[1], product.dtype)
    numbers: Iterable[int] = range(len(X))
    if len(X) * matrix.size > LONG:
        from tqdm import tqdm  # a rig, where it is not installed, takes a few samples at a time

        numbers = tqdm(numbers, desc="samples", delay=1, disable=None)
    for number in numbers:
        row[:] = X[number]
        product[number] = np.matmul(row, matrix, out=result)
    return product
