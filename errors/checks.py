"""Checks of arguments that many modules use, each with one message."""

from __future__ import annotations

from collections.abc import Sequence

from . import InputError


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise InputError unless the value is one of the choices."""
    if value not in choices:
        raise InputError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
