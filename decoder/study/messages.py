"""Errors in a study file, in words: the field as the user wrote it, the expected value, and the actual one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from ...errors import StudyError
from ...errors.printable import printable
from .section import Section

AnySections = TypeVar("AnySections", bound=Section)
WORDS = {"valid dictionary": "table", "valid integer": "whole number", "valid string": "text", "a valid ": "a "}
"""What pydantic calls otherwise than a study file does."""
TYPE = re.compile(r"(int|float|str|bool)|(literal|dict|list|tuple|constrained|function|nullable|lax|json|chain).*")
"""How pydantic names the members of a union where a value fits none of them."""


def checked_sections(
    sections: type[AnySections], document: Mapping[str, Any], folder: Path, name: str | Path, **context: Any
) -> AnySections:
    """Check the sections of a study, whose paths are relative to a folder; a `StudyError` names each fault."""
    try:
        return sections.model_validate(document, context={"folder": folder, **context})
    except ValidationError as error:
        wrong = [printable(one) for one in _messages(error.errors(include_url=False), document)]
        raise StudyError(f"{name}: " + "\n  ".join(["several fields are wrong:"] * (len(wrong) > 1) + wrong)) from error


def _messages(errors: Iterable[Any], document: Mapping[str, Any]) -> list[str]:
    """Pydantic's errors as lines, e.g. ``evaluation.choose[0].values: expected ..., got 3``.

    A value that could be one of several types has one line with all that was expected.
    """
    expected: dict[tuple[str, str], list[str]] = {}
    for error in errors:
        place, cause = _place(error["loc"], document), error.get("ctx", {}).get("error")
        if isinstance(cause, Exception):
            of, got = str(cause).removeprefix(f"{place.rpartition('.')[2]}: "), ""
        else:
            of, got = _expected(error), f", got {error['input']!r}"
        expected.setdefault((place, got), []).append(of)
    return [
        (f"{place}: " if place else "") + " or ".join([of[0], *(one.removeprefix("expected ") for one in of[1:])]) + got
        for (place, got), of in expected.items()
    ]


def _expected(error: Any) -> str:
    if error["type"] == "too_short":
        return f"expected {error['ctx']['min_length']} or more values"
    if error["type"] == "too_long":
        return f"expected at most {error['ctx']['max_length']} values"
    text = error["msg"].replace("Input should be", "expected")
    for pydantics, ours in WORDS.items():
        text = text.replace(pydantics, ours)
    return text


def _place(parts: Iterable[int | str], document: Any) -> str:
    """Where in a study an error is, without the type that pydantic tried for a value that may have several."""
    place = ""
    for part in parts:
        known = isinstance(part, int) or (isinstance(document, Mapping) and part in document)
        if not known and (isinstance(part, str) and TYPE.fullmatch(part)):
            continue
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
        document = document[part] if known and _holds(document, part) else None
    return place.removeprefix(".")


def _holds(document: Any, part: int | str) -> bool:
    return (
        part in document
        if isinstance(document, Mapping)
        else isinstance(document, list) and part in range(len(document))
    )
