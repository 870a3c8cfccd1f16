"""Errors in a study file, in words: the field as the user wrote it, the expected value, and the actual one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from ...errors import StudyError
from ...errors.printable import printable
from .section import Section

AnySections = TypeVar("AnySections", bound=Section)


def checked_sections(
    sections: type[AnySections], document: Mapping[str, Any], folder: Path, name: str | Path
) -> AnySections:
    """Check the sections of a study, whose paths are relative to a folder; a `StudyError` names each fault."""
    try:
        return sections.model_validate(document, context={"folder": folder})
    except ValidationError as error:
        wrong = [printable(_message(one)) for one in error.errors(include_url=False)]
        raise StudyError(f"{name}: " + "\n  ".join(["several fields are wrong:"] * (len(wrong) > 1) + wrong)) from error


def _message(error: Any) -> str:
    """One of pydantic's errors as a line, e.g. ``evaluation.choose[0].values: expected ..., got 3``."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).removeprefix(".")
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Exception):
        return f"{place}: {cause}" if place else str(cause)
    return f"{place}: {error['msg'].replace('Input should be', 'expected')}, got {error['input']!r}"
