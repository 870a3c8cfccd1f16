"""How a window is written into a graph: the newest samples, and the row of numbers that it makes of them."""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

import numpy as np

from ....errors import InputError
from ...steps.settings import window_samples
from ...windows import BlockAverage, Epoch, SlidingAverage, SlidingEpoch, Window
from ...windows.stretch import Stretch
from .nodes import BOOL, INT64, GraphState, Kept, Nodes
from .running import body, counted
from .sums import sum_of_rows


class NewestWindow(NamedTuple):
    """The window that ends with the newest sample.

    `x` is the row that it makes, float32 (n_times, n_features), and `usable` whether there can be a decision on it,
    bool (1,). It takes `n_samples` after the steps; where windows slide, one ends every `n_every`, else that is 1.
    """

    x: str
    usable: str
    n_samples: int
    n_every: int


def write_window(g: Nodes, memory: GraphState, window: Window, n_features: int, rate_hz: float, x: str) -> NewestWindow:
    """Write the window down that ends with the newest of the samples x (n, n_features), after the steps."""
    if isinstance(window, SlidingAverage):
        return _sliding_average(g, memory, window, n_features, rate_hz, x)
    if isinstance(window, Epoch | SlidingEpoch):
        every = window_samples(window.every_s, rate_hz, "every_s") if isinstance(window, SlidingEpoch) else 1
        return _samples(g, memory, window, n_features, rate_hz, x, every)
    if isinstance(window, BlockAverage):
        return _block_average(g, memory, window, n_features, rate_hz, x)
    raise InputError(
        f"{type(window).__name__}: what it takes depends on when its event began, which the newest samples do not "
        "tell; fit with SlidingAverage, SlidingEpoch, Epoch, or BlockAverage with a stop_s"
    )


def _newest(g: Nodes, memory: GraphState, x: str, n: int, n_features: int) -> tuple[str, str]:
    """Return the newest n samples (n, n_features), and whether there have been so many, (1,)."""
    n_seen = counted(g, memory, x)
    known = g.as_float(memory.before(n, n_features))
    newest = g.rows(g("Concat", known, x, axis=0), -n)
    memory.after(g.as_double(newest))
    return newest, g("GreaterOrEqual", g("Add", n_seen, g.n_rows(x)), float(n))


def _samples(
    g: Nodes, memory: GraphState, window: Epoch | SlidingEpoch, n_features: int, rate_hz: float, x: str, every: int
) -> NewestWindow:
    stretch = window.stretch(rate_hz)
    newest, usable = _newest(g, memory, x, stretch.n_samples, n_features)
    kept = g.rows(newest, stretch.kept.start, stretch.kept.stop)
    if window.most is not None or window.least is not None:
        span = g("Sub", *(g(reduce, kept, axes=[0], keepdims=0) for reduce in ("ReduceMax", "ReduceMin")))
        for limit, broken in ((window.most, "Greater"), (window.least, "Less")):
            if limit is not None:
                within = g("Not", g(broken, span, np.array(limit, np.float32)))
                all_within = g("ReduceMin", g("Cast", within, to=INT64), axes=[0], keepdims=1)
                usable = g("And", usable, g("Cast", all_within, to=BOOL))
    row = _binned(g, g.as_double(newest), g.as_double(kept), stretch, n_features)
    return NewestWindow(g.as_float(row), usable, stretch.n_samples, every)


def _binned(g: Nodes, newest: str, kept: str, stretch: Stretch, n_features: int) -> str:
    """Subtract the baseline, and average over bins."""
    if stretch.base.stop:
        n_base = stretch.base.stop - stretch.base.start
        base = sum_of_rows(g, g.rows(newest, stretch.base.start, stretch.base.stop), n_base, n_features)
        kept = g("Sub", kept, g("Div", base, float(n_base)))
    n_bins, n_bin = stretch.n_bins, stretch.n_bin
    if n_bin == 1:
        return kept
    if n_features == 1:
        bins = [sum_of_rows(g, g.rows(kept, i * n_bin, (i + 1) * n_bin), n_bin, 1) for i in range(n_bins)]
        return g("Div", bins[0] if n_bins == 1 else g("Concat", *bins, axis=0), float(n_bin))
    added = g("CumSum", g("Reshape", kept, np.array([n_bins, n_bin, n_features])), np.array(1))
    return g("Div", g("Gather", added, np.array(n_bin - 1), axis=1), float(n_bin))


def _block_average(
    g: Nodes, memory: GraphState, window: BlockAverage, n_features: int, rate_hz: float, x: str
) -> NewestWindow:
    if window.stop_s is None:
        raise InputError(
            "BlockAverage: it is as long as its event, and a graph takes windows of one length; give it a stop_s"
        )
    exact = (window.stop_s - window.start_s) * rate_hz
    n = round(exact)
    if abs(exact - n) > 1e-6:
        raise InputError(
            f"BlockAverage: {window.stop_s - window.start_s:g} s are {exact:g} samples at {rate_hz:g} Hz, one more or "
            "less by the event's onset, and a graph takes windows of one length; use stop_s = "
            f"{window.start_s + n / rate_hz:g}"
        )
    newest, usable = _newest(g, memory, x, n, n_features)
    mean = g("Div", sum_of_rows(g, g.as_double(newest), n, n_features), float(n))
    return NewestWindow(g.as_float(mean), usable, n, 1)


def _sliding_average(
    g: Nodes, memory: GraphState, window: SlidingAverage, n_features: int, rate_hz: float, x: str
) -> NewestWindow:
    """Sums over parts of the window, in a ring, as the window itself has them."""
    n, every = window_samples(window.length_s, rate_hz, "length_s"), window_samples(window.every_s, rate_hz, "every_s")
    n_part = gcd(n, every)
    n_parts = n // n_part
    n_seen, sums = memory.before(1), memory.before(n_parts, n_features)
    b = body()
    at_part = b("Floor", b("Div", b("Mod", "n", float(n), fmod=1), float(n_part)))
    is_part = b("Equal", at_part, np.arange(float(n_parts))[:, None])
    begins = b("Equal", b("Mod", "n", float(n_part), fmod=1), 0.0)
    emptied = b("Where", b("And", is_part, begins), 0.0, "sums")
    added = b("Where", is_part, b("Add", emptied, "row"), emptied)
    after = b("Add", "n", 1.0)
    kept = [Kept(n_seen, "n", after, (1,)), Kept(sums, "sums", added, (n_parts, n_features))]
    n_after, sums_after, _ = g.scan(b, kept, [(g.as_double(x), "row")], (b("Identity", after), 1))
    memory.after(n_after)
    memory.after(sums_after)
    first = g("Sub", n_after, float(n))
    usable = g("And", g("GreaterOrEqual", first, 0.0), g("Equal", g("Mod", first, float(every), fmod=1), 0.0))
    mean = g("Div", sum_of_rows(g, sums_after, n_parts, n_features), float(n))
    return NewestWindow(g.as_float(mean), usable, n, every)
