"""Seconds on the command line: not below zero, and a number."""

from __future__ import annotations

from math import isnan
from typing import Any

import click


class Seconds(click.FloatRange):
    """A number of seconds above 0, or with ``zero`` also 0."""

    name = "seconds"

    def __init__(self, zero: bool = False) -> None:
        super().__init__(min=0.0, min_open=not zero)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = super().convert(value, param, ctx)
        if isnan(seconds):
            self.fail(f"expected a number of seconds, such as 2.5, got {value!r}", param, ctx)
        return seconds
