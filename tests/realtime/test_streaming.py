"""A decoder on a stream in one call."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.windows import Epoch, SlidingAverage, SlidingEpoch
from hotwire.errors import InputError
from hotwire.realtime import LiveSettings, RecordingSource, VirtualClock, stream

from .bundles import LABELS, made_recording, save_bundle


@pytest.fixture(scope="module")
def epochs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(tmp_path_factory.mktemp("bundle") / "d.hotwire", Epoch(0.0, 0.6, incomplete="drop"))


def source() -> RecordingSource:
    return RecordingSource(made_recording(1), VirtualClock())


def test_decisions_come_as_offline(epochs: Path) -> None:
    decided = list(stream(epochs, source()))
    offline = CompiledDecoder.load(epochs).predict(made_recording(1))
    assert [one.probabilities for one in decided] == [one.probabilities for one in offline]
    assert [one.label in LABELS for one in decided] == [True] * 4


def test_a_window_of_the_decoders_kind_slides_along(epochs: Path) -> None:
    decided = list(stream(epochs, source(), settings=LiveSettings(window=SlidingEpoch(0.6, 0.2))))
    assert [one.start_s for one in decided] == pytest.approx([0.2 * n for n in range(16)])
    assert all(one.answer in LABELS for one in decided)


def test_a_window_of_another_kind_is_refused_before_the_stream_is_looked_for(epochs: Path) -> None:
    with pytest.raises(
        InputError, match=r"window: expected .*holds 6 samples at 10 Hz.*use SlidingEpoch\(length_s=0.6"
    ):
        stream(epochs, source(), settings=LiveSettings(window=SlidingAverage(0.6, 0.2)))
