"""Ceilings of listeners whose common signal is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder.experiments.gist.ceilings import ceilings_of
from hotwire.decoder.recordings.recording import Recording

LENGTH, N = 400, 8


def listeners(signal: float) -> Recording:
    rng = np.random.default_rng(0)
    common = signal * rng.normal(size=(LENGTH, 5))
    data = np.concatenate([3.0 + common + rng.normal(size=(LENGTH, 5)) for _ in range(N)]).astype(np.float32)
    return Recording(data, 0.5, tuple("abcde"), np.repeat(np.arange(N), LENGTH))


def in_two(mean: Recording) -> Recording:
    return replace(mean, run=np.repeat([1, 2], [LENGTH - 15, 15]))


def test_ceilings_are_those_of_the_signal() -> None:
    found = ceilings_of(listeners(1.0), in_two, [1, 2], window_s=20.0)
    assert found.n_listeners == N
    assert found.r == pytest.approx(np.sqrt(1 / (1 + 1 / N)), abs=0.01)
    assert found.same_passage[1] > 0.99
    assert np.isnan(found.same_passage[2])  # not two windows of ten samples
    none = ceilings_of(listeners(0.0), in_two, [1], window_s=20.0)
    assert none.r < 0.4
    assert none.same_passage[1] == pytest.approx(0.5, abs=0.1)
