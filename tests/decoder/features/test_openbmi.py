"""Features and a plain linear discriminant on real EEG, behind causal filters: OpenBMI's recordings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.signal
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold

from hotwire.decoder.features.base import Features
from hotwire.decoder.features.csp import CSP
from hotwire.decoder.features.spectrum import Spectrum
from hotwire.decoder.features.tangent_space import TangentSpace
from hotwire.decoder.features.xdawn import XDawn
from hotwire.decoder.linear import default_adapter

RATE_HZ = 100.0
DATA = os.environ.get("HOTWIRE_DATA")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(DATA is None, reason="HOTWIRE_DATA names no folder of recordings"),
]


def cut(name: str, band: Any, kind: str, start_s: float, stop_s: float, base_s: float = 0.0) -> tuple[NDArray, NDArray]:
    """Trials (n_trials, n_times, n_channels), less the mean of so long before them, and their numbers of answers."""
    assert DATA is not None
    recorded = scipy.io.loadmat(Path(DATA) / "openbmi" / f"cnt_{name}.mat", squeeze_me=True, struct_as_record=False)
    [content] = [value for key, value in recorded.items() if not key.startswith("__")]
    samples = content.x.reshape(len(content.x), -1)
    if band is not None:
        sections = scipy.signal.butter(4, band, kind, fs=RATE_HZ, output="sos")
        samples = scipy.signal.sosfilt(sections, samples, axis=0)
    onsets = content.t.astype(int) - 1
    X = np.stack([samples[on + round(start_s * RATE_HZ) : on + round(stop_s * RATE_HZ)] for on in onsets])
    if base_s:
        X = X - np.stack([np.mean(samples[on - round(base_s * RATE_HZ) : on], axis=0) for on in onsets])[:, None]
    return X.astype(np.float32), np.unique(content.y_class.astype(str), return_inverse=True)[1]


def decided(features: Features, X: NDArray, answers: NDArray, new: NDArray) -> Any:
    fitted = features.fit(X, answers, RATE_HZ)
    classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(fitted.transform(X), answers)
    return classifier, fitted.transform(new)


def accuracy(features: Features, X: NDArray, answers: NDArray) -> float:
    """Over ten stretches of the recording, each left out in turn."""
    right = []
    for train, test in KFold(10).split(X):
        classifier, made = decided(features, X[train], answers[train], X[test])
        right.append(classifier.score(made, answers[test]))
    return float(np.mean(right))


@pytest.mark.parametrize("features", [CSP(), TangentSpace()], ids=repr)
def test_imagined_hands(features: Features) -> None:
    assert accuracy(features, *cut("mi", (8, 30), "bandpass", 0.75, 3.5)) >= 0.71


def test_letters_by_p300() -> None:
    """Fitted on one recording, tested on the next; single flashes."""
    (X, answers), (new, truth) = (cut(name, 10, "lowpass", 0.0, 0.8, 0.2) for name in ("p300_off", "p300_on"))
    classifier, made = decided(XDawn(2), X, answers, new)
    assert roc_auc_score(truth, classifier.decision_function(made)) >= 0.945


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e-13])
def test_letters_by_the_default_adapter_in_any_unit(unit: float) -> None:
    """MNE gives volts. No run, no features: what a first user would try."""
    (X, answers), (new, truth) = (cut(name, 10, "lowpass", 0.0, 0.8, 0.2) for name in ("p300_off", "p300_on"))
    flat, new_flat = (of.reshape(len(of), -1) * unit for of in (X, new))
    words = np.random.default_rng(0).normal(size=(2, 50))
    adapter: Any = default_adapter()
    predicted = adapter.fit(flat, words[answers]).predict(new_flat)
    assert roc_auc_score(truth, predicted @ (words[1] - words[0])) >= 0.93


@pytest.mark.parametrize("measure", ["cca", "power"])
def test_flickering_targets(measure) -> None:
    features = Spectrum([12.0, 60 / 7, 60 / 9, 60 / 11], 2, measure)
    assert accuracy(features, *cut("ssvep", None, "", 0.0, 4.0)) >= 0.97
