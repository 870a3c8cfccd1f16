"""The fields of study files that several sections have: layers, steps, windows, readouts, adapters, networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo

from ...adapters.factored import FactoredAdapter
from ...errors import InputError, UnknownNameError
from ...models.weights.registry import assets
from ..features.catalogue import features_from_dict
from ..linear import default_adapter
from ..readout import readout_from_dict
from ..steps import step_from_dict
from ..windows import window_from_dict
from .section import OneOrMore, Section, expanded, folder_of


def _made_by(from_dict: Callable[[Mapping[str, Any]], Any]) -> AfterValidator:
    """Turn a table ``{type = ..., setting = ...}`` into what it describes."""

    def made(given: Any) -> Any:
        if not isinstance(given, Mapping):
            raise InputError(f"expected a table such as {{ type = ..., ... }}, got {given!r}")
        try:
            return from_dict(given)
        except TypeError as error:
            raise InputError(f"a setting has a value of the wrong kind in {dict(given)!r}: {error}") from error

    return AfterValidator(made)


def layer_name(given: Any) -> str:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise InputError(f"expected a layer's name or number, got {given!r}")
    return str(given)


def network_name(given: str, info: ValidationInfo) -> str:
    """A name of the registry as it is; else the path of a file or folder, seen from the study file."""
    name = expanded(given)
    path = folder_of(info) / Path(name).expanduser()
    return str(path) if name not in {known.name for known in assets("network")} and path.exists() else name


Strength = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Number = Annotated[int, Field(ge=1)]


class AdapterSection(Section):
    """What differs from `hotwire.decoder.decoder.default_adapter`, of options that every kind of adapter has."""

    kind: str = "ridge"
    choose_by: Literal["error", "direction"] | None = None
    gain: Literal["none", "total", "unit"] | None = None
    scale: Literal["none", "unit_variance"] | None = None


class RidgeSection(AdapterSection):
    alphas: OneOrMore[Strength] | None = Field(None, min_length=1)
    alpha_per: Literal["all", "unit"] | None = None


class BandedSection(AdapterSection):
    """The bands are the recording's own regions."""

    bands: Literal["regions"]
    alphas: OneOrMore[Strength] | None = Field(None, min_length=1)
    alpha_per: Literal["all", "unit"] | None = None
    n_iter: int | None = Field(None, ge=0)
    random_state: int | None = Field(None, ge=0)


class ReducedRankSection(AdapterSection):
    ranks: OneOrMore[Number] | None = Field(None, min_length=1)
    alphas: OneOrMore[Strength] | None = Field(None, min_length=1)


class PLSSection(AdapterSection):
    n_components: OneOrMore[Number] | None = Field(None, min_length=1)


ADAPTERS: dict[str, type[AdapterSection]] = {
    "ridge": RidgeSection,
    "banded": BandedSection,
    "reduced_rank": ReducedRankSection,
    "pls": PLSSection,
}


def _adapter(given: Any, info: ValidationInfo) -> FactoredAdapter:
    kind = given.get("kind", "ridge") if isinstance(given, Mapping) else "ridge"
    if not isinstance(kind, str) or kind not in ADAPTERS:
        raise UnknownNameError("kind of adapter", kind, ADAPTERS)
    for name in given if isinstance(given, Mapping) else ():
        others = [other for other, section in ADAPTERS.items() if name in section.model_fields]
        if others and kind not in others:
            raise InputError(
                f"{name!r} is an option of the kind {' or '.join(map(repr, others))}, not of {kind!r}, which has: "
                f"{', '.join(ADAPTERS[kind].model_fields)}"
            )
    section = ADAPTERS[kind].model_validate(given, context=info.context)
    options: Any = section.model_dump(exclude_unset=True, exclude={"kind"})
    return default_adapter(kind).set_params(**options)


Layer = Annotated[str, BeforeValidator(layer_name)]
Steps = list[Annotated[Any, _made_by(step_from_dict)]]
AnyWindow = Annotated[Any, _made_by(window_from_dict)]
Whiten = Literal["none", "samples"]
if TYPE_CHECKING:
    Adapter = FactoredAdapter
else:  # a union would add its own words to the place that an error is at
    Adapter = Annotated[Any, PlainValidator(_adapter)]
AnyReadout = Annotated[Any, _made_by(readout_from_dict)]
AnyFeatures = Annotated[Any, _made_by(features_from_dict)]
NetworkName = Annotated[str, AfterValidator(network_name)]
