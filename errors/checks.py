"""Checks of arguments that many modules use, each with one message."""

from __future__ import annotations

from collections.abc import Sequence

from . import InputError


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise InputError unless the value is one of the choices."""
    if value not in choices:
        raise InputError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")


def check_least(settings: object, **least: float) -> None:
    """Raise InputError unless each of these attributes is at least so much; NaN is not.

    Examples
    --------
    >>> check_least(slice(5), stop=1)
    >>> check_least(slice(5), stop=6)
    Traceback (most recent call last):
    hotwire.errors.InputError: stop: expected 6 or more, got 5
    """
    for name, value in least.items():
        if not getattr(settings, name) >= value:
            raise InputError(f"{name}: expected {value} or more, got {getattr(settings, name)}")
