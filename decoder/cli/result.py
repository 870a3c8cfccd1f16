"""What a command returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class CommandResult:
    """The result of a command: data for programs, how to print it for a person, and the exit code."""

    data: dict[str, Any]
    show: Callable[[Console], None]
    code: int = 0
