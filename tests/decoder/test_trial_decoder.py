from __future__ import annotations

import pickle
from typing import Any

import mne
import numpy as np
import pytest
import sklearn.base
from mne.decoding import Scaler
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, LeaveOneGroupOut, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import Decoder, Events, NearestReadout, Recording, Settings, TextReadout, WordTargets
from hotwire.decoder.features.csp import CSP
from hotwire.decoder.features.log_variance import LogVariance
from hotwire.decoder.features.spectrum import Spectrum
from hotwire.decoder.trial_decoder import TrialDecoder
from hotwire.decoder.windows import Epoch
from hotwire.errors import InputError, NonFiniteError, RecordingError, ShapeError, UnknownNameError
from hotwire.models import Network

from .conftest import LABELS, TinyNetwork
from .features.made_trials import oscillating

clone: Any = sklearn.base.clone

NEAREST: dict[str, Any] = {"readout": NearestReadout(), "adapter": RidgeAdapter()}
WORDS = {0: "cat", 1: "face", 2: "house", 3: "shoe"}
# And for the other labels of scikit-learn's checks.
CHECKED: dict[Any, str] = {**WORDS, -1: "dog", "one": "cat", "two": "face", "three": "house"}


@parametrize_with_checks([TrialDecoder(TinyNetwork(), "second", CHECKED, **NEAREST)])
def test_scikit_learns_own_checks(estimator, check) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def trials() -> tuple[NDArray, NDArray]:
    """(n_trials, n_channels, n_times), and labels."""
    X, answers = oscillating(n_trials=80, n_answers=4)
    return X.swapaxes(1, 2), np.array(LABELS)[answers]


def epochs_of(X: NDArray, y: NDArray, *, bads: tuple[str, ...] = ()) -> Any:
    info = mne.create_info([f"E{i}" for i in range(X.shape[1])], 100.0, "eeg")
    info["bads"] = list(bads)
    codes = {label: code for code, label in enumerate(sorted(set(y.tolist())), start=7)}
    events = np.column_stack([np.arange(len(y)) * 1000, np.zeros(len(y), int), [codes[label] for label in y.tolist()]])
    return mne.EpochsArray(1e-5 * X, info, events, event_id=codes, verbose="error")


def test_the_same_as_a_decoder_of_the_recording(network: Network, trials) -> None:
    """Epochs cut by hand, and the same samples cut by a window out of runs, one trial a run."""
    X, y = trials
    groups = np.arange(len(y)) // 20
    n_times = X.shape[2]
    recording = Recording(
        data=X.swapaxes(1, 2).reshape(-1, X.shape[1]).astype(np.float32),
        rate_hz=100.0,
        feature_names=tuple(f"E{i}" for i in range(X.shape[1])),
        run=np.repeat(groups, n_times),
        events=Events(groups, np.arange(len(y)) % 20 * n_times / 100.0, np.full(len(y), 1.5), y),
    )
    settings = Settings("first", window=Epoch(0.0, 1.5), features=CSP(4))
    decoder = Decoder(network, WordTargets({label: label for label in sorted(LABELS)}), settings).fit(recording)
    decisions = decoder.predict(recording)
    ours = TrialDecoder(network, "first", features=CSP(4)).fit(X, y, groups=groups)
    assert ours.predict(X).tolist() == [decision.answer for decision in decisions]
    probabilities = [list(decision.probabilities.values()) for decision in decisions]
    np.testing.assert_allclose(ours.predict_proba(X), probabilities, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("readout", [NearestReadout(), None])
def test_inside_cross_validation(network: Network, trials, readout) -> None:
    X, y = trials
    decoder = TrialDecoder(network, "first", features=LogVariance(), readout=readout)
    groups = np.arange(len(y)) // 8
    scores = cross_val_score(decoder, X, y, groups=groups, cv=GroupKFold(5))
    assert scores.mean() > 0.9
    assert cross_val_score(decoder, X, y, cv=LeaveOneGroupOut(), groups=groups).shape == (10,)


def test_epochs_inside_cross_validation(network: Network, trials) -> None:
    X, y = trials
    epochs = epochs_of(X, y)
    decoder = TrialDecoder(network, "first", features=LogVariance(), **NEAREST)
    cv = StratifiedKFold(3)
    of_arrays = cross_val_score(decoder, 1e-5 * X, y, cv=cv)
    np.testing.assert_array_equal(cross_val_score(decoder, epochs, y, cv=cv), of_arrays)
    assert of_arrays.mean() > 0.9
    without_labels = cross_val_score(decoder, epochs, cv=3)
    assert without_labels.mean() > 0.9


def test_grid_search_and_pipelines(network: Network, trials) -> None:
    X, y = trials
    decoder = TrialDecoder(network, "first", features=CSP(4), **NEAREST)
    pipeline = make_pipeline(Scaler(scalings="mean"), decoder)
    grid = {"trialdecoder__features": [CSP(1), CSP(4)], "trialdecoder__adapter__alphas": [1.0, None]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_params_["trialdecoder__features"] == CSP(4)
    assert search.best_score_ > 0.9


def test_a_fit_warns_of_mixed_units_and_of_strengths_at_the_end(network: Network, trials) -> None:
    X, y = trials
    mixed = X * np.where(np.arange(X.shape[1]) < 3, 1.0, 1e-6)[:, np.newaxis]
    decoder = TrialDecoder(network, "first", readout=NearestReadout())
    with pytest.warns(UserWarning, match=r"sizes: 3 of 6 features \(number 3, number 4, number 5\)"):
        decoder.fit(mixed, y)
    with pytest.warns(UserWarning, match=r"sizes: 3 of 6 features \(E3, E4, E5\)"):
        decoder.fit(epochs_of(mixed, y))
    weak = clone(decoder).set_params(features=LogVariance(), adapter=RidgeAdapter([1e9, 1e10]))
    with pytest.warns(UserWarning, match="strength: 100 % .* are the weakest of those tried"):
        weak.fit(X, y)


def test_labels_may_be_of_any_kind(network: Network, trials) -> None:
    X, y = trials
    numbers = np.array([LABELS.index(label) for label in y.tolist()])
    by_name = TrialDecoder(network, "first", features=LogVariance(), **NEAREST).fit(X, y)
    by_number = TrialDecoder(network, "first", WORDS, features=LogVariance(), **NEAREST).fit(X, numbers)
    assert by_number.classes_.tolist() == [0, 1, 2, 3]
    assert [LABELS[n] for n in by_number.predict(X)] == by_name.predict(X).tolist()
    of_epochs = TrialDecoder(network, "first", features=LogVariance(), **NEAREST).fit(epochs_of(X, y))
    assert of_epochs.classes_.tolist() == sorted(LABELS)
    assert of_epochs.score(epochs_of(X, y)) == pytest.approx(by_name.score(X, y), abs=0.02)
    assert by_name.score(X, y) > 0.9


def test_decision_function(network: Network, trials) -> None:
    X, y = trials
    decoder = TrialDecoder(network, "first", features=LogVariance(), **NEAREST)
    four = decoder.fit(X, y)
    assert four.decision_function(X).shape == (80, 4)
    np.testing.assert_allclose(four.predict_proba(X).sum(axis=1), 1.0)
    two = np.isin(y, LABELS[:2])
    decoder.fit(X[two], y[two])
    margin = decoder.decision_function(X[two])
    assert margin.shape == (40,)
    np.testing.assert_array_equal(decoder.predict(X[two]), decoder.classes_[(margin > 0).astype(int)])
    np.testing.assert_allclose(decoder.predict_proba(X[two])[:, 1], 1 / (1 + np.exp(-margin)), rtol=1e-6)


def test_clones_share_the_network_and_what_is_asked_of_them(network: Network) -> None:
    decoder = TrialDecoder(network, "first", WORDS, features=CSP(2), **NEAREST)
    twin = clone(decoder)
    assert twin.network is network
    assert twin.features == decoder.features
    assert twin.adapter is not decoder.adapter
    assert clone(make_pipeline(decoder)).steps[0][1].network is network
    assert "network" in repr(decoder)
    from sklearn import config_context

    with config_context(enable_metadata_routing=True):
        asked = decoder.set_fit_request(groups=True)  # type: ignore[attr-defined]
        assert clone(asked).get_metadata_routing().fit.requests["groups"] is True


def test_a_name_is_opened_once(trials, monkeypatch: pytest.MonkeyPatch, network: Network) -> None:
    from hotwire.decoder import trial_decoder

    opened = []
    monkeypatch.setattr(trial_decoder, "open_network", lambda name: opened.append(name) or network)
    monkeypatch.setattr(trial_decoder, "_open_once", trial_decoder.lru_cache(trial_decoder._open_once.__wrapped__))
    X, y = trials
    cross_val_score(TrialDecoder("some-network", "first", features=CSP(4), **NEAREST), X, y)
    assert opened == ["some-network"]


def test_pickled_whole(network: Network, trials) -> None:
    X, y = trials
    fitted = TrialDecoder(network, "first", features=CSP(4), **NEAREST).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - as joblib does between processes
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_frequencies_need_a_rate(network: Network) -> None:
    rng = np.random.default_rng(0)
    times_s = np.arange(200) / 100
    y = np.array(LABELS)[np.arange(40) % 4]
    frequency_hz = np.array([6.0, 8.0, 10.0, 13.0])[np.arange(40) % 4]
    X = np.sin(2 * np.pi * frequency_hz[:, None] * times_s + rng.uniform(0, 7, (40, 1)))[:, None]
    X = X + 0.5 * rng.normal(size=X.shape)
    decoder = TrialDecoder(network, "first", features=Spectrum([6.0, 8.0, 10.0, 13.0], 1), **NEAREST)
    with pytest.raises(InputError, match="rate_hz: expected the number of samples per second, got nan"):
        decoder.fit(X, y)
    assert cross_val_score(decoder.set_params(rate_hz=100.0), X, y).mean() > 0.9
    assert cross_val_score(decoder.set_params(rate_hz=None), epochs_of(X, y), y).mean() > 0.9
    fitted = decoder.fit(epochs_of(X, y))
    with pytest.raises(RecordingError, match="fitted on samples at 100 Hz, got 200 Hz"):
        fitted.set_params(rate_hz=200.0).predict(X)


def test_wrong_inputs(network: Network, trials) -> None:
    X, y = trials
    decoder = TrialDecoder(network, "first", features=CSP(4), **NEAREST)
    with pytest.raises(
        InputError, match=r"words: labels are 0, 1, and only text is its own word; give a word for each"
    ):
        decoder.fit(X, np.arange(80) % 2)
    with pytest.raises(InputError, match="words: labels 'shoe' have none; there are words for 'cat', 'face', 'house'"):
        clone(decoder).set_params(words={"cat": "cat", "face": "face", "house": "house"}).fit(X, y)
    with pytest.raises(InputError, match="y: TrialDecoder requires y to be passed"):
        decoder.fit(X)
    with pytest.raises(ShapeError, match="y: expected a label for each of 80 trials, got 79"):
        decoder.fit(X, y[1:])
    with pytest.raises(ShapeError, match=r"groups: expected one for each of 80 trials, got \(3,\)"):
        decoder.fit(X, y, groups=[1, 2, 3])
    with pytest.raises(ShapeError, match=r"CSP needs the samples of trials, expected epochs or \(n_trials"):
        decoder.fit(X[:, :, 0], y)
    with pytest.raises(
        ShapeError, match=r"expected \(n_trials, n_channels, n_times\) or \(n_trials, n_features\), got"
    ):
        decoder.fit(X[None], y)
    broken = X.copy()
    broken[3, 4, 5] = np.nan
    with pytest.raises(NonFiniteError, match="y holds nan, expected a label for each trial"):
        decoder.fit(X, np.full(80, np.nan))
    with pytest.raises(NonFiniteError, match="NaN in trial 3 at sample 5 of channel 4"):
        decoder.fit(broken, y)
    with pytest.raises(UnknownNameError, match="There are: first, second"):
        clone(decoder).set_params(layer="third").fit(X, y)
    with pytest.raises(InputError, match="network: expected a name, a path or a Network, got int"):
        clone(decoder).set_params(network=3).fit(X, y)
    with pytest.raises(InputError, match="only a language model answers freely"):
        clone(decoder).set_params(readout=TextReadout()).fit(X, y)
    with pytest.raises(NotFittedError):
        decoder.predict(X)


def test_trials_have_to_agree(network: Network, trials) -> None:
    X, y = trials
    fitted = TrialDecoder(network, "first", features=CSP(4), **NEAREST).fit(epochs_of(X, y))
    with pytest.raises(ShapeError, match="X has 5 features, but TrialDecoder is expecting 6 features as input"):
        fitted.predict(X[:, :5])
    with pytest.raises(ShapeError, match="fitted on trials of 150 samples, got 149; cut them alike"):
        fitted.predict(X[:, :, 1:])
    swapped = epochs_of(X, y).reorder_channels(["E1", "E0", "E2", "E3", "E4", "E5"])
    with pytest.raises(RecordingError, match=r"fitted on the channels E0, E1, .* got E1, E0, .*reorder_channels"):
        fitted.predict(swapped)
    with pytest.raises(RecordingError, match="channels are marked as bad: E2; drop them"):
        fitted.predict(epochs_of(X, y, bads=("E2",)))
    with pytest.raises(RecordingError, match="no channel records the brain, the types are misc; give"):
        fitted.predict(
            epochs_of(X, y).set_channel_types(dict.fromkeys(swapped.ch_names, "misc"), on_unit_change="ignore")
        )
