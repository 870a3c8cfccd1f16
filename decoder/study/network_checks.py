"""Whether a study fits its network, as far as that is known before the network is opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ...models.networks.outline import Outline

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
