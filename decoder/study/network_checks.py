"""Whether a study fits its network, as far as that is known before the network is opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ...models.networks.outline import Outline

if TYPE_CHECKING:
    from .schema import TargetsSection
    from .settings import AnyChoice, DecoderSection


def check_targets(targets: TargetsSection, network: Outline) -> None:
    """Raise `InputError` where the network does not take such stimuli."""
    if targets.sounds is not None and network.kind != "speech recogniser":
        raise InputError(f"targets.sounds: expected a speech recogniser, such as whisper-tiny.en, got {network.name}")
    if targets.stimuli is not None and network.kind != "vision network":
        raise InputError(
            f"targets.stimuli: expected a network that sees pictures, such as efficientnet-lite0, got {network.name}, "
            f"a {network.kind}; give it words"
        )
    if targets.words is not None and targets.sounds is None and network.kind in ("vision network", "speech recogniser"):
        other = 'stimuli = "recording"' if network.kind == "vision network" else "sounds beside words"
        raise InputError(
            f"targets.words: expected a network that reads, such as smollm2-135m-instruct, got {network.name}, a "
            f"{network.kind}; give it {other}"
        )


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
