"""Classifiers of the field in the decoder's folds, on recordings where it is known what they can do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hotwire.decoder import Choice, Decoder, Events, LabelReadout, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.evaluation.evaluate import Evaluation
from hotwire.decoder.features.csp import CSP
from hotwire.decoder.windows import Epoch
from hotwire.errors import InputError, UnknownNameError
from hotwire.models import Network

RATE_HZ, N_RUNS, N_PER_RUN, N_TIMES = 100.0, 6, 10, 60
SAMPLES = Epoch(0.0, N_TIMES / RATE_HZ)
LABEL = LabelReadout("remove")


def made(kind: str, *, unit: str = "uV", seed: int = 0, rare: bool = False) -> Recording:
    """Four channels that mix four sources of noise.

    ``"power"``: for "face" the first source is louder, for "cat" the second; ``"response"``: "face" evokes a hump in
    the first; ``"noise"``: nothing. With `rare`, one event in five is a face, else every other.
    """
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(5).normal(size=(4, 4))
    hump = np.exp(-(((np.arange(N_TIMES) - 30) / 8) ** 2))
    data, label = [], []
    for _ in range(N_RUNS):
        labels = ["face" if i % (5 if rare else 2) == 0 else "cat" for i in range(N_PER_RUN)]
        rng.shuffle(labels)
        for name in labels:
            sources = rng.normal(size=(N_TIMES, 4)) * [1.0, 1.0, 6.0, 6.0]
            if kind == "power":
                sources[:, ["face", "cat"].index(name)] *= 2.5
            if kind == "response" and name == "face":
                sources[:, 0] += 1.5 * hump
            data.append(sources @ mixing)
        label += labels
    n_run = N_PER_RUN * N_TIMES
    return Recording(
        data=(np.concatenate(data) * {"uV": 1.0, "V": 1e-6}[unit]).astype(np.float32),
        rate_hz=RATE_HZ,
        feature_names=tuple("abcd"),
        run=np.repeat(np.arange(N_RUNS), n_run),
        events=Events(
            np.repeat(np.arange(N_RUNS), N_PER_RUN),
            np.tile(np.arange(N_PER_RUN) * N_TIMES / RATE_HZ, N_RUNS),
            np.full(N_RUNS * N_PER_RUN, N_TIMES / RATE_HZ),
            np.array(label),
        ),
        unit=unit,
    )


def found_in(network: Network, recording: Recording, settings: Settings, field: Any, **more: Any) -> Evaluation:
    targets = WordTargets({"cat": "cat", "face": "face"})
    given = {"controls": (), "n_permutations": 200} | more
    return evaluate(Decoder(network, targets, settings), recording, field=field, **given)


def test_each_finds_what_it_is_made_for(network: Network) -> None:
    """Power that only an unmixing shows: for CSP and covariances, not for the samples' linear classifiers."""
    settings = Settings("first", window=SAMPLES, readout=LABEL)
    found = found_in(network, made("power"), settings, ["csp+lda", "tangent+logistic", "lda", "xdawn+lda"])
    accuracy = {name: one.outcome.measures["candidate"].value for name, one in found.field.items()}
    assert accuracy["csp+lda"] > 0.9
    assert accuracy["tangent+logistic"] > 0.9
    assert accuracy["lda"] < 0.7
    assert accuracy["xdawn+lda"] < 0.7
    # The decoder takes plain samples here, and is told so.
    assert found.field["csp+lda"].differences["candidate"].verdict == "worse"
    assert found.field["csp+lda"].differences["auc"].verdict == "worse"


def test_evoked_responses(network: Network) -> None:
    settings = Settings("first", window=Epoch(0.0, 0.6, bin_s=0.05), readout=LABEL)
    found = found_in(network, made("response"), settings, ["xdawn+lda", "lda", "logistic"])
    for one in found.field.values():
        assert one.outcome.measures["auc"].value > 0.65
        assert one.outcome.measures["auc"].p_value < 0.01


def test_the_decoder_on_the_same_features_is_no_worse(network: Network) -> None:
    settings = Settings("first", window=SAMPLES, features=CSP(2), readout=LABEL)
    found = found_in(network, made("power"), settings, ["csp+lda", "lda", "logistic"])
    assert found.decoder.measures["candidate"].value > 0.9
    assert {one.differences["candidate"].verdict for one in found.field.values()} == {"no difference shown"}
    # The row in tables is the very outcome.
    assert dict(found.rows())["lda"] is found.field["lda"].outcome


def test_pure_noise_is_at_chance(network: Network) -> None:
    settings = Settings("first", window=SAMPLES, features=CSP(2), readout=LABEL)
    field = ["csp+lda", "xdawn+lda", "tangent+logistic", "lda", "logistic"]
    found = found_in(network, made("noise"), settings, field)
    for one in found.field.values():
        assert one.outcome.measures["auc"].p_value > 0.01
        assert 0.3 < one.outcome.measures["auc"].value < 0.7
        assert abs(one.differences["auc"].value) < 0.25


@pytest.mark.parametrize("kind", ["csp+lda", "xdawn+lda", "tangent+logistic"])
def test_volts_are_as_good_as_microvolts(network: Network, kind: str) -> None:
    settings = Settings("first", window=Epoch(0.0, 0.6, bin_s=0.02), readout=LABEL)
    scores = [
        found_in(network, made("power", unit=unit), settings, [kind]).field[kind].outcome.scores for unit in ("uV", "V")
    ]
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-3, atol=1e-3)


def test_fits_on_the_training_trials_of_the_fold_and_what_was_chosen_there(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is held out changes no score of its own but those of its own trials."""
    settings = Settings("first", window=Epoch(0.0, 0.6, bin_s=0.05), readout=LABEL)
    recording = made("response")
    choose = [Choice("window", [Epoch(0.0, 0.6, bin_s=0.05), Epoch(0.0, 0.6, bin_s=0.1)])]
    seen: list[tuple[set[Any], tuple[int, ...]]] = []
    from hotwire.decoder.evaluation.rivals import compare

    original = compare.fitted

    def spy(candidates: Any, X: Any, answers: Any, runs: Any, n_folds: int) -> Any:
        seen.append((set(runs.tolist()), X.shape))
        return original(candidates, X, answers, runs, n_folds)

    monkeypatch.setattr(compare, "fitted", spy)
    found = found_in(network, recording, settings, ["xdawn+lda"], choose=choose)
    assert [set(range(N_RUNS)) - runs for runs, _ in seen] == [{run} for run in range(N_RUNS)]
    for (_, shape), chosen in zip(seen, found.chosen, strict=True):
        assert shape == (50, 4, 6 if "bin_s=0.1" in chosen["window"] else 12)


def test_the_rare_answer_makes_the_auc_the_measure(network: Network) -> None:
    settings = Settings("first", window=Epoch(0.0, 0.6, bin_s=0.05), readout=LABEL)
    found = found_in(network, made("response", rare=True), settings, ["lda"], seconds_per_trial=2.0)
    assert found.main == found.compared_by == "auc"
    assert found.decoder.measures["auc"].chance == 0.5
    assert found.decoder.measures["candidate"].chance == 0.8
    assert found.decoder.measures["pairwise"].chance == pytest.approx(0.8)
    assert found.bits is None
    even = found_in(
        network, made("power"), Settings("first", window=SAMPLES, features=CSP(2)), [], seconds_per_trial=2.0
    )
    assert even.main == "candidate"
    assert even.bits is not None
    assert even.bits[1] == pytest.approx(30 * even.bits[0])
    assert 0.5 < even.bits[0] <= 1.0


def test_wrong_inputs(network: Network) -> None:
    from hotwire.decoder.windows import BlockAverage

    recording, averages = made("power"), Settings("first", window=BlockAverage())
    with pytest.raises(InputError, match="'csp\\+lda' takes samples, so it needs a window that holds them"):
        found_in(network, recording, averages, ["csp+lda"])
    with pytest.raises(UnknownNameError, match="unknown classifier of the field 'csp'; did you mean 'csp\\+lda'"):
        found_in(network, recording, averages, ["csp"])
    cca = {"type": "cca", "frequencies_hz": {"cat": 8.0, "dog": 12.0}}
    with pytest.raises(InputError, match="expected one for each class, cat, face, got those of cat, dog"):
        found_in(network, recording, Settings("first", window=SAMPLES), [cca])
    with pytest.raises(InputError, match="field: expected each classifier once, got lda for 2 entries"):
        found_in(network, recording, averages, ["lda", "lda"])
    assert list(found_in(network, recording, averages, ["lda", "logistic"]).field) == ["lda", "logistic"]
