"""Objects by name: hotwire's own, and those that other installed packages add through entry points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Objects by name; entry points are looked up and loaded when they are first needed.

    `group` is that of the entry points, such as ``"hotwire.readers"``. Hotwire's `own` names cannot be replaced.
    """

    def __init__(self, group: str, own: Mapping[str, T]) -> None:
        self.group = group
        self._own = dict(own)

    def __getitem__(self, name: str) -> T:
        if name in self._own:
            return self._own[name]
        for entry in entry_points(group=self.group, name=name):
            return self.checked(name, entry.load())
        raise KeyError(name)

    def add(self, name: str, added: T) -> None:
        """Have this under a name in this process, as hotwire's own are."""
        self._own[name] = added

    def checked(self, name: str, added: Any) -> T:
        """What another package added under a name; an `InputError` where it cannot stand for that."""
        return added

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._own, *(entry.name for entry in entry_points(group=self.group))]))

    def __len__(self) -> int:
        return len(list(iter(self)))
