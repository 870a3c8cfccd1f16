"""What every result gives the terminal and the HTML page: tables, figures and sentences."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

from .drawing import Drawing


class Sentence(NamedTuple):
    """A finding; `good` says whether it is as it should be, None where it is only information."""

    text: str
    good: bool | None = None


class Number(NamedTuple):
    """One of the few large numbers at the top of a page."""

    value: str
    label: str


class Bar(NamedTuple):
    """A share from 0 to 1, drawn as a bar with its label and a note; underlined where it is the true class."""

    label: str
    share: float
    note: str
    underlined: bool


class Shade(NamedTuple):
    """A cell of a heat map: its text, and its level from 0 (low) to 1 (high); underlined where it is significant."""

    text: str
    level: float
    underlined: bool


class Playable(NamedTuple):
    """A sound that can be played on the page: what it is, and its WAV file."""

    label: str
    wav: bytes

    def address(self) -> str:
        """The file as an address, so that the page needs no other file."""
        return f"data:audio/wav;base64,{b64encode(self.wav).decode()}"


Cell: TypeAlias = "str | bool | Sequence[Bar] | Shade | Playable"
"""A bool is drawn as a tick or a cross."""


@dataclass(frozen=True)
class Table:
    """Rows of cells, all as long as `columns`; an empty row is a line, and row number `bold` is emphasised."""

    kind: ClassVar[str] = "table"
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    bold: int | None = None

    def numeric(self) -> list[bool]:
        """Whether a column holds only numbers, which are aligned to the right."""
        return [
            all(isinstance(row[i], str) and is_number(row[i]) for row in self.rows if row)  # type: ignore[arg-type]
            for i in range(len(self.columns))
        ]


class Code(NamedTuple):
    """Text printed as it is."""

    text: str
    kind: str = "code"


class Folded(NamedTuple):
    """Parts that the reader has to open."""

    summary: str
    parts: Sequence[Part]
    kind: str = "folded"


Part: TypeAlias = "str | Mapping[str, str] | Table | Drawing | Code | Folded"
"""A paragraph, terms with their explanations, or one of these types."""


class PageSection(NamedTuple):
    """A heading of the page and its parts."""

    title: str
    parts: Sequence[Part]


class Result(Protocol):
    """What the terminal needs of any result: an evaluation, a map, a plan."""

    def summary(self) -> dict[str, Any]:
        """The whole result for ``--json``."""
        ...

    def sentences(self) -> list[Sentence]:
        """The findings, and what to check before believing them."""
        ...

    def tables(self) -> list[Table]:
        """Tables for the terminal."""
        ...

    def figures(self) -> list[Drawing]:
        """All figures; their names are the names of their files."""
        ...


class PageResult(Result, Protocol):
    """What a page needs in addition."""

    def lead(self) -> str:
        """What was done, in one or two sentences."""
        ...

    def numbers(self) -> list[Number]:
        """The most important numbers, the first of them largest."""
        ...

    def sections(self) -> list[PageSection]:
        """The page after its sentences."""
        ...


def is_number(text: str) -> bool:
    """Whether a cell is a number, perhaps with a sign, a star or a per cent sign, or is empty.

    Examples
    --------
    >>> [is_number(text) for text in ("–", "1,200", "-0.5", "+3.1 %", "2.0*", "4 runs", "1 2")]
    [True, True, True, True, True, False, False]
    """
    return text in ("", "–") or re.fullmatch(r"[+-]?[\d,]+(\.\d+)?(e-?\d+)?\*?( %)?", text) is not None
