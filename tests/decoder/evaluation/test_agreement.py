"""How many decisions the live graph changes: counted on runs that were held out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta, binom

from hotwire.decoder import Decoder, Events, Recording
from hotwire.decoder.bundle.agreement import Agreement
from hotwire.decoder.bundle.save import compiled
from hotwire.decoder.evaluation import agreement as module
from hotwire.decoder.evaluation.agreement import agreement_held_out
from hotwire.decoder.steps import ZScore
from hotwire.models import Network

from .test_engine import decoder, shown, with_settings  # noqa: F401


def differences(one: Decoder, runs: list, recording: Recording) -> list[float]:
    """The largest difference in probability of each decision on some runs, by a fit on the others."""
    others = [run for run in recording.runs if run not in runs]
    fitted = one.fit(recording.select(runs=others))
    test = recording.select(runs=runs)
    return [
        max(abs(a.probabilities[name] - b.probabilities[name]) for name in a.probabilities)
        for a, b in zip(compiled(fitted, "float16").predict(test), fitted.predict(test), strict=True)
    ]


def test_decisions_are_on_runs_that_the_fit_did_not_have(decoder: Decoder, shown: Recording) -> None:  # noqa: F811
    decoder = with_settings(decoder, probabilities="network")  # else each fit has a calibration of its own
    found = agreement_held_out(decoder.fit(shown), shown, "float16")
    expected = [value for run in shown.runs for value in differences(decoder, [run], shown)]
    assert found is not None
    assert found.n_trials == len(expected)
    assert found.largest_difference == pytest.approx(max(expected), rel=1e-3)
    assert found.n_answers_differ == 0


def test_trials_are_bounded(
    decoder: Decoder,  # noqa: F811
    shown: Recording,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_TRIALS", 5)
    found = agreement_held_out(decoder.fit(shown), shown)
    assert found is not None
    assert found.n_trials == 5


def test_none_where_nothing_can_be_compared(decoder: Decoder, shown: Recording, network: Network) -> None:  # noqa: F811
    assert agreement_held_out(decoder.fit(shown), shown.select(runs=shown.runs[:2])) is None
    assert agreement_held_out(with_settings(decoder, steps=[ZScore()]).fit(shown), shown) is None
    rest = replace(shown, events=Events.none())
    assert agreement_held_out(decoder, rest) is None


@pytest.mark.parametrize(("differ", "n"), [(0, 96), (3, 96), (1, 12), (12, 12)])
def test_the_share_that_may_differ_is_exact(differ: int, n: int) -> None:
    """With a larger share, so few differences would be seen in less than 5 % of all samples."""
    at_most = Agreement(n, differ, None, 0.0).at_most
    expected = beta.ppf(0.95, differ + 1, n - differ) if differ < n else 1.0
    assert at_most == pytest.approx(expected)
    if differ < n:
        assert binom.cdf(differ, n, at_most) == pytest.approx(0.05)
    assert Agreement(n, 0, differ, 0.0).at_most == at_most


def test_in_words() -> None:
    assert str(Agreement(96, 0, 2, 0.0213)) == (
        "of 96 trials 0 answers and 2 free answers differ (at most 6.4 % with 95 % confidence), largest difference in "
        "probability 0.021"
    )
    np.testing.assert_allclose(Agreement(96, 0, None, 0.0).at_most, 1 - 0.05 ** (1 / 96))
