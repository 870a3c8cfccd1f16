"""Kinds of steps, windows, features and readouts by name: the allow-lists for study files and bundles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any, TypeVar

from ..errors import InputError, UnknownNameError
from .registry import Registry

T = TypeVar("T")


class Kinds(Registry[type[T]]):
    """Classes by their names: hotwire's own, and those that installed packages name in an entry-point group.

    A package adds a step, say, by one line of its ``pyproject.toml``; it is imported when its name is first used::

        [project.entry-points."hotwire.steps"]
        Median = "its_package.median:Median"

    Classes are called by their attribute `named_by`.
    """

    def __init__(self, group: str, base: type[T], own: tuple[type[T], ...], named_by: str = "__name__") -> None:
        super().__init__(group, {getattr(kind, named_by): kind for kind in own})
        self._base, self._named_by = base, named_by

    def checked(self, name: str, added: Any) -> type[T]:
        if isinstance(added, type) and issubclass(added, self._base) and getattr(added, self._named_by, None) == name:
            return added
        expected = f"expected a {self._base.__name__} of that name"
        raise InputError(f"entry point {name!r} of {self.group}: {expected}, got {added!r}")


def settings_to_dict(instance: Any) -> dict[str, Any]:
    """Return ``{"type": class name, setting: value, ...}`` of a dataclass of plain settings."""
    return {"type": type(instance).__name__, **asdict(instance)}


def settings_from_dict(what: str, kinds: Mapping[str, type[T]], saved: Mapping[str, Any]) -> T:
    """Return the instance that :func:`settings_to_dict` described, of one of the kinds on the allow-list.

    Raises UnknownNameError for an unknown type or setting, and InputError for a wrong value or a missing type.
    """
    settings = dict(saved)
    if "type" not in settings:
        raise InputError(f"{what}: expected a 'type' and its settings, got only {sorted(settings)}")
    name = settings.pop("type")
    if name not in kinds:
        raise UnknownNameError(what, name, kinds)
    settings_of = fields(kinds[name])  # type: ignore[arg-type]
    known = [field.name for field in settings_of]
    for setting in settings:
        if setting not in known:
            raise UnknownNameError(f"setting of {name}", setting, known)
    for field in settings_of:
        if field.default is MISSING and field.name not in settings:
            raise InputError(f"{what}: expected the setting {field.name!r} of {name}, got {sorted(settings) or 'none'}")
    return kinds[name](**settings)
