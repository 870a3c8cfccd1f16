"""The fields of study files that several sections have: layers, steps, windows, readouts, adapters, networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from ..adapters.ridge import RidgeAdapter
from ..errors import InputError
from ..models.assets import assets
from .decoder import default_adapter
from .readout import readout_from_dict
from .steps import step_from_dict, window_from_dict
from .study_section import OneOrMore, Section, expanded, folder_of


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


class AdapterSection(Section):
    """What differs from `hotwire.decoder.decoder.default_adapter`."""

    alphas: OneOrMore[Annotated[float, Field(gt=0, allow_inf_nan=False)]] | None = Field(None, min_length=1)
    alpha_per: Literal["all", "unit"] | None = None
    choose_by: Literal["error", "direction"] | None = None
    gain: Literal["none", "total", "unit"] | None = None
    scale: Literal["none", "unit_variance"] | None = None


def _adapter(section: AdapterSection) -> RidgeAdapter:
    return default_adapter().set_params(**section.model_dump(exclude_unset=True))


Layer = Annotated[str, BeforeValidator(layer_name)]
Steps = list[Annotated[Any, _made_by(step_from_dict)]]
AnyWindow = Annotated[Any, _made_by(window_from_dict)]
Whiten = Literal["none", "samples"]
Adapter = Annotated[AdapterSection, AfterValidator(_adapter)]
AnyReadout = Annotated[Any, _made_by(readout_from_dict)]
NetworkName = Annotated[str, AfterValidator(network_name)]
