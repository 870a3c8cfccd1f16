"""How the settings of a decoder are written down: each once, for the decoder itself and for its choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo

from ...adapters.factored import FactoredAdapter
from ...errors import InputError, UnknownNameError
from ..decision import DecisionRule
from ..evaluation.choices import CHOOSABLE, Choice
from ..features.catalogue import features_from_dict
from ..linear import default_adapter
from ..readouts.catalogue import readout_from_dict
from ..readouts.readout import Readout
from ..settings import Settings, Whitening
from ..steps import step_from_dict
from ..windows import window_from_dict
from .derived import fields_of, made_by, named_by, with_fields
from .section import Natural, OneOrMore, Positive, Section


def _made_by(from_dict: Callable[[Mapping[str, Any]], Any]) -> Any:
    """The type of a table ``{type = ..., setting = ...}``, which is turned into the object it describes."""

    def made(given: Any) -> Any:
        if not isinstance(given, Mapping):
            raise InputError(f"expected a table such as {{ type = ..., ... }}, got {given!r}")
        try:
            return from_dict(given)
        except TypeError as error:
            raise InputError(f"a setting has a value of the wrong kind in {dict(given)!r}: {error}") from error

    return Annotated[Any, AfterValidator(made)]


def layer_name(given: Any) -> str:
    """The name of a layer, which may be written as a number."""
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise InputError(f"expected a layer's name or number, got {given!r}")
    return str(given)


ADAPTERS = ("ridge", "banded", "reduced_rank", "pls")
NOT_WRITTEN = ("cv", "device")
"""Options of adapters that a study does not set: its inner folds and the machine do."""
_Several = Field(min_length=1)
OPTIONS: dict[str, Any] = {
    "choose_by": Literal["error", "direction"],
    "gain": Literal["none", "total", "unit"],
    "scale": Literal["none", "unit_variance"],
    "alphas": Annotated[OneOrMore[Positive], _Several],
    "alpha_per": Literal["all", "unit"],
    "bands": Literal["regions"],
    "n_iter": Natural,
    "random_state": Natural,
    "ranks": Annotated[OneOrMore[Annotated[int, Field(ge=1)]], _Several],
    "n_components": Annotated[OneOrMore[Annotated[int, Field(ge=1)]], _Several],
}


@cache
def adapter_section(kind: str) -> type[Section]:
    """The options of this kind of adapter; any may be left out, as in `hotwire.decoder.linear.default_adapter`.

    The bands of a banded one are required: the recording's own regions.
    """
    options = [name for name in default_adapter(kind).get_params() if name not in NOT_WRITTEN]
    fields = {name: (OPTIONS[name], ... if name == "bands" else None) for name in options}
    return with_fields(Section, {"kind": (str, "ridge"), **fields})


def _adapter(given: Any, info: ValidationInfo) -> FactoredAdapter:
    kind = given.get("kind", "ridge") if isinstance(given, Mapping) else "ridge"
    if kind not in ADAPTERS:
        raise UnknownNameError("kind of adapter", kind, ADAPTERS)
    for name in given if isinstance(given, Mapping) else ():
        others = [other for other in ADAPTERS if name in adapter_section(other).model_fields]
        if others and kind not in others:
            raise InputError(
                f"{name!r} is an option of the kind {' or '.join(map(repr, others))}, not of {kind!r}, which has: "
                f"{', '.join(adapter_section(kind).model_fields)}"
            )
    section = adapter_section(kind).model_validate(given, context=info.context)
    return default_adapter(kind).set_params(**section.given("kind"))


@fields_of(DecisionRule)
class RuleSection(Section):
    """See `hotwire.decoder.decision.DecisionRule`."""


Layer = Annotated[str, BeforeValidator(layer_name)]
Pooling = Annotated[int, Field(ge=1)] | Literal["receptive field"]
Steps = list[_made_by(step_from_dict)]
AnyWindow = _made_by(window_from_dict)
if TYPE_CHECKING:
    AnyReadout = Readout
else:
    AnyReadout = _made_by(readout_from_dict)
SETTINGS: dict[str, Any] = {
    "layer": Layer,
    "steps": Steps,
    "window": AnyWindow,
    "whiten": Whitening,
    "adapter": Annotated[Any, PlainValidator(_adapter)],
    "readout": AnyReadout,
    "prompt": str,
    "fit_steps": Steps,
    "fit_window": AnyWindow,
    "features": _made_by(features_from_dict),
    "probabilities": Literal["calibrated", "network"],
    "decision": made_by(DecisionRule, RuleSection),
}


NO_LAYER = ""
"""Of settings for experiments that take their layers from elsewhere."""


class _DecoderBase(Section):
    def settings(self) -> Settings:
        given: dict[str, Any] = {"layer": NO_LAYER, **self.given()}
        return Settings(**given)


class _ChoiceBase(Section):
    setting: str
    values: list[Any]
    judge: Literal["nearest", "readout"] = "readout"

    def choice(self) -> Choice:
        return Choice(self.setting, tuple(self.values), self.judge)


if TYPE_CHECKING:
    DecoderSection = _DecoderBase
else:
    DecoderSection = with_fields(
        _DecoderBase,
        {name: (kind, None) for name, kind in SETTINGS.items() if name != "prompt"},
    )
"""See `hotwire.decoder.Settings`; the prompt is the network's. The layer is needed by all that decode in one layer."""


@cache
def _choice_of(setting: str) -> type[_ChoiceBase]:
    return with_fields(_ChoiceBase, {"values": (Annotated[list[SETTINGS[setting]], _Several], ...)})


if TYPE_CHECKING:
    AnyChoice = _ChoiceBase
else:
    AnyChoice = named_by("setting", CHOOSABLE, _choice_of)
"""A setting to choose and its values, in the notation of the setting."""
