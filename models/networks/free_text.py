"""Text that a network writes freely: who writes, where it ends, how tokens become text. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ...errors import InputError

if TYPE_CHECKING:
    from numpy import ndarray


@runtime_checkable
class GeneratesText(Protocol):
    """A network that puts into words what is injected."""

    def generate(self, layer: str, activations: ndarray, *, max_tokens: int = 8) -> list[str]:
        """Return the most probable text after each activation (n_samples, ...), of at most `max_tokens` tokens."""
        ...


def check_candidates(candidates: Sequence[str]) -> None:
    """Raise `InputError` where there is no candidate, or one is empty or occurs twice."""
    if not candidates:
        raise InputError("candidates: expected at least one word or phrase, got none")
    for index, candidate in enumerate(candidates):
        if not candidate.strip():
            raise InputError(f"candidates: expected words or phrases, got {candidate!r} at position {index}")
        if candidate in candidates[:index]:
            raise InputError(f"candidates: {candidate!r} is there twice; give each one once")


def first_line(text: str) -> tuple[str, bool]:
    """Return the first line that is not empty, without space around it, and whether its end was reached."""
    line, newline, _ = text.lstrip("\n").partition("\n")
    return line.strip(), bool(newline)


def text_of(tokens: Sequence[int], vocabulary: Sequence[bytes], end: int | None) -> tuple[str, bool]:
    r"""Return the text of tokens up to the end of the line or of the text, and whether that end was reached.

    `vocabulary` has the bytes of each token; the bytes of one character may be spread over several tokens. `end` is the
    token that ends a text, if the model has one.

    Examples
    --------
    >>> vocabulary = [b"", b" a", b" caf\xc3", b"\xa9", b"\n"]
    >>> text_of([4, 1, 2, 3], vocabulary, end=0)
    ('a café', False)
    >>> text_of([1, 4, 2], vocabulary, end=0)
    ('a', True)
    """
    tokens = list(tokens)
    ended = end in tokens
    if end is not None and ended:
        tokens = tokens[: tokens.index(end)]
    line, newline = first_line(b"".join(vocabulary[token] for token in tokens).decode(errors="replace"))
    return line, ended or newline
