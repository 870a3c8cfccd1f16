"""Classifiers of the field in the decoder's folds, on recordings where it is known what they can do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.neighbors import NearestCentroid

from hotwire.adapters import RidgeAdapter, Whitener
from hotwire.decoder import (
    Choice,
    Decoder,
    Events,
    LabelReadout,
    NearestReadout,
    Recording,
    Settings,
    WordTargets,
    evaluate,
)
from hotwire.decoder.evaluation.evaluate import Evaluation
from hotwire.decoder.features import TangentSpace, XDawn
from hotwire.decoder.features.csp import CSP
from hotwire.decoder.steps import Detrend, run_steps
from hotwire.decoder.windows import Epoch, windows
from hotwire.errors import InputError, UnknownNameError
from hotwire.models import Network

RATE_HZ, N_RUNS, N_PER_RUN, N_TIMES = 100.0, 6, 10, 60
SAMPLES = Epoch(0.0, N_TIMES / RATE_HZ)
LABEL = LabelReadout("remove")


def made(
    kind: str, *, unit: str = "uV", seed: int = 0, rare: bool = False, at: int = 30, size: float = 1.5
) -> Recording:
    """Four channels that mix four sources of noise.

    ``"power"``: for "face" the first source is louder, for "cat" the second; ``"response"``: "face" evokes a hump in
    the first, of this `size` at this sample; ``"noise"``: nothing. With `rare`, one event in five is a face, else
    every other.
    """
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(5).normal(size=(4, 4))
    hump = np.exp(-(((np.arange(N_TIMES) - at) / 8) ** 2))
    data, label = [], []
    for _ in range(N_RUNS):
        labels = ["face" if i % (5 if rare else 2) == 0 else "cat" for i in range(N_PER_RUN)]
        rng.shuffle(labels)
        for name in labels:
            sources = rng.normal(size=(N_TIMES, 4)) * [1.0, 1.0, 6.0, 6.0]
            if kind == "power":
                sources[:, ["face", "cat"].index(name)] *= 2.5
            if kind == "response" and name == "face":
                sources[:, 0] += size * hump
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
    found = found_in(network, made("response"), settings, ["xdawn+lda", "xdawn+tangent", "lda", "logistic"])
    for one in found.field.values():
        assert one.outcome.measures["auc"].value > 0.65
        assert one.outcome.measures["auc"].p_value < 0.05


def test_the_decoder_on_the_same_features_is_no_worse(network: Network) -> None:
    settings = Settings("first", window=SAMPLES, features=CSP(2), readout=LABEL)
    found = found_in(network, made("power"), settings, ["csp+lda", "lda", "logistic"])
    assert found.decoder.measures["candidate"].value > 0.9
    assert {one.differences["candidate"].verdict for one in found.field.values()} == {"no difference shown"}
    # The row in tables is the very outcome.
    assert dict(found.rows())["lda"] is found.field["lda"].outcome


def test_pure_noise_is_at_chance(network: Network) -> None:
    settings = Settings("first", window=SAMPLES, features=CSP(2), readout=LABEL)
    field = ["csp+lda", "xdawn+lda", "tangent+logistic", "xdawn+tangent", "lda", "logistic", "centroid"]
    choose = [Choice("window", [SAMPLES, Epoch(0.0, 0.4), Epoch(0.2, 0.6)], "nearest")]
    found = found_in(network, made("noise"), settings, field, choose=choose)
    for one in found.field.values():
        assert one.outcome.measures["auc"].p_value > 0.01
        assert 0.2 < one.outcome.measures["auc"].value < 0.7
        assert abs(one.differences["auc"].value) < 0.25


@pytest.mark.parametrize("kind", ["csp+lda", "xdawn+lda", "tangent+logistic", "xdawn+tangent"])
def test_volts_are_as_good_as_microvolts(network: Network, kind: str) -> None:
    settings = Settings("first", window=Epoch(0.0, 0.6, bin_s=0.02), readout=LABEL)
    scores = [
        found_in(network, made("power", unit=unit), settings, [kind]).field[kind].outcome.scores for unit in ("uV", "V")
    ]
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-3, atol=1e-3)


EARLY, LATE = Epoch(0.0, 0.3, bin_s=0.02), Epoch(0.3, 0.6, bin_s=0.02)


def test_each_chooses_for_itself(network: Network) -> None:
    """Power is in the first half of a trial, a response in the second: CSP chooses the one, LDA the other."""
    power, response = made("power"), made("response", at=45, size=3.0)
    early = np.arange(N_TIMES * N_RUNS * N_PER_RUN) % N_TIMES < N_TIMES // 2
    # The same seed gives both the same labels.
    both = replace(response, data=np.where(early[:, None], power.data, response.data))
    choose = [Choice("window", [LATE, EARLY], "nearest"), Choice("layer", ["first", "second"], "nearest")]
    settings = Settings("first", window=LATE, readout=LABEL)
    found = found_in(network, both, settings, ["csp+lda", "lda", "centroid"], choose=choose)
    of = {name: [one["window"] for one in comparison.chosen] for name, comparison in found.field.items()}
    assert of["csp+lda"] == [str(EARLY)] * N_RUNS
    assert of["lda"].count(str(LATE)) >= N_RUNS - 1
    assert found.field["csp+lda"].outcome.measures["auc"].value > 0.75
    assert all(set(one) == {"window"} for comparison in found.field.values() for one in comparison.chosen)


def test_one_fold_by_hand(network: Network) -> None:
    """The decisions of a nested choice written with scikit-learn."""
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    windows_tried = [Epoch(0.0, 0.3, bin_s=0.05), Epoch(0.15, 0.6, bin_s=0.05), Epoch(0.0, 0.6, bin_s=0.1)]
    recording = made("response")
    settings = Settings("first", window=windows_tried[0], readout=LABEL)
    choose = [Choice("window", windows_tried, "nearest")]
    found = found_in(network, recording, settings, ["lda"], choose=choose, inner_folds=5)
    cut = [windows(window, recording) for window in windows_tried]
    run, truth = cut[0].run, (cut[0].label == "face").astype(int)
    for held_out in range(N_RUNS):
        train, test = run != held_out, run == held_out
        inner = [
            cross_val_predict(
                lda, trials.X[train], truth[train], groups=run[train], cv=LeaveOneGroupOut(),
                method="decision_function",
            )
            for trials in cut
        ]  # fmt: skip

        def within(decided: Any, held_out: int = held_out) -> float:
            others = [one for one in range(N_RUNS) if one != held_out]
            known, of = truth[run != held_out], run[run != held_out]
            return float(np.mean([roc_auc_score(known[of == one], decided[of == one]) for one in others]))

        best = int(np.argmax([within(one) for one in inner]))
        assert found.field["lda"].chosen[held_out] == {"window": str(windows_tried[best])}
        X = cut[best].X.astype(float)
        fitted = lda.fit(X[train], truth[train])
        ours = found.field["lda"].outcome.scores[test]
        np.testing.assert_allclose(ours[:, 1] - ours[:, 0], fitted.decision_function(X[test]), rtol=1e-3, atol=1e-3)


def test_a_held_out_run_has_no_part_in_its_fold(network: Network) -> None:
    """Other labels in a run change neither what is chosen where it is held out nor the scores there."""
    recording = made("response")
    swapped = np.where(recording.events.label == "face", "cat", "face")
    labels = np.where(recording.events.run == 2, swapped, recording.events.label)
    other = replace(recording, events=replace(recording.events, label=labels))
    settings = Settings("first", window=EARLY, features=XDawn(1), readout=LABEL)
    choose = [
        Choice("features", [XDawn(1), TangentSpace("oas", prototype="xdawn", n_filters=1)], "nearest"),
        Choice("window", [EARLY, LATE], "nearest"),
    ]
    field = ["lda", "logistic", "centroid", "xdawn+lda", "xdawn+tangent"]
    one, two = (found_in(network, of, settings, field, choose=choose, inner_folds=2) for of in (recording, other))
    for name in field:
        assert one.field[name].chosen[2] == two.field[name].chosen[2]
        held_out = one.trials.run == 2
        scores = [found.field[name].outcome.scores for found in (one, two)]
        np.testing.assert_array_equal(scores[0][held_out], scores[1][held_out])
        assert not np.array_equal(scores[0][~held_out], scores[1][~held_out])


def test_what_is_fitted_on_need_not_be_what_is_decided_on(network: Network) -> None:
    """A classifier that is fitted on one window and decides on another chooses by decisions on the other."""
    settings = Settings("first", window=EARLY, fit_window=LATE, readout=LABEL)
    choose = [Choice("window", [EARLY, LATE], "nearest")]
    found = found_in(network, made("response", at=45, size=3.0), settings, ["lda"], choose=choose)
    assert [one["window"] for one in found.field["lda"].chosen].count(str(LATE)) >= N_RUNS - 1


def test_two_runs_are_enough_where_nothing_is_chosen(network: Network) -> None:
    recording = made("power").select(runs=[0, 1])
    adapter = RidgeAdapter(alphas=1.0)  # strengths are chosen over two runs at least
    settings = Settings("first", window=SAMPLES, adapter=adapter, readout=LABEL)
    found = found_in(network, recording, settings, ["csp+lda"])
    assert found.field["csp+lda"].outcome.measures["candidate"].value > 0.8
    assert found.field["csp+lda"].chosen == [{}, {}]


def test_whitened_as_the_decoder_is_in_the_fold(network: Network, recording: Recording) -> None:
    """With the whitener of the samples of the training runs, also after steps of its own choice."""
    targets = WordTargets({label: label for label in ("cat", "face", "house", "shoe")})
    settings = Settings("first", whiten="samples", readout=NearestReadout())
    choose = [Choice("steps", [(), (Detrend(),)], "nearest"), Choice("whiten", ["none", "samples"], "nearest")]
    options = {"choose": choose, "field": ["centroid"], "controls": (), "n_permutations": 10}
    found = evaluate(Decoder(network, targets, settings), recording, **options)
    comparison = found.field["centroid"]
    for run in recording.runs:
        steps = (Detrend(),) if "Detrend" in comparison.chosen[run]["steps"] else ()
        prepared = run_steps(steps, recording)
        trials, train = windows(settings.window, prepared), prepared.run != run
        X = trials.X
        if found.chosen[run]["whiten"] == "samples":
            X = Whitener().fit(prepared.data[train]).transform(X)
        test = trials.run == run
        own = NearestCentroid().fit(X[~test], trials.label[~test]).predict(X[test])
        decided = comparison.outcome.scores[test].argmax(axis=1)
        assert np.array_equal(np.array(found.answers)[decided], own)


def test_the_nearest_mean_is_that_of_scikit_learn(network: Network) -> None:
    recording = made("response")
    settings = Settings("first", window=LATE, readout=LABEL)
    scores = found_in(network, recording, settings, ["centroid"]).field["centroid"].outcome.scores
    trials = windows(LATE, recording)
    for run in range(N_RUNS):
        test = trials.run == run
        own = NearestCentroid().fit(trials.X[~test], trials.label[~test])
        assert np.array_equal(np.array(["cat", "face"])[scores[test].argmax(axis=1)], own.predict(trials.X[test]))
        means = np.stack([trials.X[~test][trials.label[~test] == name].mean(axis=0) for name in ("cat", "face")])
        distance = np.linalg.norm(trials.X[test][:, None] - means, axis=2) / trials.X[~test].std()
        np.testing.assert_allclose(scores[test], -distance, rtol=1e-4)


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
