"""What is wrong with a stream is named, with a cure; what is right is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hotwire.realtime.diagnosis import diagnose
from hotwire.realtime.sources.lsl_survey import HeardStream
from hotwire.realtime.sources.source import StreamInfo

from .small import SignDecoder

N, RATE_HZ = 300, 100.0
STAMPS = 50.0 + np.arange(N) / RATE_HZ
SAMPLES = np.random.default_rng(0).normal(size=(N, 2))
INFO = StreamInfo("amp", "EEG", "a", ("ch0", "ch1"), ("uV", "uV"), RATE_HZ)
GOOD = HeardStream("amp", "EEG", "a", "pc", 2, RATE_HZ, INFO, SAMPLES, STAMPS, STAMPS + 0.004, 0.0)
MARKERS = HeardStream("cues", "Markers", "c", "pc", 1, 0.0, clock_offset_s=0.0)


def said(stream: HeardStream, **settings: Any) -> list[tuple[str, str]]:
    return [(one.level, one.what) for one in diagnose(stream, **settings) if one.level != "fine"]


def test_a_good_stream_needs_nothing():
    decoder: Any = SignDecoder(rate_hz=RATE_HZ)
    assert said(GOOD, others=[GOOD, MARKERS], decoder=decoder) == []
    assert [one.what for one in diagnose(GOOD, decoder=decoder)] == [
        "300 samples at 100 per second, stamps steady within 0.0 ms",
        "4.0 ms old when they come",
        "it is what the decoder takes",
    ]


def stamped(stamps: np.ndarray) -> HeardStream:
    return replace(GOOD, stamps=stamps)


NAN, FLAT = SAMPLES.copy(), SAMPLES.copy()
NAN[5, 1], FLAT[:, 0] = np.nan, 3.0
BURSTS = STAMPS[np.minimum(np.arange(N) // 30 * 30 + 29, N - 1)]
UNLABELLED = replace(INFO, channel_names=("channel_1", "channel_2"), units=("", ""))


@pytest.mark.parametrize(
    ("stream", "level", "what"),
    [
        (replace(GOOD, problem="it is announced, but does not answer"), "error", "does not answer"),
        (replace(GOOD, source_id=""), "warning", "no source_id"),
        (replace(GOOD, info=UNLABELLED), "warning", "no channel labels"),
        (replace(GOOD, info=replace(INFO, units=("", ""))), "warning", "no units"),
        (replace(GOOD, info=None), "error", "text at a regular rate"),
        (replace(GOOD, stamps=STAMPS[:2], received_s=STAMPS[:2], samples=SAMPLES[:2]), "error", "2 samples came"),
        (stamped(50 + (STAMPS - 50) * 1.05), "error", "says 100 Hz, and sends 95.24"),
        (stamped(STAMPS + 0.08 * (np.arange(N) == 150)), "warning", "off a steady rate by up to 80 ms"),
        (replace(GOOD, received_s=BURSTS), "warning", "in bursts, up to 0.30 s apart"),
        (stamped(STAMPS + 1.8e9), "error", "stamped 1.8e+09 s after they come"),
        (stamped(STAMPS - 20), "error", "stamped 20 s before they come"),
        (replace(GOOD, clock_offset_s=None), "warning", "does not say its clock"),
        (replace(GOOD, samples=NAN), "warning", "NaN or infinity in ch1"),
        (replace(GOOD, samples=FLAT), "warning", "always the same value in ch0"),
        (replace(MARKERS, n_channels=2), "warning", "2 channels without a rate"),
        (replace(MARKERS, stamps=STAMPS[:1] + 20, received_s=STAMPS[:1]), "error", "stamped 20 s after they come"),
    ],
)
def test_what_is_wrong_is_named_with_a_cure(stream, level, what):
    found = [one for one in diagnose(stream) if what in one.what]
    assert [one.level for one in found] == [level]
    assert found[0].cure


def test_two_streams_of_one_name_and_a_decoder_that_does_not_fit():
    assert said(GOOD, others=[GOOD, replace(GOOD, source_id="b")]) == [("warning", "another stream has this name")]
    decoder: Any = SignDecoder(rate_hz=50.0)
    ((level, what),) = said(GOOD, decoder=decoder)
    assert level == "error"
    assert "fitted at 50 Hz" in what
    assert said(GOOD, decoder=decoder, rate="resample") == []
