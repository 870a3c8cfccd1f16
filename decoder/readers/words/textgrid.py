"""Praat's TextGrid files: the long and the short form, which differ only in what a person reads between the values.

A file is a row of strings in double quotes, numbers and flags; all else is comment (Praat's manual, "TextGrid file
formats").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ....errors import RecordingError, UnknownNameError

NAMES_OF_WORDS = ("word", "words")
NOT_WORDS = frozenset({"", "br", "cg", "lg", "ls", "ns", "sentence_end", "sentence_start", "sil", "sp", "spn"})
"""Marks of pauses, breath, laughter and noise, as aligners write them."""

_VALUE = re.compile(r'"((?:[^"]|"")*)"|!.*|(\S+)')
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?$")
_FLAGS = ("<exists>", "<absent>")


class Interval(NamedTuple):
    start_s: float
    stop_s: float
    text: str


def is_textgrid(text: str) -> bool:
    """Whether a text begins as Praat's files do."""
    return '"ooTextFile' in text[:200]


def words_of_textgrid(text: str, path: Path, tier: str | None) -> list[Interval]:
    """Return the words of a tier, without pauses and noises."""
    tiers = tiers_of(text, path)
    name = _tier_named(tier, tiers, path)
    return [one for one in tiers[name] if one.text.strip("{}<>[]() ").lower() not in NOT_WORDS]


def tiers_of(text: str, path: Path) -> dict[str, list[Interval]]:
    """Return the intervals of each interval tier, by its name.

    Examples
    --------
    >>> short = '"ooTextFile" "TextGrid" 0 1 <exists> 1 "IntervalTier" "word" 0 1 1 0 1 "so ""it"" is"'
    >>> tiers_of(short, Path("a.TextGrid"))
    {'word': [Interval(start_s=0.0, stop_s=1.0, text='so "it" is')]}
    """
    values = _Values(text, path)
    kind, of = values.string("the file type"), values.string("the object class")
    if (kind, of) != ("ooTextFile", "TextGrid"):
        raise RecordingError(f'{path}: expected a TextGrid, got an object of class "{of}" in a file of type "{kind}"')
    values.span()
    if values.flag() == "<absent>":
        return {}
    tiers: dict[str, list[Interval]] = {}
    for _ in range(values.count("the number of tiers")):
        kind, name = values.string("the class of a tier"), values.string("the name of a tier")
        values.span()
        size = values.count("the size of a tier")
        if kind == "IntervalTier":
            tiers[name] = [Interval(*values.span(), values.string("a text")) for _ in range(size)]
        else:
            for _ in range(size):
                values.number("the time of a point")
                values.string("the mark of a point")
    return tiers


def _tier_named(tier: str | None, tiers: dict[str, list[Interval]], path: Path) -> str:
    if tier is not None:
        if tier not in tiers:
            raise UnknownNameError(f"tier of {path}", tier, tiers)
        return tier
    if len(tiers) == 1:
        return next(iter(tiers))
    named = [name for name in tiers if name.strip().lower() in NAMES_OF_WORDS]
    if len(named) == 1:
        return named[0]
    found = f"{', '.join(map(repr, tiers))}; name the one that holds the words: tier = ..." if tiers else "none"
    raise RecordingError(
        f"{path}: expected one tier of intervals, or one named 'word' or 'words', got the tiers: {found}"
    )


class _Values:
    """The values of a file, one after the other."""

    def __init__(self, text: str, path: Path) -> None:
        self._path = path
        self._values = _values(text)

    def string(self, what: str) -> str:
        value = self._next(what)
        if not isinstance(value, str) or value in _FLAGS:
            raise self._wrong(f"{what}, a text in double quotes", value)
        return value

    def number(self, what: str) -> float:
        value = self._next(what)
        if not isinstance(value, float):
            raise self._wrong(f"{what}, a number", value)
        return value

    def span(self) -> tuple[float, float]:
        return self.number("xmin"), self.number("xmax")

    def count(self, what: str) -> int:
        value = self.number(what)
        if value < 0 or value != int(value):
            raise self._wrong(f"{what}, a whole number", value)
        return int(value)

    def flag(self) -> str:
        value = self._next("<exists>")
        if not isinstance(value, str) or value not in _FLAGS:
            raise self._wrong("<exists>", value)
        return value

    def _next(self, what: str) -> str | float:
        try:
            return next(self._values)
        except StopIteration:
            raise RecordingError(f"{self._path}: expected {what}, got the end of the file; it is cut off") from None

    def _wrong(self, expected: str, value: str | float) -> RecordingError:
        return RecordingError(f"{self._path}: not a TextGrid: expected {expected}, got {value!r}")


def _values(text: str) -> Iterator[str | float]:
    for match in _VALUE.finditer(text):
        string, bare = match[1], match[2]
        if string is not None:
            yield string.replace('""', '"')
        elif bare is not None and _NUMBER.match(bare):
            yield float(bare)
        elif bare in _FLAGS:
            yield bare
