from __future__ import annotations

from typing import Any

import pytest

from hotwire.errors import InputError, ShapeError
from hotwire.realtime.sources.source import StreamInfo


def info(**changes: Any) -> StreamInfo:
    fields = {
        "name": "amp", "type": "EEG", "source_id": "s1", "channel_names": ("Cz",), "units": ("uV",), "rate_hz": 250.0
    }  # fmt: skip
    return StreamInfo(**{**fields, **changes})


def test_a_summary_tells_what_the_stream_does_not_say() -> None:
    assert info().summary() == "amp (EEG, 1 channel at 250 Hz, float32, source_id s1)"
    assert info(type="", source_id="").summary() == "amp (no type, 1 channel at 250 Hz, float32, no source_id)"


def test_there_is_a_unit_for_each_channel() -> None:
    with pytest.raises(ShapeError, match="each of 1 channels, got 2"):
        info(units=("uV", "uV"))


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, float("nan"), float("inf")])
def test_a_stream_without_a_rate_cannot_be_decoded(rate_hz: float) -> None:
    with pytest.raises(InputError, match="rate_hz"):
        info(rate_hz=rate_hz)
