"""A small subject, opened without a study file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hotwire.decoder import LabelReadout, Recording, Settings, WordTargets
from hotwire.decoder.experiments.fits.session import FitSession
from hotwire.decoder.experiments.fits.subjects import with_layers, with_names
from hotwire.decoder.experiments.session.settings import NetworkSpec, SessionSettings
from hotwire.decoder.steps import Detrend
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


@pytest.fixture
def make_session(network: Network, recording: Recording) -> Callable[..., FitSession]:
    """Open a subject with two regions and two layers."""

    def make(recording: Recording = recording, *, regions=(), layers=(), seed: int = 0, **settings: Any) -> FitSession:
        chosen = {"steps": [Detrend()], "whiten": "samples", **settings}
        how = SessionSettings(Settings("first", **chosen), n_shuffles=3, seed=seed)
        half = recording.n_features // 2
        of = {"front": np.arange(half), "all": np.arange(recording.n_features)}
        spec = NetworkSpec(network, TARGETS, tuple(network.layers), LabelReadout())
        return FitSession("one", recording, with_names(of, regions), with_layers([spec], layers), how)

    return make
