from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hotwire.adapters import RidgeAdapter
from hotwire.adapters.other.pls import PLSAdapter
from hotwire.adapters.other.reduced_rank import ReducedRankAdapter
from hotwire.decoder import Decoder, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.finding import Finding
from hotwire.decoder.fit_findings import strength_findings
from hotwire.models import Network

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6))
SIGNAL = X @ RNG.normal(size=(6, 20)) + 4 * RNG.normal(size=(40, 20))
NOISE = RNG.normal(size=(40, 20))
TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


def found(adapter: Any, Y: np.ndarray = SIGNAL) -> Finding | None:
    findings = strength_findings([adapter.fit(X, Y), adapter.fit(X, Y)])
    assert len(findings) <= 1
    return findings[0] if findings else None


@pytest.mark.parametrize("adapter", [RidgeAdapter(5.0), ReducedRankAdapter(2, 5.0), PLSAdapter()])
def test_nothing_where_there_was_nothing_to_choose(adapter: Any) -> None:
    assert found(adapter) is None


@pytest.mark.parametrize("kind", [RidgeAdapter, lambda alphas: ReducedRankAdapter(3, alphas)])
@pytest.mark.parametrize(("alphas", "end"), [([0.01, 0.1], "strongest"), ([1e4, 1e5], "weakest")])
def test_a_warning_where_others_than_those_named_may_do_better(kind: Any, alphas: list[float], end: str) -> None:
    one = found(kind(alphas))
    assert one is not None
    assert one.verdict == "warning"
    assert one.reason.startswith(f"100 % of the strengths of ridge that were chosen are the {end} of those tried (")
    assert f"alphas = {alphas[0]:g}, {alphas[1]:g}" in one.reason
    assert "leave alphas out" in one.reason


def test_fine_in_the_middle_and_where_none_are_named() -> None:
    for one in (found(RidgeAdapter([1e-2, 16.0, 1e4])), found(RidgeAdapter())):
        assert one is not None
        assert one == Finding(
            "strength", "fine", "No strength of ridge that was chosen is the first or last of those tried."
        )
    noise = found(RidgeAdapter(), NOISE)
    assert noise is not None
    assert noise.verdict == "fine"
    assert "shrinks all directions alike; beyond it nothing would change" in noise.reason


def test_units_that_have_a_strength_each() -> None:
    half = found(RidgeAdapter([1e-4, 20.0, 1e4], alpha_per="unit"), np.hstack([SIGNAL, NOISE]))
    assert half is not None
    assert half.verdict == "warning"
    assert "are the strongest of those tried" in half.reason


def test_in_an_evaluation_in_volts(network: Network, recordings: Callable[..., Recording]) -> None:
    """Strengths for microvolts beside features in volts."""
    recording = recordings()
    volts = Recording(
        data=recording.data * np.float32(1e-6),
        rate_hz=recording.rate_hz,
        feature_names=recording.feature_names,
        run=recording.run,
        events=recording.events,
    )
    for alphas, verdict in (([0.1, 1.0, 10.0], "warning"), (None, "fine")):
        settings = Settings("second", adapter=RidgeAdapter(alphas, gain="total"))
        evaluation = evaluate(Decoder(network, TARGETS, settings), volts, controls=(), n_permutations=100)
        [one] = [found for found in evaluation.findings if found.check == "strength"]
        assert one.verdict == verdict
        assert evaluation.decoder.measures["candidate"].value > 0.9
