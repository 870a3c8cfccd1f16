from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import Decoder, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.fit_findings import sizes_findings
from hotwire.decoder.windows import BlockAverage, Epoch, Window, windows
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})
PLAIN = Settings("first")


def verdict(recording: Recording, factors: Any, settings: Settings = PLAIN, window: Window | None = None) -> str:
    sized = replace(recording, data=(recording.data * np.asarray(factors)).astype(np.float32))
    found = sizes_findings(windows(window or BlockAverage(), sized), settings, sized.feature_names)
    return found[0].verdict if found else "none"


@pytest.mark.parametrize("window", [BlockAverage(), Epoch(0.0, 6.0)])
@pytest.mark.parametrize("unit", [1e-13, 1.0, 1e6])
def test_mixed_units_and_broken_channels(recording: Recording, window: Window, unit: float) -> None:
    even, mixed, broken, flat = (np.ones(20) for _ in range(4))
    mixed[10:] = 1e-7
    broken[3] = 1e4
    flat[3] = 1e-4
    assert verdict(recording, unit * even, window=window) == "fine"
    assert verdict(recording, unit * np.geomspace(1, 50, 20), window=window) == "fine"
    assert verdict(recording, unit * flat, window=window) == "fine"
    assert verdict(recording, unit * mixed, window=window) == "warning"
    assert verdict(recording, unit * broken, window=window) == "warning"


def test_features_that_are_scaled_or_whitened_are_nobody_s_business(recording: Recording) -> None:
    mixed = np.where(np.arange(20) < 10, 1.0, 1e-7)
    scaled = Settings("first", adapter=RidgeAdapter(scale="unit_variance"))
    assert verdict(recording, mixed, scaled) == "none"
    assert verdict(recording, mixed, Settings("first", whiten="samples")) == "none"
    assert verdict(recording, np.zeros(20)) == "fine"


def test_an_evaluation_says_it_and_scaling_mends_it(network: Network, recordings: Callable[..., Recording]) -> None:
    """Half of the channels in tesla, with what tells the labels apart; the other half noise in counts."""
    recording = recordings()
    noise = 1e6 * np.random.default_rng(0).normal(size=recording.data.shape)
    hidden = np.arange(20) < 10
    data = np.where(hidden, recording.data * 1e-13, noise).astype(np.float32)
    reached = {}
    for scale in ("none", "unit_variance"):
        settings = Settings("second", adapter=RidgeAdapter(gain="total", choose_by="direction", scale=scale))
        decoder = Decoder(network, TARGETS, settings)
        evaluation = evaluate(decoder, replace(recording, data=data), controls=(), n_permutations=100)
        reached[scale] = evaluation.decoder.measures["candidate"].value
        warned = [one for one in evaluation.findings if one.check == "sizes" and one.verdict == "warning"]
        assert len(warned) == (scale == "none")
    assert reached["none"] < 0.5
    assert reached["unit_variance"] > 0.8
    sized = replace(recording, data=data)
    [one] = sizes_findings(windows(BlockAverage(), sized), PLAIN, sized.feature_names)
    assert "10 of 20 features (voxel_0, voxel_1, voxel_2 and 7 more) vary over 300 times less" in one.reason
    assert 'adapter = { scale = "unit_variance" }' in one.reason
