"""What a fit says about itself: features that ridge cannot see beside larger ones, strengths at the end of those tried.

`evaluate` puts these findings into its result; where a decoder is fitted, they are Python warnings.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence

import numpy as np

from ..adapters.factored import FactoredAdapter
from ..adapters.other.reduced_rank import ReducedRankAdapter
from ..adapters.ridge.ridge import RidgeAdapter
from ..errors.printable import printable
from .finding import Finding
from .recordings.events import listed
from .settings import Settings
from .windows import Trials

SIZES, STRENGTH = "sizes", "strength"

MUCH_SMALLER = 300.0
"""A feature that varies this many times less than the largest has a hundred-thousandth of its variance."""

MANY_FEATURES = 0.1
"""Warn from this share of the features on; a few channels that hardly vary do not matter."""

MANY_STRENGTHS = 0.25
"""Warn from this share of folds on (or of units, where each has a strength of its own)."""


def warn_of_fit(trials: Trials, settings: Settings, names: Sequence[str], adapter: FactoredAdapter) -> None:
    """Give a Python warning of each finding on a fit that is one; `names` are those of the recorded features."""
    for one in (*sizes_findings(trials, settings, names), *strength_findings([adapter])):
        if one.verdict == "warning":
            warnings.warn(f"{one.check}: {printable(one.reason)}", stacklevel=3)


def sizes_findings(
    trials: Trials, settings: Settings, names: Sequence[str] = (), chosen: Collection[str] = ()
) -> list[Finding]:
    """At most one finding, on the features that the adapter takes; none where they are scaled, whitened or fitted.

    `names` are those of the recorded features; `chosen` are the settings that each fold has yet to choose.
    """
    # Only these have one strength for features of all sizes, and a scale to set.
    if not isinstance(settings.adapter, RidgeAdapter | ReducedRankAdapter) or settings.adapter.scale != "none":
        return []
    if settings.whiten != "none" or settings.features is not None or {"adapter", "whiten", "features"} & set(chosen):
        return []
    by_channel = trials.X.reshape(len(trials), trials.n_times, -1)
    size = np.sqrt(by_channel.var(axis=0, dtype=np.float64).mean(axis=0))
    hidden = np.flatnonzero((size > 0) & (size < size.max() / MUCH_SMALLER))
    if not len(hidden) or len(hidden) < MANY_FEATURES * np.count_nonzero(size):
        return [Finding(SIZES, "fine", "No features are so large that they hide others.")]
    # Steps may have changed the recorded features.
    if len(names) != len(size):
        names = [f"number {number}" for number in range(len(size))]
    return [
        Finding(
            SIZES,
            "warning",
            f"{len(hidden)} of {len(size)} features ({listed([names[i] for i in hidden.tolist()], 3)}) vary over "
            f"{MUCH_SMALLER:g} times less than the largest ({names[int(size.argmax())]}), and ridge sees nothing of "
            'them: are units mixed, or is a channel broken? Scale features (adapter = { scale = "unit_variance" }), or '
            "leave some out.",
        )
    ]


def strength_findings(adapters: Sequence[FactoredAdapter]) -> list[Finding]:
    """At most one finding on the fitted adapters of all folds; none where ridge had one strength only."""
    chosen = [one for one in adapters if isinstance(one, RidgeAdapter | ReducedRankAdapter) and _tried(one) > 1]
    if not chosen:
        return []
    shares = {
        "weakest": np.mean([np.mean(np.asarray(one.alpha_) == one.alphas_.min()) for one in chosen]),
        "strongest": np.mean([np.mean(np.asarray(one.alpha_) == one.alphas_.max()) for one in chosen]),
    }
    end, share = max(shares.items(), key=lambda item: item[1])
    if share == 0:
        return [Finding(STRENGTH, "fine", "No strength of ridge that was chosen is the first or last of those tried.")]
    chosen_share = f"{100 * share:.0f} % of the strengths of ridge that were chosen are the {end} of those tried"
    if chosen[0].alphas is not None:
        return [
            Finding(
                STRENGTH,
                "warning" if share >= MANY_STRENGTHS else "fine",
                f"{chosen_share} (alphas = {', '.join(f'{alpha:g}' for alpha in np.sort(chosen[0].alphas_))}); others "
                "may do better: name more of them, or leave alphas out, and they go by the size of the features.",
            )
        ]
    means = "as good as least squares" if end == "weakest" else "which shrinks all directions alike"
    return [Finding(STRENGTH, "fine", f"{chosen_share}, {means}; beyond it nothing would change.")]


def _tried(adapter: RidgeAdapter | ReducedRankAdapter) -> int:
    return 0 if adapter.alphas_ is None else len(adapter.alphas_)
