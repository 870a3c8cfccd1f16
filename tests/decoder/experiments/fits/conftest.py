"""A small subject, opened without a study file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hotwire.decoder import LabelReadout, Recording, Settings, WordTargets
from hotwire.decoder.experiments.fits.session import FitSession
from hotwire.decoder.experiments.maps.session import MapSession, MapSettings, Reading
from hotwire.decoder.steps import Detrend
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


@pytest.fixture
def make_session(network: Network, recording: Recording) -> Callable[..., FitSession]:
    """Open a subject with two regions and two layers."""

    def make(recording: Recording = recording, *, regions=(), layers=(), seed: int = 0, **settings: Any) -> FitSession:
        chosen = {"steps": [Detrend()], "whiten": "samples", **settings}
        maps = MapSettings(Settings("first", **chosen), n_shuffles=3, seed=seed)
        half = recording.n_features // 2
        of = {"front": np.arange(half), "all": np.arange(recording.n_features)}
        reading = Reading(network, TARGETS, tuple(network.layers), LabelReadout())
        return FitSession("one", MapSession("one", recording, of, [reading], maps), regions, layers)

    return make
