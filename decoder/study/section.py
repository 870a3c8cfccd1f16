"""The base of the sections of a study file: tables that name their faults, and paths."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from ...errors import InputError, UnknownNameError

T = TypeVar("T")


class Section(BaseModel):
    """A table of a study file, with all its required fields and no unknown ones."""

    model_config = ConfigDict(strict=True, frozen=True, use_attribute_docstrings=True)

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

    def given(self, *without: str) -> dict[str, Any]:
        """The fields written in the file, by name, without some; the others have their defaults."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set.difference(without))}


def expanded(text: str) -> str:
    """Insert the values of environment variables, written ``${NAME}``; an InputError names one that is not set."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            raise InputError(f"the environment variable {name} is not set, which {text!r} needs; set it and try again")
        return os.environ[name]

    return re.sub(r"\$\{(\w+)\}", value, text)


def folder_of(info: ValidationInfo) -> Path:
    """The study file's folder, to which its paths are relative."""
    assert info.context is not None  # given by open_study
    return info.context["folder"]


def path_from(given: str, info: ValidationInfo) -> Path:
    """The path that a study names, relative to its folder; without ``..``, which reports would show."""
    path = folder_of(info) / Path(expanded(given)).expanduser()
    return path.resolve() if ".." in path.parts else path


def _path(given: Any, info: ValidationInfo) -> Path:
    if not isinstance(given, str):
        raise InputError(f"expected a path, got {given!r}")
    return path_from(given, info)


def _listed(given: Any) -> Any:
    return given if isinstance(given, list) else [given]


AnyPath = Annotated[Path, BeforeValidator(_path)]
"""Relative to the study file's folder."""
OneOrMore = Annotated[list[T], BeforeValidator(_listed)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Natural = Annotated[int, Field(ge=0)]
