"""Sections whose fields are the parameters of a function or a dataclass, so that these are declared once."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from inspect import Parameter, signature
from os import PathLike
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import PlainValidator, ValidationError, ValidationInfo, create_model
from pydantic_core import InitErrorDetails, PydanticCustomError

from ...errors import InputError
from .section import AnyPath, Natural, NotNegative, OneOrMore, Positive, Section

AnySection = TypeVar("AnySection", bound=Section)

LIMITS: dict[tuple[type, str], Any] = {
    (float, "rate_hz"): Positive,
    (float, "tr_s"): Positive,
    (float, "bin_ms"): Positive,
    (float, "duration_s"): NotNegative,
    (int, "seed"): Natural,
}
"""Limits of every parameter of such a type and name."""


def fields_of(
    source: Callable[..., Any], without: Container[str] = ()
) -> Callable[[type[AnySection]], type[AnySection]]:
    """Decorate a section: it gets a field for each parameter of a function or dataclass.

    The section's body adds what a signature cannot say: another type, for a parameter that is written differently in
    TOML, or limits. The default is the signature's unless the section has one. Parameters that cannot be written down
    stay at their defaults.
    """

    def filled(section: type[AnySection]) -> type[AnySection]:
        types, own = get_type_hints(source, include_extras=True), get_type_hints(section, include_extras=True)
        fields: dict[str, Any] = {}
        for name, parameter in signature(source).parameters.items():
            default = ... if parameter.default is Parameter.empty else parameter.default
            field = section.model_fields.get(name)
            if name in without:
                continue
            if field is None:
                notation = notation_of(types[name], name)
                if notation is not None:
                    fields[name] = (notation, default)
            elif field.is_required() and default is not None:
                fields[name] = (own[name], default)
        return with_fields(section, fields)

    return filled


def with_fields(section: type[AnySection], fields: Mapping[str, Any]) -> type[AnySection]:
    """A section with more fields, each a pair of type and default."""
    about: dict[str, Any] = {"__module__": section.__module__, "__doc__": section.__doc__}
    return create_model(section.__name__, __base__=section, **about, **fields)


def notation_of(kind: Any, name: str) -> Any:
    """The type of a parameter's values in a study file; None where no value can be written there."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _either([notation_of(one, name) for one in inner])
    if kind in (Path, PathLike) or origin is PathLike:
        return AnyPath
    if origin in (list, Sequence):
        item = notation_of(inner[0], name)
        return None if item is None else list[item]
    if origin in (dict, Mapping):
        key, value = (notation_of(one, name) for one in inner)
        return None if value is None else dict[key, value]
    if kind in (str, int, float, bool, type(None)):
        return LIMITS.get((kind, name), kind)
    return kind if origin in (Literal, Annotated) else None


def _either(notations: list[Any]) -> Any:
    """One of several types; a text that may be a path is a path, and one path may stand for a list of one."""
    notations = [one for one in notations if one is not None]
    if AnyPath in notations:
        notations.remove(str) if str in notations else None
        if list[AnyPath] in notations:
            notations = [OneOrMore[AnyPath], *(one for one in notations if one not in (AnyPath, list[AnyPath]))]
    return Union[tuple(notations)] if set(notations) - {type(None)} else None  # noqa: UP007


def made_by(make: Callable[..., Any], section: type[Section]) -> Any:
    """The type of a table whose fields, checked as a section, are the arguments of a function or class."""

    def made(given: Any, info: ValidationInfo) -> Any:
        return make(**section.model_validate(given, context=info.context).given())

    return Annotated[Any, PlainValidator(made)]


def named_by(field: str, names: Iterable[str], section_of: Callable[[str], type[Section]]) -> Any:
    """The type of a table in which one field selects the section that checks it."""

    def checked(given: Any, info: ValidationInfo) -> Section:
        if not isinstance(given, Mapping):
            raise InputError(f"expected a table, got {given!r}")
        name = given.get(field, "none")
        if name not in (known := list(names)):
            unknown = PydanticCustomError("unknown_name", "expected one of {names}", {"names": ", ".join(known)})  # type: ignore[arg-type]
            details = InitErrorDetails(type=unknown, loc=(field,), input=name)
            raise ValidationError.from_exception_data(field, [details])
        return section_of(name).model_validate(given, context=info.context)

    return Annotated[Any, PlainValidator(checked)]
