"""A stream is taken only where it is what the decoder was fitted on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hotwire.errors import InputError, StreamMismatchError
from hotwire.realtime.channel_match import match_channels
from hotwire.realtime.sources.source import StreamInfo
from hotwire.realtime.stream_match import match_stream


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
        match_stream(stream, fitted)
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
    stream = info("aux C3 Cz C4", ("V", "uV", "uV", "uV"))
    assert match_stream(stream, decoder(), channels="by name").factors is None


@pytest.mark.parametrize("unit", ["microvolts", "µV", "UV", ""])
def test_other_spellings_of_a_unit_and_none_at_all_are_no_difference(unit: str) -> None:
    assert match_stream(info(units=(unit,) * 3), decoder()).factors is None


def test_rates_that_a_file_rounded_are_no_difference() -> None:
    match = match_stream(info(rate_hz=250.0001), decoder())
    assert (match.steps, match.rate_hz) == ((), 250.0)


def test_an_unknown_policy_lists_those_there_are() -> None:
    with pytest.raises(InputError, match="exact, by name, by position"):
        match_channels(info(), decoder(), "whatever")  # type: ignore[arg-type]


def test_a_mapping_takes_channels_by_number_or_name():
    eight = info(" ".join("12345678"))
    match = match_stream(eight, decoder(), channels={"C3": "4", "Cz": "1", "C4": "2"})
    np.testing.assert_array_equal(match.features(np.arange(8, dtype=np.float32)[None]), [[3, 0, 1]])
    named = match_channels(info("ex1 ex2 ex3 2"), decoder(), {"C3": "ex2", "Cz": "2", "C4": "1"})
    assert named is not None
    np.testing.assert_array_equal(named, [1, 3, 0])  # a name goes before a number


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"C3": "1", "Cz": "2"}, "got none for C4; for example --channels C3=1,Cz=2,C4=3, in Python"),
        ({"C3": "1", "Cz": "2", "C4": "3", "Pz": "4"}, "Pz it does not take"),
        (
            {"C3": "1", "Cz": "2", "C4": "9"},
            "C4=9: the stream 'amp' has none of that name",
        ),
        ({"C3": "0", "Cz": "2", "C4": "3"}, "C3=0"),
        ({"C3": "1", "Cz": "2", "C4": "a"}, "got 'a' of C4 twice"),
    ],
)
def test_a_mapping_that_does_not_fit_says_what_would(mapping: dict[str, str], said: str):
    with pytest.raises(StreamMismatchError, match=said):
        match_channels(info("a b c d"), decoder(), mapping)


def test_units_are_converted_where_this_is_said():
    volts = info(units=("V", "mV", "uV"))
    match = match_stream(volts, decoder(), units="convert")
    np.testing.assert_allclose(
        match.features(np.array([[1e-5, 0.01, 10.0]], np.float32)), [[10.0, 10.0, 10.0]], rtol=1e-6
    )
    with pytest.raises(StreamMismatchError, match="--units convert"):
        match_stream(volts, decoder())


def test_a_stream_that_tells_no_units_is_not_converted_in_silence():
    silent = info(units=("", "", ""))
    with pytest.raises(StreamMismatchError, match=r"expected a unit of channel 'C3'.*--units V"):
        match_stream(silent, decoder(), units="convert")
    factors = match_stream(silent, decoder(), units="V").factors
    assert factors is not None
    np.testing.assert_allclose(factors, [1e6] * 3)
    with pytest.raises(StreamMismatchError, match="carries 'furlongs'"):
        match_stream(silent, decoder(), units="furlongs")


def test_another_rate_is_resampled_where_this_is_said():
    match = match_stream(info(rate_hz=1000.0), decoder(), rate="resample")
    assert match.rate_hz == 1000.0
    assert [step.rate_out_hz(1000.0) for step in match.steps] == [250.0]
    with pytest.raises(StreamMismatchError, match="--rate resample"):
        match_stream(info(rate_hz=1000.0), decoder())
    with pytest.raises(StreamMismatchError, match="cannot be resampled"):
        match_stream(info(rate_hz=1000.0 * np.pi), decoder(), rate="resample")
