"""Onsets that are some seconds off: long blocks hide it from every other check."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotwire.decoder import Recording, Settings
from hotwire.decoder.evaluation.audit.onsets import onsets_finding
from hotwire.decoder.finding import Finding
from hotwire.decoder.windows import BlockAverage, windows

from .test_response import bold

WHOLE = BlockAverage(start_s=6.0, stop_s=26.0, incomplete="partial")
"""Of blocks of 20 s, when the blood responds."""


def found_in(recording: Recording, *tried: BlockAverage) -> Finding:
    every = [Settings("first", window=window) for window in (WHOLE, *tried)]
    (trials, how), *others = [(windows(one.window, recording), one) for one in every]
    return onsets_finding(recording, trials, how, others)


def off(by_s: float, *, strength: float = 2.0, seed: int = 0) -> Recording:
    """Blocks with a pause between them, whose table says other onsets."""
    made = bold(20.0, 16.0, strength=strength, seed=seed)
    return replace(made, events=replace(made.events, onset_s=made.events.onset_s + by_s))


def test_right_onsets_are_fine() -> None:
    assert found_in(off(0.0)).verdict == "fine"


@pytest.mark.parametrize(("by_s", "where"), [(-8.0, "8 s later"), (8.0, "8 s earlier")])
def test_onsets_that_are_off_are_named_with_how_far(by_s: float, where: str) -> None:
    found = found_in(off(by_s))
    assert found.verdict == "warning"
    assert f"in windows that are {where} than the decoder's" in found.reason
    assert f"start_s = {6 - by_s:.3g}, stop_s = {26 - by_s:.3g}" in found.reason


def test_one_of_the_windows_to_choose_from_is_enough() -> None:
    assert found_in(off(8.0), BlockAverage(start_s=-2.0, stop_s=18.0, incomplete="partial")).verdict == "fine"


def test_noise_says_nothing() -> None:
    assert sum(found_in(off(0.0, strength=0.0, seed=seed)).verdict != "fine" for seed in range(4)) <= 1


def test_electrodes_are_not_asked() -> None:
    assert "not of blood flow" in found_in(replace(off(8.0), unit="V")).reason


def test_one_run_says_nothing() -> None:
    made = off(8.0)
    found = found_in(made.select(runs=made.runs[:1]))
    assert found.reason == "No label occurs in two runs, so onsets cannot be compared with the data."
