"""Text from outside, escaped for rich's markup."""

from __future__ import annotations

from rich.markup import escape

from ...errors.printable import printable


def in_markup(text: object) -> str:
    r"""Return a text for rich's markup: `printable`, and with its brackets escaped.

    Examples
    --------
    >>> print(in_markup("[bold]face\n"))
    \[bold]face\n
    """
    return escape(printable(text))
