"""What the reports have in common: where a page goes, how it is rendered, and how numbers are written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError, MissingExtraError
from ..statistics.measures import Measure
from .drawing import page_variables

TEMPLATES = Path(__file__).parent


def page_path(path: str | os.PathLike[str]) -> Path:
    """Where a page can be written to.

    Raises
    ------
    InputError
        There is no such folder to write to, or the path is one.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"path: expected a file in a folder that is there, got {path}; make {path.parent} first")
    if path.is_dir():
        raise InputError(f"path: expected the name of a file, got the folder {path}")
    return path


def rendered(template: Path, **contents: Any) -> str:
    """Fill in a template, which may build on those of this folder; nothing given is taken for markup.

    Raises
    ------
    MissingExtraError
        jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError("writing a report needs jinja2; install hotwire[all]") from error
    environment = Environment(
        loader=FileSystemLoader([template.parent, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "p": p_words, "count": count, "interval": interval}
    colours = {scheme: page_variables(scheme) for scheme in ("light", "dark")}
    return environment.get_template(template.name).render(colours | contents)


def percent(share: float) -> str:
    """A share in per cent, to one digit behind the point."""
    return "–" if np.isnan(share) else f"{100 * share:.1f}"


def p_words(p_value: float) -> str:
    """A p value with as many digits as it bears."""
    if np.isnan(p_value):
        return "–"
    return f"{p_value:.1g}" if p_value < 0.001 else f"{p_value:.3f}" if p_value < 0.1 else f"{p_value:.2f}"


def count(n: int, one: str) -> str:
    """How many there are of something.

    Examples
    --------
    >>> count(1, "fold"), count(1200, "trial")
    ('1 fold', '1,200 trials')
    """
    return f"{n:,} {one}" if n == 1 else f"{n:,} {one}s"


def interval(one: Measure, unit: str = "") -> str:
    """A figure in per cent with its interval, if it has one; `unit` stands behind the figure.

    Examples
    --------
    >>> interval(Measure(0.71, chance=0.5, low=0.69, high=0.73, p_value=0.01), " %")
    '71.0 % [69.0, 73.0]'
    """
    between = "" if np.isnan(one.low) else f" [{percent(one.low)}, {percent(one.high)}]"
    return f"{percent(one.value)}{unit}{between}"
