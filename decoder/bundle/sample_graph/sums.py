"""Sums in the order in which numpy adds, so that they have its bits.

Over rows of several columns numpy adds one row after the other, and `CumSum` does, too. Over numbers that are side by
side in memory it adds in eight strands and in blocks of 128: pairwise summation (Higham 1993, The accuracy of floating
point summation, SIAM J. Scientific Computing 14, 783-799).
"""

from __future__ import annotations

import numpy as np

from .nodes import Nodes

STRANDS, BLOCK = 8, 128


def sum_of_rows(g: Nodes, x: str, n_rows: int, n_columns: int) -> str:
    """Return the sum (1, n_columns) over the rows of float64 (n_rows, n_columns), as ``x.sum(axis=0)``."""
    if n_columns == 1:
        return g("Reshape", _side_by_side(g, g("Reshape", x, np.array([-1])), n_rows), np.array([1, 1]))
    return g.rows(g("CumSum", x, np.array(0)), -1)


def sum_of_columns(g: Nodes, x: str, n_columns: int) -> str:
    """Return the sums (n_rows, 1) over the columns of float64 (n_rows, n_columns), as ``x.sum(axis=1)``."""
    return g("Transpose", _side_by_side(g, g("Transpose", x, perm=[1, 0]), n_columns, ends=(1, -1)), perm=[1, 0])


def _side_by_side(g: Nodes, x: str, n: int, ends: tuple[int, ...] = (1,)) -> str:
    """Return the sum over the n rows of x (n, ...), as numpy adds numbers side by side; its shape is `ends`."""
    if n > BLOCK:
        half = n // 2 - n // 2 % STRANDS
        return g(
            "Add",
            _side_by_side(g, g.rows(x, 0, half), half, ends),
            _side_by_side(g, g.rows(x, half), n - half, ends),
        )
    n_whole = n - n % STRANDS if n >= STRANDS else 0
    parts = []
    if n_whole:
        strands = g("Reshape", g.rows(x, 0, n_whole), np.array([n_whole // STRANDS, STRANDS, *ends[1:]]))
        added = g("Squeeze", g.rows(g("CumSum", strands, np.array(0)), -1), np.array([0]))
        for _ in range(3):  # neighbours, their neighbours, and so on
            first, second = (
                g("Slice", added, np.array([i]), np.array([STRANDS]), np.array([0]), np.array([2])) for i in (0, 1)
            )
            added = g("Add", first, second)
        parts.append(added)
    if n > n_whole:
        parts.append(g.rows(x, n_whole))
    together = parts[0] if len(parts) == 1 else g("Concat", *parts, axis=0)
    return g.rows(g("CumSum", together, np.array(0)), -1)
