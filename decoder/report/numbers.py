"""How numbers are written in reports."""

from __future__ import annotations

import numpy as np

from ..statistics.measures import Measure


def percent(share: float) -> str:
    """A share in per cent, with one decimal."""
    return "–" if np.isnan(share) else f"{100 * share:.1f}"


def p_words(p_value: float) -> str:
    """A p value with as many digits as are significant."""
    if np.isnan(p_value):
        return "–"
    return f"{p_value:.1g}" if p_value < 0.001 else f"{p_value:.3f}" if p_value < 0.1 else f"{p_value:.2f}"


def count(n: int, one: str) -> str:
    """A number of things, in words.

    Examples
    --------
    >>> count(1, "fold"), count(1200, "trial"), count(2, "story"), count(2, "stretch")
    ('1 fold', '1,200 trials', '2 stories', '2 stretches')
    """
    if n == 1:
        return f"{n:,} {one}"
    if one.endswith("y") and one[-2:-1] not in "aeiou":
        return f"{n:,} {one[:-1]}ies"
    return f"{n:,} {one}{'es' if one.endswith(('ch', 'sh', 's', 'x')) else 's'}"


def interval(one: Measure, unit: str = "") -> str:
    """A measure in per cent with its interval, if it has one; `unit` follows the value.

    Examples
    --------
    >>> interval(Measure(0.71, chance=0.5, low=0.69, high=0.73, p_value=0.01), " %")
    '71.0 % [69.0, 73.0]'
    """
    between = "" if np.isnan(one.low) else f" [{percent(one.low)}, {percent(one.high)}]"
    return f"{percent(one.value)}{unit}{between}"


def between(one: Measure) -> str:
    """The interval of a measure in per cent, or that there is none.

    Examples
    --------
    >>> between(Measure(0.71, chance=0.5, low=0.69, high=0.73, p_value=0.01))
    '69.0 – 73.0 %'
    """
    return "none" if np.isnan(one.low) else f"{percent(one.low)} – {percent(one.high)} %"


def listed(names: tuple[str, ...] | list[str], most: int = 12, examples: int = 4) -> str:
    """Names as the end of a sentence: all of them, or examples where they are many.

    Examples
    --------
    >>> listed(("cat", "dog")), listed(("cat", "dog", "cow"), most=2, examples=1)
    (': cat, dog', ', such as cat')
    """
    return f": {', '.join(names)}" if len(names) <= most else f", such as {'; '.join(names[:examples])}"
