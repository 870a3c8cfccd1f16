"""Injection maps: region by time by layer, where does the network understand what it is given?

Names are imported when they are first used, as in `hotwire.decoder`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .result import Cell, InjectionMap, TimeRange
    from .run import make_map
    from .session import MapSession, MapSettings, Reading
    from .studies import session_of

_HOMES = {
    "Cell": "result",
    "InjectionMap": "result",
    "MapSession": "session",
    "MapSettings": "session",
    "Reading": "session",
    "TimeRange": "result",
    "make_map": "run",
    "session_of": "studies",
}

__all__ = [
    "Cell",
    "InjectionMap",
    "MapSession",
    "MapSettings",
    "Reading",
    "TimeRange",
    "make_map",
    "session_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
