"""Boards by BrainFlow, on its synthetic one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pylsl import local_clock

from hotwire.decoder.windows import SlidingAverage
from hotwire.errors import InputError, MissingExtraError, StreamLostError, StreamNotFoundError, UnknownNameError
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.plugins import make_source
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources import brainflow_board
from hotwire.realtime.sources.brainflow_board import BrainFlowBoard

from ..small import SignDecoder

pytest.importorskip("brainflow", reason="brainflow is not installed; the extra 'inputs' brings it")


@pytest.fixture(autouse=True)
def _pkg_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    """BrainFlow finds its library by pkg_resources on Python 3.11, which newer setuptools lack."""
    found: Any = ModuleType("pkg_resources")
    found.resource_filename = lambda module, path: str(Path(str(sys.modules[module].__file__)).parent / path)
    monkeypatch.setitem(sys.modules, "pkg_resources", found)


@pytest.fixture
def source() -> Iterator[BrainFlowBoard]:
    source = BrainFlowBoard("synthetic")
    yield source
    source.close()


def test_its_samples_are_the_electrodes_stamped_at_the_board_s_rate(source: BrainFlowBoard) -> None:
    info = source.open(5.0)
    assert (info.name, info.channel_names[:2], info.units[0], info.rate_hz) == ("Synthetic", ("Fz", "C3"), "uV", 250.0)
    chunks = [chunk for _ in range(12) if (chunk := source.pull(0.25)) is not None]
    samples, stamps = (np.concatenate(of) for of in zip(*((one.samples, one.stamps) for one in chunks), strict=True))
    assert samples.dtype == np.float32
    assert samples.shape[1] == 16
    assert samples.std(axis=0).min() > 0.1
    assert len(samples) > 50
    assert np.all(np.diff(stamps) > 0)
    assert np.median(np.diff(stamps)) == pytest.approx(1 / 250, rel=0.05)
    assert 0 <= local_clock() - stamps[-1] < 5.0


def test_a_decoder_decides_on_it() -> None:
    decoder: Any = SignDecoder(rate_hz=250.0, window=SlidingAverage(0.2, 0.2))
    source = BrainFlowBoard("Synthetic")
    mapping = {name: source.info.channel_names[i] for i, name in enumerate(decoder.feature_names)}
    with Engine(decoder, source, LiveSettings(channels=mapping)) as engine:
        source.mark("begin")
        decision = next(iter(engine))
    assert decision.present == 1.0
    with pytest.raises(StreamLostError, match="open the source first"):
        source.pull(0.0)


def test_by_its_name_with_parameters() -> None:
    decoder: Any = SignDecoder()
    made = make_source("brainflow:board=synthetic,serial_number=seven,timeout=3", decoder)
    assert isinstance(made, BrainFlowBoard)
    assert made.info.source_id == "brainflow:synthetic:seven:3"


def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownNameError, match="cyton"):
        BrainFlowBoard("cytron")
    with pytest.raises(InputError, match=r"serial_port, .*got 'port'"):
        BrainFlowBoard("cyton", port="COM3")
    with pytest.raises(InputError, match="timeout: expected a whole number, got 'soon'"):
        BrainFlowBoard("cyton", timeout="soon")
    with pytest.raises(StreamNotFoundError, match="BrainFlow cannot start the board 'Cyton'"):
        BrainFlowBoard("cyton", serial_port="/dev/nothing").open(1.0)
    monkeypatch.setitem(sys.modules, "brainflow", None)
    with pytest.raises(MissingExtraError, match=r"install hotwire\[inputs\]"):
        BrainFlowBoard("synthetic")


def test_a_board_that_falls_silent_is_lost(source: BrainFlowBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    source.open(5.0)
    monkeypatch.setattr(brainflow_board, "LOST_S", 0.0)
    board: Any = SimpleNamespace(get_board_data=lambda: np.empty((32, 0)), is_prepared=lambda: False)
    monkeypatch.setattr(source, "_board", board)
    with pytest.raises(StreamLostError, match="'Synthetic' sent nothing for 0 s"):
        source.pull(0.0)
