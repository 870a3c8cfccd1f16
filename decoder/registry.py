"""Things by name: hotwire's own, and those that other installed packages add through entry points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """What a name stands for; entry points are looked up and loaded when they are first needed.

    Parameters
    ----------
    group : str
        The group of the entry points, such as ``"hotwire.readers"``. A name of hotwire's own stays hotwire's.
    own : mapping of str to object
    """

    def __init__(self, group: str, own: Mapping[str, T]) -> None:
        self.group = group
        self._own = dict(own)

    @cached_property
    def _added(self) -> dict[str, EntryPoint]:
        return {one.name: one for one in entry_points(group=self.group) if one.name not in self._own}

    def __getitem__(self, name: str) -> T:
        return self._own[name] if name in self._own else self._loaded(name)

    def _loaded(self, name: str) -> Any:
        return self._added[name].load()

    def __iter__(self) -> Iterator[str]:
        return iter([*self._own, *self._added])

    def __len__(self) -> int:
        return len(self._own) + len(self._added)
