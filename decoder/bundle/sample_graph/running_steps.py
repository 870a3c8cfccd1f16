"""How the steps that compare a sample with those before it are written into a graph."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

import numpy as np

from ...steps import ExponentialBaseline, Power, RunningBaseline, RunningZScore, Smooth
from ...steps.numerics.means import half_gaussian
from ...steps.power import LEAST
from ...steps.settings import window_samples
from .nodes import INT64, GraphState, Kept, Nodes
from .running import SumsOfRows, body, counted, exponential_mean, first_row, weighted_rows


def write_exponential_baseline(
    g: Nodes, memory: GraphState, step: ExponentialBaseline, names: Sequence[str], rate_hz: float, x: str
) -> str:
    share = float(-np.expm1(-1.0 / (step.time_constant_s * rate_hz)))
    n_seen, mean = memory.before(1), memory.before(len(names))
    b = body()
    n = b("Add", "n", 1.0)
    weight = b("Max", b("Div", 1.0, n), share)
    new = b("Add", "mean", b("Mul", weight, b("Sub", "row", "mean")))
    c = len(names)
    kept = [Kept(n_seen, "n", n, (1,)), Kept(mean, "mean", new, (c,))]
    n_after, mean_after, out = g.scan(b, kept, [(g.as_double(x), "row")], (b("Sub", "row", new), c))
    memory.after(n_after)
    memory.after(mean_after)
    return g.as_float(out)


def write_running_baseline(
    g: Nodes, memory: GraphState, step: RunningBaseline, names: Sequence[str], rate_hz: float, x: str
) -> str:
    n_window = None if step.window_s is None else window_samples(step.window_s, rate_hz)
    double = g.as_double(x)
    difference = g("Sub", double, first_row(g, memory, double, len(names)))
    mean = _window_mean(g, memory, n_window, difference, len(names))
    return g.as_float(g("Sub", difference, mean))


def _window_mean(g: Nodes, memory: GraphState, n_window: int | None, x: str, n_columns: int) -> str:
    """Return the mean over the newest rows, of as many as there are until the window is full."""
    n_seen = memory.before(1)
    b = body()
    n = b("Add", "n", 1.0)
    sums = SumsOfRows(memory, n_window, n_columns)
    this_block, block_before, kept = sums.push(b, "row")
    in_window = n if n_window is None else b("Min", n, np.array([float(n_window)]))
    mean = b("Div", b("Add", this_block, block_before), in_window)
    *became, out = g.scan(b, [Kept(n_seen, "n", n, (1,)), *kept], [(x, "row")], (mean, n_columns))
    sums.keep(became)
    return out


def write_running_zscore(
    g: Nodes, memory: GraphState, step: RunningZScore, names: Sequence[str], rate_hz: float, x: str
) -> str:
    n_window, c = None if step.window_s is None else window_samples(step.window_s, rate_hz), len(names)
    double = g.as_double(x)
    difference = g("Sub", double, first_row(g, memory, double, c))
    n_seen, reference, reference_before = memory.before(1), memory.before(c), memory.before(c)
    sums = SumsOfRows(memory, n_window, 2 * c)
    b = body()
    begins = b("Equal", sums.position, 0.0)
    here, before = b("Where", begins, "row", "reference"), b("Where", begins, "reference", "reference_before")
    d = b("Sub", "row", here)
    this_block, block_before, kept = sums.push(b, b("Concat", d, b("Mul", d, d), axis=0))
    index = b("Add", "n", 1.0)
    n = index if n_window is None else b("Min", index, np.array([float(n_window)]))
    n_this = b("Add", sums.position, 1.0)
    n_before = b("Sub", n, n_this)
    (sum_this, size_this), (sum_before, size_before) = (
        b("Split", one, np.array([c, c]), axis=0, n_outputs=2) for one in (this_block, block_before)
    )

    def moments(total: str, size: str, count: str) -> tuple[str, str]:
        mean = b("Div", total, count)
        return mean, b("Sub", size, b("Mul", b("Mul", mean, mean), count))

    mean_this, squares_this = moments(sum_this, size_this, n_this)
    mean_before, squares_before = moments(sum_before, size_before, b("Max", n_before, 1.0))
    apart = b("Sub", b("Add", b("Sub", before, here), mean_before), mean_this)
    apart = b("Where", b("Greater", n_before, 0.0), apart, 0.0)
    mean = b("Add", mean_this, b("Div", b("Mul", apart, n_before), n))
    between = b("Div", b("Mul", b("Mul", b("Mul", apart, apart), n_this), n_before), n)
    squares = b("Add", b("Add", squares_this, squares_before), between)
    bound = b("Mul", b("Mul", b("Mul", 4.0, n), np.finfo(np.float64).eps), b("Add", size_this, size_before))
    ready = b("And", b("Greater", squares, bound), b("GreaterOrEqual", n, float(step.min_samples)))
    spread = b("Sqrt", b("Where", ready, b("Div", squares, n), 1.0))
    out = b("Where", ready, b("Div", b("Sub", d, mean), spread), 0.0)
    kept = [
        Kept(n_seen, "n", index, (1,)),
        Kept(reference, "reference", here, (c,)),
        Kept(reference_before, "reference_before", before, (c,)),
        *kept,
    ]
    *became, rows = g.scan(b, kept, [(difference, "row")], (out, c))
    sums.keep(became)
    return g.as_float(rows)


def write_power(g: Nodes, memory: GraphState, step: Power, names: Sequence[str], rate_hz: float, x: str) -> str:
    double = g.as_double(x)
    squares = g("Mul", double, double)
    if step.window_s is not None:
        out = _window_mean(g, memory, window_samples(step.window_s, rate_hz), squares, len(names))
    else:
        assert step.time_constant_s is not None
        out = exponential_mean(g, memory, exp(-1.0 / (step.time_constant_s * rate_hz)), squares, len(names))
    if step.output == "rms":
        out = g("Sqrt", out)
    elif step.output == "log":
        out = g("Log", g("Max", out, LEAST))
    return g.as_float(out)


def write_smooth(g: Nodes, memory: GraphState, step: Smooth, names: Sequence[str], rate_hz: float, x: str) -> str:
    double, width = g.as_double(x), step.width_s * rate_hz
    if step.kernel == "exponential":
        return g.as_float(exponential_mean(g, memory, exp(-1.0 / width), double, len(names)))
    weights = half_gaussian(width)
    n_seen = g("Cast", counted(g, memory, x), to=INT64)
    rows = g(
        "Range",
        *(
            g("Squeeze", one, np.array([0]))
            for one in (g.constant(np.array([0])), g("Shape", x, start=0, end=1), g.constant(np.array([1])))
        ),
    )
    sums = weighted_rows(g, memory, weights[None, ::-1], double, rows, g("Mul", rows, 0), len(names))
    so_far = g("Gather", np.cumsum(weights), g("Min", g("Add", rows, n_seen), len(weights) - 1), axis=0)
    return g.as_float(g("Div", sums, g("Unsqueeze", so_far, np.array([1]))))
