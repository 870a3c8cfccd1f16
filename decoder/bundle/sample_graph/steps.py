"""How each step is written into a graph: every operation in the step's own order, so that the bits are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ....errors import InputError
from ...steps import (
    BandPass,
    Bipolar,
    ExponentialBaseline,
    FilterBank,
    HighPass,
    Lag,
    LowPass,
    Notch,
    Power,
    Reference,
    Resample,
    RunningBaseline,
    RunningZScore,
    Smooth,
    SquareRoot,
    Step,
)
from ...steps.iir import Filter
from ...steps.reference import positions
from ...steps.resample import half_length, phases, ratio_of_rates
from .nodes import INT64, GraphState, Nodes
from .running import cascade, counted, first_row, weighted_rows
from .running_steps import (
    write_exponential_baseline,
    write_power,
    write_running_baseline,
    write_running_zscore,
    write_smooth,
)
from .sums import sum_of_columns

Writer = Callable[[Nodes, GraphState, Any, Sequence[str], float, str], str]
"""Of a graph, its memory, a step, the names and the rate of its input, and its input, float32 (n, n_features): returns
its output."""


def write_step(g: Nodes, memory: GraphState, step: Step, names: Sequence[str], rate_hz: float, x: str) -> str:
    """Write a step down, and return its output; InputError where it cannot be written in ONNX's operators."""
    writer = WRITERS.get(type(step))
    if writer is None:
        raise InputError(
            f"{type(step).__name__}: there is no way to write it in ONNX's operators yet; fit with others, there are: "
            f"{', '.join(kind.__name__ for kind in WRITERS)}"
        )
    try:
        return writer(g, memory, step, names, rate_hz, x)
    except InputError as error:
        raise InputError(f"{type(step).__name__}: {error}") from error


def _filter(g: Nodes, memory: GraphState, step: Filter, names: Sequence[str], rate_hz: float, x: str) -> str:
    return _filtered(g, memory, [step], names, rate_hz, x)


def _filter_bank(g: Nodes, memory: GraphState, step: FilterBank, names: Sequence[str], rate_hz: float, x: str) -> str:
    return _filtered(g, memory, step.filters(), names, rate_hz, x)


def _filtered(
    g: Nodes, memory: GraphState, filters: Sequence[Filter], names: Sequence[str], rate_hz: float, x: str
) -> str:
    n, double, first = len(names), g.as_double(x), None
    if filters[0].start == "first sample":
        first = first_row(g, memory, double, n)
        double = g("Sub", double, first)
    out = cascade(g, memory, np.stack([one.sections(rate_hz) for one in filters]), double, n)
    gain = filters[0].gain_at_0_hz
    if gain and first is not None:
        out = g("Add", out, g("Mul", gain, first))
    return g.as_float(out)


def _square_root(g: Nodes, memory: GraphState, step: SquareRoot, names: Sequence[str], rate_hz: float, x: str) -> str:
    return g("Sqrt", x)


def _reference(g: Nodes, memory: GraphState, step: Reference, names: Sequence[str], rate_hz: float, x: str) -> str:
    double = g.as_double(x)
    changed = np.array([name not in step.exclude for name in names])
    averaged = positions(
        [name for name in names if name not in step.exclude] if step.channels is None else step.channels, names
    )
    chosen = double if averaged == list(range(len(names))) else g("Gather", double, np.array(averaged), axis=1)
    mean = g("Div", sum_of_columns(g, chosen, len(averaged)), float(len(averaged)))
    less = g("Sub", double, mean)
    return g.as_float(less if changed.all() else g("Where", changed, less, double))


def _bipolar(g: Nodes, memory: GraphState, step: Bipolar, names: Sequence[str], rate_hz: float, x: str) -> str:
    double = g.as_double(x)
    first, second = (
        g("Gather", double, np.array(positions([pair[i] for pair in step.pairs], names)), axis=1) for i in (0, 1)
    )
    return g.as_float(g("Sub", first, second))


def _lag(g: Nodes, memory: GraphState, step: Lag, names: Sequence[str], rate_hz: float, x: str) -> str:
    left = g("Max", g("Sub", float(step.delay_samples(rate_hz)), counted(g, memory, x)), 0.0)
    n_drop = g("Cast", g("Min", left, g.n_rows(x)), to=INT64)
    return g("Slice", x, n_drop, np.array([np.iinfo(np.int64).max]), np.array([0]))


def _resample(g: Nodes, memory: GraphState, step: Resample, names: Sequence[str], rate_hz: float, x: str) -> str:
    ratio = ratio_of_rates(rate_hz, step.rate_hz)
    up, down, half = ratio.numerator, ratio.denominator, half_length(ratio)
    if up > down:
        raise InputError(
            f"it makes several samples of one, from {rate_hz:g} to {step.rate_hz:g} Hz, and the graph decides on the "
            "newest; leave it out"
        )
    double = g.as_double(x)
    first = first_row(g, memory, double, len(names))
    n_in, n_out = counted(g, memory, x), memory.before(1)
    came = g("Add", n_in, g.n_rows(x))
    n_ready = g("Ceil", g("Div", g("Sub", g("Mul", came, float(up)), float(half)), float(down)))
    after = g("Max", n_out, n_ready)
    memory.after(after)
    first_out, stop_out, n_before = (
        g("Squeeze", g("Cast", one, to=INT64), np.array([0])) for one in (n_out, after, n_in)
    )
    needed = g("Add", g("Mul", g("Range", first_out, stop_out, 1), down), half)
    newest = g("Div", needed, up)
    phase = g("Sub", needed, g("Mul", newest, up))
    sums = weighted_rows(
        g, memory, phases(ratio), g("Sub", double, first), g("Sub", newest, n_before), phase, len(names)
    )
    return g.as_float(g("Add", sums, first))


WRITERS: dict[type[Step], Writer] = {
    **dict.fromkeys((BandPass, HighPass, LowPass, Notch), _filter),
    FilterBank: _filter_bank,
    Reference: _reference,
    Bipolar: _bipolar,
    SquareRoot: _square_root,
    Lag: _lag,
    Power: write_power,
    Smooth: write_smooth,
    ExponentialBaseline: write_exponential_baseline,
    RunningBaseline: write_running_baseline,
    RunningZScore: write_running_zscore,
    Resample: _resample,
}
