"""What the sections of a study file are made of: tables that name what is wrong in them, and paths."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, model_validator

from ...errors import InputError, UnknownNameError

T = TypeVar("T")


class Section(BaseModel):
    """A table of a study file. It has all its required fields and no unknown ones."""

    model_config = ConfigDict(strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _has_known_fields(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            raise InputError(f"expected a table with the fields {', '.join(cls.model_fields)}, got {given!r}")
        for name in given:
            if name not in cls.model_fields:
                raise UnknownNameError("field", name, cls.model_fields)
        for name, field in cls.model_fields.items():
            if field.is_required() and name not in given:
                raise InputError(f"expected a field {name!r}, got none; the fields are: {', '.join(cls.model_fields)}")
        return given


def expanded(text: str) -> str:
    """Put in the values of environment variables, written ``${NAME}``.

    Raises
    ------
    InputError
        A variable is not set.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in os.environ:
            raise InputError(f"the environment variable {name} is not set, which {text!r} needs; set it and try again")
        return os.environ[name]

    return re.sub(r"\$\{(\w+)\}", value, text)


def folder_of(info: ValidationInfo) -> Path:
    """The study file's folder, from which its paths go out."""
    assert info.context is not None  # given by open_study
    return info.context["folder"]


def _path(given: Any, info: ValidationInfo) -> Path:
    if not isinstance(given, str):
        raise InputError(f"expected a path, got {given!r}")
    return folder_of(info) / Path(expanded(given)).expanduser()


def _listed(given: Any) -> Any:
    return given if isinstance(given, list) else [given]


AnyPath = Annotated[Path, BeforeValidator(_path)]
"""Relative to the study file's folder."""
OneOrMore = Annotated[list[T], BeforeValidator(_listed)]


class RecordingSection(Section):
    """What the recordings of a study have in common."""

    @property
    def has_pictures(self) -> bool:
        """Whether the recording brings the pictures along that were shown; known without reading it."""
        return False

    def reliability(self) -> dict[str, float] | None:
        """What repeats of the same stimulus say of the noise, by what each figure is; None where there are none."""
        return None

    @cached_property
    def pictures(self) -> dict[str, Any]:
        """The pictures by the name that events give them; none where the recording brings none along."""
        return {}
