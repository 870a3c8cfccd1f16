"""Whether some features are so large that ridge ignores others: other units, or a broken channel."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ...adapters.other.reduced_rank import ReducedRankAdapter
from ...adapters.ridge.ridge import RidgeAdapter
from ..recordings.events import listed
from ..recordings.recording import Recording
from ..settings import Settings
from ..windows import Trials
from .audit.finding import Finding

CHECK = "sizes"
MUCH = 300.0
"""A feature that varies this many times less than the largest has a hundred-thousandth of its variance."""

SOME = 0.1
"""Warn from this share of the features on; a few channels that hardly vary do not matter."""


def sizes_findings(
    recording: Recording, trials: Trials, settings: Settings, chosen: Collection[str] = ()
) -> list[Finding]:
    """At most one finding, on the features that the adapter takes; none where they are scaled, whitened or fitted.

    `chosen` are the settings that each fold has yet to choose.
    """
    # Only these have one strength for features of all sizes, and a scale to set.
    if not isinstance(settings.adapter, RidgeAdapter | ReducedRankAdapter) or settings.adapter.scale != "none":
        return []
    if settings.whiten != "none" or settings.features is not None or {"adapter", "whiten", "features"} & set(chosen):
        return []
    by_channel = trials.X.reshape(len(trials), trials.n_times, -1)
    size = np.sqrt(by_channel.var(axis=0, dtype=np.float64).mean(axis=0))
    hidden = np.flatnonzero((size > 0) & (size < size.max() / MUCH))
    if not len(hidden) or len(hidden) < SOME * np.count_nonzero(size):
        return [Finding(CHECK, "fine", "No features are so large that they hide others.")]
    # Steps may have changed the recorded features.
    own = len(size) == recording.n_features
    names = recording.feature_names if own else [f"number {number}" for number in range(len(size))]
    return [
        Finding(
            CHECK,
            "warning",
            f"{len(hidden)} of {len(size)} features ({listed([names[i] for i in hidden], 3)}) vary over {MUCH:g} times "
            f"less than the largest ({names[int(size.argmax())]}), and ridge sees nothing of them: are units mixed, or "
            'is a channel broken? Scale features (adapter = { scale = "unit_variance" }), or leave some out.',
        )
    ]
