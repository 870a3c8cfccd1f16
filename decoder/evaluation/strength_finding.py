"""Whether the chosen strengths of ridge are the first or the last of those tried."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...adapters.factored import FactoredAdapter
from ...adapters.other.reduced_rank import ReducedRankAdapter
from ...adapters.ridge.ridge import RidgeAdapter
from .audit.finding import Finding

CHECK = "strength"
MUCH = 0.25
"""Warn from this share of folds on (or of units, where each has a strength of its own)."""


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
        return [Finding(CHECK, "fine", "No strength of ridge that was chosen is the first or last of those tried.")]
    chosen_share = f"{100 * share:.0f} % of the strengths of ridge that were chosen are the {end} of those tried"
    if chosen[0].alphas is not None:
        return [
            Finding(
                CHECK,
                "warning" if share >= MUCH else "fine",
                f"{chosen_share} (alphas = {', '.join(f'{alpha:g}' for alpha in np.sort(chosen[0].alphas_))}); others "
                "may do better: name more of them, or leave alphas out, and they go by the size of the features.",
            )
        ]
    means = "as good as least squares" if end == "weakest" else "which shrinks all directions alike"
    return [Finding(CHECK, "fine", f"{chosen_share}, {means}; beyond it nothing would change.")]


def _tried(adapter: RidgeAdapter | ReducedRankAdapter) -> int:
    return 0 if adapter.alphas_ is None else len(adapter.alphas_)
