"""Things by name: hotwire's own, and those that other installed packages add through entry points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """What a name stands for. Entry points are imported when their name is first looked up.

    A package adds a reader, say, by one line of its ``pyproject.toml``::

        [project.entry-points."hotwire.readers"]
        my-format = "its_package:read_my_format"

    Parameters
    ----------
    group : str
        The group of the entry points, such as ``"hotwire.readers"``. A name of hotwire's own stays hotwire's.
    own : mapping of str to object
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

    def checked(self, name: str, added: Any) -> T:
        """What another package added under a name; an `InputError` where it cannot stand for that."""
        return added

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._own, *(entry.name for entry in entry_points(group=self.group))]))

    def __len__(self) -> int:
        return len(list(iter(self)))
