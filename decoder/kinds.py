"""Kinds of steps, windows, features and readouts by name: the allow-lists that study files and bundles choose from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, fields
from importlib.metadata import entry_points
from typing import Any, TypeVar

from ..errors import InputError, UnknownNameError

T = TypeVar("T")


class Kinds(Mapping[str, type[T]]):
    """Classes by their names: hotwire's own, and those that installed packages name in an entry-point group.

    A package adds a step, say, by one line of its ``pyproject.toml``; it is imported when its name is first looked up::

        [project.entry-points."hotwire.steps"]
        Median = "its_package.median:Median"
    """

    def __init__(self, group: str, base: type[T], own: tuple[type[T], ...]) -> None:
        self._group, self._base = group, base
        self._own = {kind.__name__: kind for kind in own}

    def __getitem__(self, name: str) -> type[T]:
        if name in self._own:
            return self._own[name]
        for entry in entry_points(group=self._group, name=name):
            kind = entry.load()
            if not (isinstance(kind, type) and issubclass(kind, self._base) and kind.__name__ == name):
                raise InputError(
                    f"entry point {name!r} of {self._group}: expected a {self._base.__name__} of that name, "
                    f"got {entry.value}"
                )
            return kind
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._own, *(entry.name for entry in entry_points(group=self._group))]))

    def __len__(self) -> int:
        return len(list(iter(self)))


def settings_to_dict(instance: Any) -> dict[str, Any]:
    """Return ``{"type": class name, setting: value, ...}`` of a dataclass of plain settings."""
    return {"type": type(instance).__name__, **asdict(instance)}


def settings_from_dict(what: str, kinds: Mapping[str, type[T]], saved: Mapping[str, Any]) -> T:
    """Return the instance that :func:`settings_to_dict` described, of one of the kinds on the allow-list.

    It raises UnknownNameError where the type is not on the list or has no such setting, and InputError where a setting
    has a value that it cannot have or the type is missing.
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
