from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hotwire.decoder import Decoder, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.evaluation import refit
from hotwire.decoder.steps import Detrend
from hotwire.errors import InputError, UnknownNameError
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


@pytest.fixture
def decoder(network: Network) -> Decoder:
    return Decoder(network, TARGETS, Settings("first", steps=[Detrend()], whiten="samples"))


def test_refits_to_exchanged_classes_do_worse_than_the_decoder(
    decoder: Decoder, recordings: Callable[..., Recording]
) -> None:
    found = evaluate(decoder, recordings(n_runs=5), controls=(), permute="refit", n_permutations=40)
    assert found.n_refits == 40
    assert found.decoder.measures["pairwise"].p_value == pytest.approx(1 / 41)
    assert found.decoder.measures["candidate"].p_value == pytest.approx(1 / 41)


@pytest.mark.filterwarnings("ignore:response")
def test_a_refit_is_an_evaluation_of_the_exchanged_recording(
    decoder: Decoder, recordings: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its value is that of `evaluate` on a recording whose labels were exchanged before anything was fitted."""
    recording = recordings(n_runs=5, noise=2.0)
    order = np.random.default_rng(3).permuted(np.arange(20).reshape(5, 4), axis=1).ravel()
    values: dict[str, Any] = {}
    real = refit.refitted_values

    def noted(*given: Any) -> dict[str, np.ndarray]:
        values.update(real(*given))
        return values

    monkeypatch.setattr(refit, "null_orders", lambda *_, **__: order[None])
    monkeypatch.setattr("hotwire.decoder.evaluation.evaluate.refitted_values", noted)
    evaluate(decoder, recording, controls=(), permute="refit", n_permutations=1, audit="warn")
    exchanged = replace(recording, events=replace(recording.events, label=recording.events.label[order]))
    expected = evaluate(decoder, exchanged, controls=(), n_permutations=1, audit="warn").decoder.measures
    for name, of in values.items():
        assert of[0] == pytest.approx(expected[name].value)


def test_what_refits_cannot_do_is_refused(decoder: Decoder, recordings: Callable[..., Recording]) -> None:
    recording = recordings(n_runs=4)
    with pytest.raises(UnknownNameError, match="permute"):
        evaluate(decoder, recording, permute="again")  # type: ignore[arg-type]
    with pytest.raises(InputError, match='permute: expected "fixed" where whole classes are held out'):
        evaluate(decoder, recording, folds={"classes": 2}, permute="refit")
    with pytest.raises(InputError, match='permute: expected "fixed" with the engine "bundle"'):
        evaluate(decoder, recording, engine="bundle", permute="refit")
