"""Products whose rows do not depend on each other, to the last bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm


def each_row(X: NDArray, matrix: NDArray) -> NDArray:
    """The product ``X @ matrix``, (n_rows, k), of arrays of the same dtype, each row computed for itself.

    BLAS adds in another order for other numbers of rows, so that a sample's prediction would depend on how many others
    are predicted along with it.

    Examples
    --------
    >>> each_row(np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[1.0], [10.0]]))
    array([[21.],
           [10.]])
    """
    matrix = np.ascontiguousarray(matrix)  # another order in memory is another order of adding
    product = np.empty((len(X), matrix.shape[1]), np.result_type(X, matrix))
    # The same two places in memory for all rows: kernels may go by how their operands are aligned.
    row, result = np.empty(X.shape[1], X.dtype), np.empty(matrix.shape[1], product.dtype)
    for number in tqdm(range(len(X)), desc="samples", delay=1, disable=None):
        row[:] = X[number]
        product[number] = np.matmul(row, matrix, out=result)
    return product
