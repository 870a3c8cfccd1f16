"""A decoder as a unit in a graph of ezmsg."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.decoder.windows import BlockAverage
from hotwire.errors import StreamMismatchError

from .bundles import NAMES, save_bundle

pytest.importorskip("ezmsg.core", reason="ezmsg is not installed; the extra 'inputs' brings it")

from ezmsg.util.messages.axisarray import AxisArray

from hotwire.realtime.ezmsg import DecodeSettings, described, rows_of

GRAPH = """
import asyncio, sys, time
from collections.abc import AsyncGenerator
import ezmsg.core as ez
import numpy as np
from ezmsg.util.messages.axisarray import AxisArray
from hotwire.decoder.windows import SlidingAverage
from hotwire.realtime import LiveSettings
from hotwire.realtime.decision import LiveDecision
from hotwire.realtime.ezmsg import Decode, DecodeSettings

class Amplifier(ez.Unit):
    OUTPUT_SIGNAL = ez.OutputStream(AxisArray)

    @ez.publisher(OUTPUT_SIGNAL)
    async def sends(self) -> AsyncGenerator:
        rng = np.random.default_rng(0)
        channels = AxisArray.CoordinateAxis(data=np.array({names}), dims=["ch"])
        axes = {{"time": AxisArray.TimeAxis(fs=10.0), "ch": channels}}
        while True:
            yield self.OUTPUT_SIGNAL, AxisArray(rng.normal(size=(8, 1)), dims=["ch", "time"], axes=axes, key="amp")
            await asyncio.sleep(0.1)

class Screen(ez.Unit):
    INPUT = ez.InputStream(LiveDecision)

    @ez.subscriber(INPUT)
    async def on_decision(self, decision: LiveDecision) -> None:
        print(decision.number, decision.said, decision.present, flush=True)
        if decision.number == 2:
            raise ez.NormalTermination

live = LiveSettings(window=SlidingAverage(0.5, 0.3))
amplifier, decode, screen = Amplifier(), Decode(DecodeSettings(sys.argv[1], units="uV", live=live)), Screen()
ez.run(
    AMPLIFIER=amplifier, DECODE=decode, SCREEN=screen, force_single_process=True,
    connections=[(amplifier.OUTPUT_SIGNAL, decode.INPUT_SIGNAL), (decode.OUTPUT_DECISION, screen.INPUT)],
)
"""


@pytest.mark.slow
def test_a_graph_of_amplifier_decoder_and_screen(tmp_path: Path) -> None:
    bundle = save_bundle(tmp_path / "d.hotwire", BlockAverage())
    code = GRAPH.format(names=list(NAMES))
    ran = subprocess.run([sys.executable, "-c", code, bundle], capture_output=True, text=True, timeout=60)
    said = [line.split() for line in ran.stdout.splitlines()]
    assert [line[0] for line in said] == ["0", "1", "2"], ran.stderr
    assert {line[2] for line in said} == {"1.0"}


def message(shape: tuple[int, ...] = (3, 5), dims: tuple[str, ...] = ("time", "ch"), **axes: Any) -> AxisArray:
    return AxisArray(np.arange(np.prod(shape)).reshape(shape), dims=list(dims), axes=axes, key="amp")


def test_a_message_says_which_stream_it_is() -> None:
    settings = DecodeSettings("d.hotwire", units="uV")
    info = described(message(time=AxisArray.TimeAxis(fs=250.0)), settings)
    assert (info.name, info.rate_hz, info.units) == ("amp", 250.0, ("uV",) * 5)
    assert info.channel_names == tuple(f"channel_{number}" for number in range(1, 6))
    turned = message((5, 3), ("ch", "time"), time=AxisArray.TimeAxis(fs=250.0))
    assert described(turned, settings) == info
    assert rows_of(turned, settings).shape == (3, 5)


def test_messages_that_are_no_signal_are_named() -> None:
    settings = DecodeSettings("d.hotwire", channels=("C3", "C4"))
    axis = AxisArray.TimeAxis(fs=250.0)
    with pytest.raises(StreamMismatchError, match="expected a dimension 'ch', the message has time, channel"):
        described(message(dims=("time", "channel"), time=axis), settings)
    with pytest.raises(StreamMismatchError, match="expected a linear axis 'time'"):
        described(message(), settings)
    with pytest.raises(StreamMismatchError, match="expected 5 names, one for each channel, got 2"):
        described(message(time=axis), settings)
    with pytest.raises(StreamMismatchError, match="expected only time and channels"):
        rows_of(message((3, 5, 2), ("time", "ch", "freq")), settings)
