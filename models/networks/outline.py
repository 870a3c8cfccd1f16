"""What is known of a network before it is opened, or even downloaded: its layers, and what it can be asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...errors import InputError, UnknownNameError
from ..weights.registry import asset
from .opening import LANGUAGE_MODELS, SENTENCE_ENCODERS, SPEECH_RECOGNISERS, VISION

Kind = Literal["language model", "speech recogniser", "vision network", "sentence encoder"]
KINDS: dict[Kind, tuple[str, ...]] = {
    "language model": LANGUAGE_MODELS,
    "speech recogniser": SPEECH_RECOGNISERS,
    "vision network": VISION,
    "sentence encoder": SENTENCE_ENCODERS,
}
DEPTHS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
"""What the configurations of language models call the number of their layers."""


@dataclass(frozen=True)
class Outline:
    """A network's name, kind and layers, in order."""

    name: str
    kind: Kind
    layers: tuple[str, ...]

    @property
    def can_write(self) -> bool:
        """Whether it answers freely, see `GeneratesText`."""
        return self.kind in ("language model", "speech recogniser")

    @property
    def can_name(self) -> bool:
        """Whether its outputs have names."""
        return self.kind == "vision network"

    def check_layer(self, layer: str) -> None:
        """Raise `UnknownNameError`, which lists the layers, where there is no such layer."""
        if layer not in self.layers:
            raise UnknownNameError("layer", layer, self.layers)

    def check_prompt(self) -> None:
        """Raise `InputError` where it takes no prompt."""
        if self.kind != "language model":
            raise InputError(f"prompt: only language models take one, {self.name} is a {self.kind}")


def outline(name: str | Path) -> Outline | None:
    """The outline of a network of the registry, or of a language model in a folder; None of others.

    Examples
    --------
    >>> outline("all-minilm-l6-v2").layers
    ('pooled', 'embedding')
    """
    for kind, names in KINDS.items():
        if name in names:
            return Outline(str(name), kind, asset(str(name)).layers)
    depth = _depth(Path(name) / "config.json")
    return None if depth is None else Outline(str(name), "language model", tuple(map(str, range(depth + 1))))


def _depth(path: Path) -> int | None:
    """The number of layers that a configuration names; None where it does not, or there is none."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # opening the network says what is wrong with it
    if not isinstance(config, dict):
        return None
    inner = config.get("text_config")
    depths = [part[name] for part in (config, inner) if isinstance(part, dict) for name in DEPTHS if name in part]
    return depths[0] if depths and isinstance(depths[0], int) else None
