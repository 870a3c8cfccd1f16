"""The option ``--window`` of ``hotwire stream``: the decoder's own window, or a sliding one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ...errors import InputError

if TYPE_CHECKING:
    from ...decoder.bundle.compiled import CompiledDecoder
    from ...decoder.windows import Window

Sliding = tuple[float, float]
"""The length of a sliding window and the time from one to the next, in seconds."""


def read_sliding(context: click.Context, parameter: click.Parameter, text: str) -> Sliding | None:
    """Read ``own`` (None) or ``sliding:LENGTH/EVERY``."""
    if text == "own":
        return None
    from ...decoder.windows import SlidingAverage

    length, _, every = text.removeprefix("sliding:").partition("/")
    try:
        checked = SlidingAverage(float(length), float(every))
    except ValueError as error:
        raise click.BadParameter(
            f"expected own or sliding:LENGTH/EVERY in seconds, such as sliding:1.5/0.25, got {text!r}: {error}"
        ) from None
    return checked.length_s, checked.every_s


def window_for(decoder: CompiledDecoder, sliding: Sliding | None) -> Window | None:
    """The requested window, of the decoder's kind; a usage error if it is not possible."""
    if sliding is None:
        return None
    from ...decoder.windows import SlidingAverage, holds_samples, sliding_like

    length_s, every_s = sliding
    rate_hz, window = decoder.rate_after_steps_hz, SlidingAverage(length_s, every_s)
    try:
        window.open(len(decoder.names_after_steps), rate_hz)  # raises if it has no sample
        if not holds_samples(decoder.window):
            return window
        fitting = sliding_like(decoder.window, every_s, rate_hz)
    except InputError as error:
        raise click.BadParameter(f"{error} (sliding:{length_s:g}/{every_s:g})", param_hint="--window") from error
    n, n_fitting = round(length_s * rate_hz), round(fitting.length_s * rate_hz)
    if n != n_fitting:
        raise click.BadParameter(
            f"expected a LENGTH of {fitting.length_s:g} s, as the decoder's window holds {n_fitting} samples at "
            f"{rate_hz:g} Hz ({decoder.window!r}), got {length_s:g} s, {n} samples; use --window "
            f"sliding:{fitting.length_s:g}/{every_s:g}",
            param_hint="--window",
        )
    return fitting
