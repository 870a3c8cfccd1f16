"""Text from outside in what rich reads as markup."""

from __future__ import annotations

from rich.markup import escape

from ...errors.printable import printable


def in_markup(text: object) -> str:
    r"""Return a text for what rich reads as markup: `printable`, and its brackets are brackets.

    Examples
    --------
    >>> print(in_markup("[bold]face\n"))
    \[bold]face\n
    """
    return escape(printable(text))
