"""Whether a study fits its network, as far as that is known before the network is opened."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ...errors import InputError
from ...models.networks.network import Network
from ...models.networks.outline import Outline
from ...models.sounds.samples import RATE_HZ

if TYPE_CHECKING:
    from .settings import AnyChoice, DecoderSection


def check_decoder(decoder: DecoderSection, choices: Sequence[AnyChoice], network: Outline) -> None:
    """Raise `InputError`, with the field's place, where layer, readout or prompt do not fit the network."""
    given = {name: getattr(decoder, name) for name in ("layer", "readout") if name in decoder.model_fields_set}
    for name, value in given.items():
        with _placed(f"decoder.{name}"):
            _check(name, value, network)
    for i, choice in enumerate(choices):
        for j, value in enumerate(choice.values):
            with _placed(f"evaluation.choose[{i}].values[{j}]"):
                _check(choice.setting, value, network)


def check_lengths(network: Network, sounds: Mapping[str, NDArray]) -> None:
    """Raise `InputError`, with the sound's name, where a sound lasts longer than a network was opened for."""
    seconds = getattr(network, "seconds", None)
    if seconds is None or not sounds:
        return
    name, length, needed = longest(sounds)
    if length > seconds * RATE_HZ:
        raise InputError(
            f"network.seconds: expected {needed:g} or more, as {name} lasts {length / RATE_HZ:.2f} s, got "
            f"{seconds:g}; write seconds = {needed:g} in [network], or cut the sound"
        )


def longest(sounds: Mapping[str, NDArray]) -> tuple[str, int, float]:
    """The name of the longest sound, its length in samples, and the seconds for which a recogniser is opened for it."""
    name = max(sounds, key=lambda one: len(sounds[one]))
    return name, len(sounds[name]), math.ceil(len(sounds[name]) / RATE_HZ * 50) / 50


def _check(setting: str, value: Any, network: Outline) -> None:
    if setting == "layer":
        network.check_layer(value)
    elif setting == "prompt":
        network.check_prompt()
    elif setting == "readout":
        value.check_can(network.name, write=network.can_write, name=network.can_name)


@contextmanager
def _placed(place: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{place}: {error}") from error
