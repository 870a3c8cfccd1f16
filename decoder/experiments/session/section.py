"""The [map] section of a study file: which regions, times, networks and layers an injection map has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, WrapValidator, model_validator

from ....errors import InputError
from ...readers.regions import ALL_LABELS, FORMS, Atlas, Region
from ...study.derived import fields_of, made_by
from ...study.networks import NetworkSection
from ...study.section import OneOrMore, Section
from ...study.settings import AnyReadout, layer_name
from .settings import DECODERS_WINDOW, TimeRange


def _region(given: Any) -> Any:
    if given == "all":
        return {"features": ["*"]}
    if not isinstance(given, Mapping):
        raise InputError(f'expected "all", {FORMS}, got {given!r}')
    return given


def _regions(given: Any, checked: Any) -> Any:
    if given in ("all", "recording"):
        return given
    if not isinstance(given, Mapping) or not given:
        raise InputError(
            f'expected "all", "recording" or a table of regions, each {FORMS}, got {given!r}; {ALL_LABELS}'
        )
    return checked(given)


@fields_of(Region)
class RegionSection(Section):
    features: OneOrMore[str] | None = Field(None, min_length=1)
    label: OneOrMore[int] | None = Field(None, min_length=1)
    first: int | None = Field(None, ge=0)


if TYPE_CHECKING:
    AnyRegions = dict[str, Region] | Literal["all", "recording"]
    AnyAtlas = Atlas
else:  # a union would add its own words to the location of an error
    AnyRegion = Annotated[made_by(Region, RegionSection), BeforeValidator(_region)]
    AnyRegions = Annotated[dict[str, AnyRegion], WrapValidator(_regions)]
    AnyAtlas = made_by(Atlas, fields_of(Atlas)(Section))


class LagsSection(Section):
    """Single samples, counted from the first at or after each event's onset."""

    lags: list[int] = Field(min_length=1)

    def times(self, rate_hz: float) -> list[TimeRange]:
        return [TimeRange(f"{lag:+d}", lag / rate_hz, (lag + 1) / rate_hz) for lag in self.lags]


class TimeSection(Section):
    """A window in seconds from each event's onset."""

    start_s: float
    stop_s: float
    name: str | None = None

    @model_validator(mode="after")
    def _has_length(self) -> TimeSection:
        if not self.stop_s > self.start_s:
            raise InputError(f"expected a stop_s above start_s = {self.start_s}, got {self.stop_s}")
        return self

    def time(self) -> TimeRange:
        name = f"{self.start_s:g} to {self.stop_s:g} s" if self.name is None else self.name
        return TimeRange(name, self.start_s, self.stop_s)


def _times(given: Any) -> Any:
    """Distinguish the three forms, so that an error is about the one that was meant."""
    if given == "decoder":
        return given
    if not isinstance(given, list | dict) or not given:
        raise InputError(
            "expected 'decoder' for the decoder's own window, a table { lags = [...] }, or a list of "
            f"{{ start_s = ..., stop_s = ... }}, got {given!r}"
        )
    try:
        if isinstance(given, dict):
            return LagsSection.model_validate(given)
        return [TimeSection.model_validate(one) for one in given]
    except ValidationError as error:
        raise InputError("; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())) from error


def _layers(given: Any) -> Any:
    if given == "all":
        return given
    if not isinstance(given, list) or not given:
        raise InputError(f"expected 'all' or a list of layers, got {given!r}")
    return [layer_name(layer) for layer in given]


AnyLayers = Annotated[Any, AfterValidator(_layers)]


class MapNetworkSection(NetworkSection):
    """One of several networks in a map."""

    layers: AnyLayers = "all"
    readout: AnyReadout | None = None

    @model_validator(mode="after")
    def _has_the_layers(self) -> MapNetworkSection:
        self.check_layers()
        return self

    def check_layers(self) -> None:
        """Raise `InputError` where it is known that the network lacks one of the layers, or cannot be read out so."""
        known = self.outline()
        if known is None:
            return
        for layer in () if self.layers == "all" else self.layers:
            known.check_layer(layer)
        if self.readout is not None:
            self.readout.check_can(known.name, write=known.can_write, name=known.can_name)


class MapSection(Section):
    """See `hotwire.decoder.experiments.maps.MapSettings`."""

    layers: AnyLayers = "all"
    regions: AnyRegions = "all"
    regions_from: AnyAtlas | None = None
    times: Annotated[Any, AfterValidator(_times)] = "decoder"
    inner_trials: int = Field(240, ge=1)
    nuisance: Literal["auto", "none"] = "auto"
    networks: list[MapNetworkSection] = []

    @model_validator(mode="after")
    def _has_regions_once(self) -> MapSection:
        if {"regions", "regions_from"} <= self.model_fields_set:
            raise InputError(f"expected regions or regions_from, got both; {ALL_LABELS}, and takes no other regions")
        return self

    def times_at(self, rate_hz: float) -> list[TimeRange]:
        """The times for a recording of that rate."""
        if self.times == "decoder":
            return [DECODERS_WINDOW]
        if isinstance(self.times, LagsSection):
            return self.times.times(rate_hz)
        return [time.time() for time in self.times]

    def networks_or(self, network: NetworkSection) -> list[MapNetworkSection]:
        """The networks of the map; the study's own if it names none."""
        return self.networks or [MapNetworkSection.model_construct(**dict(network), layers=self.layers, readout=None)]
