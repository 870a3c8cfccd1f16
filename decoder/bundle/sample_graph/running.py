"""Numbers that run along with the samples: filters, means and sums, row by row as the steps compute them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ...steps.numerics.cascade import FLUSH_EVERY, TINY
from .nodes import INT64, OWN, GraphState, Kept, Nodes


def body() -> Nodes:
    """Return the nodes of a body that runs row by row: its names are its own."""
    return Nodes(within=f"{OWN}row.")


def counted(g: Nodes, memory: GraphState, x: str) -> str:
    """Return how many rows came in earlier calls, (1,)."""
    before = memory.before(1)
    memory.after(g("Add", before, g.n_rows(x)))
    return before


def first_row(g: Nodes, memory: GraphState, x: str, n_columns: int) -> str:
    """Return the first row (1, n_columns) of all calls; x is float64."""
    n_seen, known = counted(g, memory, x), memory.before(1, n_columns)
    newest = g.rows(g("Concat", x, known, axis=0), 0, 1)  # there may be no row yet
    first = g("Where", g("Equal", n_seen, np.zeros(1)), newest, known)
    memory.after(first)
    return first


def cascade(g: Nodes, memory: GraphState, sections: NDArray[np.float64], x: str, n_columns: int) -> str:
    """Filter float64 rows as `hotwire.decoder.steps.numerics.cascade`, sections (n_filters, n_sections, 6).

    Gives all columns of the first filter, then of the next.
    """
    n_filters, n_sections, _ = sections.shape
    width = n_filters * n_columns
    n_seen = counted(g, memory, x)
    state = memory.before(2 * n_sections, width)
    entered = x if n_filters == 1 else g("Concat", *[x] * n_filters, axis=1)
    # Now and then, states that a float32 cannot hold become zero: those below `least`.
    seen = g("Add", g("CumSum", g("Squeeze", _ones(g, x), np.array([1])), np.array(0)), n_seen)
    due = g("Equal", g("Mod", seen, float(FLUSH_EVERY), fmod=1), 0.0)
    least = g("Where", due, TINY, 0.0)

    b = body()
    y, after = "entered", []
    of_section = b("Split", "state", np.ones(2 * n_sections, np.int64), n_outputs=2 * n_sections, axis=0)
    for i in range(n_sections):
        b0, b1, b2, _, a1, a2 = (np.repeat(sections[:, i, k], n_columns) for k in range(6))
        first, second = of_section[2 * i : 2 * i + 2]
        out = b("Add", b("Mul", b0, y), first)
        after.append(b("Add", b("Sub", b("Mul", b1, y), b("Mul", a1, out)), second))
        after.append(b("Sub", b("Mul", b2, y), b("Mul", a2, out)))
        y = out
    together = b("Concat", *after, axis=0)
    flushed = b("Where", b("Less", b("Abs", together), "least"), 0.0, together)
    filtered = b("Reshape", y, np.array([width]))
    kept = [Kept(state, "state", flushed, (2 * n_sections, width))]
    new, rows = g.scan(b, kept, [(entered, "entered"), (least, "least")], (filtered, width))
    memory.after(new)
    return rows


def exponential_mean(g: Nodes, memory: GraphState, keep: float, x: str, n_columns: int) -> str:
    """Mean float64 rows as `hotwire.decoder.steps.numerics.means.ExponentialMean`."""
    sections = np.array([[[1.0 - keep, 0.0, 0.0, 1.0, -keep, 0.0]]])
    sums = cascade(g, memory, sections, x, n_columns)
    weight = memory.before(1)
    b = body()
    grown = b("Add", b("Mul", b("Mul", "weight", keep), "one"), 1.0 - keep)
    kept = [Kept(weight, "weight", grown, (1,))]
    new, weights = g.scan(b, kept, [(_ones(g, x), "one")], (b("Identity", grown), 1))
    memory.after(new)
    return g("Div", sums, weights)


def weighted_rows(
    g: Nodes, memory: GraphState, weights: NDArray[np.float64], x: str, newest: str, phase: str, n_columns: int
) -> str:
    """Weigh the newest rows as `hotwire.decoder.steps.numerics.fir.WeightedRows`, weights (n_phases, n_rows).

    `newest` and `phase` are int64 (n_out,): of each sum the newest row, counted in this call's rows x, and its weights.
    """
    if n_columns == 1:  # numpy adds the products of a single column in another order
        raise InputError("expected two features or more, got one; add another channel, or leave the step out")
    n_rows, rows = weights.shape[1], x
    if n_rows > 1:
        rows = g("Concat", memory.before(n_rows - 1, n_columns), x, axis=0)
        memory.after(g.rows(rows, 1 - n_rows))
    of_rows = g("Gather", weights.T.copy(), phase, axis=1)
    start = g("Expand", 0.0, g("Concat", g("Shape", newest), np.array([n_columns]), axis=0))
    b = body()
    row = b("Gather", rows, b("Add", b("Cast", "age", to=INT64), newest), axis=0)
    added = b("Add", "sums", b("Mul", b("Unsqueeze", "weight", np.array([1])), row))
    ages = g.constant(np.arange(float(n_rows))[:, None])
    kept = [Kept(start, "sums", added, (None, n_columns))]
    sums, _ = g.scan(b, kept, [(of_rows, "weight"), (ages, "age")], (b("Identity", "age"), 1))
    return sums


class SumsOfRows:
    """`hotwire.decoder.steps.numerics.running_sums.RunningSums`, row by row within a body."""

    def __init__(self, memory: GraphState, n_rows: int | None, n_columns: int) -> None:
        self._n_rows = n_rows
        self._shapes = [(n_columns,), (1,), *([] if n_rows is None else [(n_rows, n_columns)])]
        self._memory, self._before = memory, [memory.before(*shape) for shape in self._shapes]
        self._inside = ["sums.total", "sums.position", "sums.store"][: len(self._shapes)]
        self.position = self._inside[1]
        """Of the row within its block, (1,)."""

    def push(self, b: Nodes, row: str) -> tuple[str, str, list[Kept]]:
        """Write the sums with one more row (n_columns,) into a body.

        Returns that since its block began, that of the rest of the window, and what goes from row to row.
        """
        total, position, *store = self._inside
        this_block, after = b("Add", total, row), b("Add", position, 1.0)
        if self._n_rows is None:
            became, block_before = [this_block, after], b("Sub", row, row)
        else:
            at = b("Cast", position, to=INT64)
            block_before = b("Squeeze", b("Gather", store[0], at, axis=0), np.array([0]))
            stored = b("ScatterND", store[0], b("Unsqueeze", at, np.array([1])), b("Unsqueeze", row, np.array([0])))
            became = self._next_block(b, [this_block, after, stored])
        return this_block, block_before, list(map(Kept, self._before, self._inside, became, self._shapes))

    def keep(self, became: list[str]) -> None:
        """Keep what the sums are after the last row."""
        for one in became:
            self._memory.after(one)

    def _next_block(self, b: Nodes, reached: list[str]) -> list[str]:
        """Begin a block where one is full: its store has the sums of the rows after each row."""
        this_block, after, stored = reached
        going, ending = Nodes(f"{OWN}going."), Nodes(f"{OWN}ending.")
        same = [going("Identity", one) for one in reached]
        back = np.array([-1]), np.array([np.iinfo(np.int64).min]), np.array([0]), np.array([-1])
        sums = ending("Slice", ending("CumSum", ending("Slice", stored, *back), np.array(0)), *back)
        zeros = [ending("Mul", one, 0.0) for one in (this_block, after, ending.rows(stored, 0, 1))]
        begun = [*zeros[:2], ending("Concat", ending.rows(sums, 1), zeros[2], axis=0)]
        is_full = b("Reshape", b("Equal", after, float(self._n_rows or 0)), np.array([], np.int64))
        return b.either(is_full, (ending, begun), (going, same), self._shapes)


def _ones(g: Nodes, x: str) -> str:
    """Return a one for each row of x, (n_rows, 1)."""
    shape = g("Concat", g("Shape", x, start=0, end=1), np.array([1]), axis=0)
    return g("Expand", 1.0, shape)
