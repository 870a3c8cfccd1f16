"""A stream is taken only where it is what the decoder was fitted on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hotwire.errors import InputError, StreamMismatchError
from hotwire.realtime.checks import match_channels
from hotwire.realtime.sources.source import StreamInfo


def decoder(names: str = "C3 Cz C4", unit: Any = "uV", rate_hz: float = 250.0) -> Any:
    return SimpleNamespace(feature_names=tuple(names.split()), unit=unit, rate_hz=rate_hz)


def info(names: str = "C3 Cz C4", units: tuple[str, ...] | None = None, rate_hz: float = 250.0) -> StreamInfo:
    channels = tuple(names.split())
    return StreamInfo("amp", "EEG", "amp-1", channels, units or ("uV",) * len(channels), rate_hz, "float32")


def test_the_decoders_own_channels_are_taken_as_they_are() -> None:
    assert match_channels(info(), decoder()) is None


@pytest.mark.parametrize(
    ("stream", "fitted", "told"),
    [
        (info("C4 Cz C3"), decoder(), ["another order", "number 0", "'C3'", "'C4'", "channels='by name'"]),
        (info("C3 Cz"), decoder(), ["takes 3", "has 2", "lacks C4"]),
        (info("C3 Cz C4 Pz"), decoder(), ["takes 3", "has 4", "also has Pz", "channels='by name'"]),
        (info("1 2 3"), decoder(), ["C3", "none of the decoder's names", "channels='by position'"]),
        (info(rate_hz=500.0), decoder(), ["250 Hz", "500 Hz"]),
        (info(units=("uV", "V", "uV")), decoder(), ["'uV'", "'V'", "'Cz'"]),
        (info(), decoder(unit=("uV", "uV", "mV")), ["'mV'", "'uV'", "'C4'"]),
    ],
)
def test_a_difference_is_an_error_that_shows_both_sides(stream: StreamInfo, fitted: Any, told: list[str]) -> None:
    with pytest.raises(StreamMismatchError) as raised:
        match_channels(stream, fitted)
    for part in told:
        assert part in str(raised.value)


def test_by_name_picks_out_and_reorders() -> None:
    chosen = match_channels(info("Pz C4 Cz C3"), decoder(), "by name")
    assert chosen is not None
    np.testing.assert_array_equal(chosen, [3, 2, 1])


def test_by_name_refuses_what_is_ambiguous_or_missing() -> None:
    with pytest.raises(StreamMismatchError, match="several channels named C3"):
        match_channels(info("C3 C3 Cz C4"), decoder(), "by name")
    with pytest.raises(StreamMismatchError, match="lacks C4"):
        match_channels(info("C3 Cz Pz"), decoder(), "by name")


def test_by_position_asks_for_the_number_only() -> None:
    assert match_channels(info("1 2 3"), decoder(), "by position") is None
    with pytest.raises(StreamMismatchError, match="takes 3, the stream 'amp' has 2"):
        match_channels(info("1 2"), decoder(), "by position")


def test_units_are_compared_of_the_channels_that_are_taken() -> None:
    assert match_channels(info("aux C3 Cz C4", ("V", "uV", "uV", "uV")), decoder(), "by name") is not None


@pytest.mark.parametrize("unit", ["microvolts", "µV", "UV", ""])
def test_other_spellings_of_a_unit_and_none_at_all_are_no_difference(unit: str) -> None:
    assert match_channels(info(units=(unit,) * 3), decoder()) is None


def test_rates_that_a_file_rounded_are_no_difference() -> None:
    assert match_channels(info(rate_hz=250.0001), decoder()) is None


def test_an_unknown_policy_lists_those_there_are() -> None:
    with pytest.raises(InputError, match="exact, by name, by position"):
        match_channels(info(), decoder(), "whatever")  # type: ignore[arg-type]
