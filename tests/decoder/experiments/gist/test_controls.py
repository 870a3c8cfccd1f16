"""Controls change what they say they change, and carry none of a listener's words."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from hotwire.decoder.experiments.gist.controls import CHEAP, CONTROLS, Fit, check_control
from hotwire.decoder.experiments.gist.decoding import DecodingTask, decode_all
from hotwire.decoder.experiments.gist.study import open_gist
from hotwire.decoder.gist.fitting import fit_gist
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.decoder.statistics.texts import word_error_rate
from hotwire.errors import UnknownNameError

from ...bundle.gist_study import save_gist_study


class Made(NamedTuple):
    """A fit on the runs a, b and c, and what was said in d."""

    fit: Fit
    words: TimedWords


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    opened = open_gist(save_gist_study(tmp_path_factory.mktemp("gist")))
    network = opened.network()
    recording, words = opened.read(network)
    training = {run: words[run] for run in "abc"}
    fitted = fit_gist(network, training, recording.select(runs=list("abc")), opened.settings())
    return Made(Fit(fitted, network, training, recording, ("d",), seed=0), words["d"])


def test_no_control_carries_the_words(made: Made) -> None:
    fit, true = made.fit, made.words.word.tolist()
    tasks = {name: control.make(fit)("d") for name, control in CONTROLS.items()}
    given = [task for task in tasks.values() if task is not None]
    own, *others = decode_all(fit.fitted, made.words, [DecodingTask(fit.samples("d")), *given], "test")
    errors = {name: word_error_rate(true, one.said) for name, one in zip(tasks, others, strict=True)}
    assert word_error_rate(true, own.said) < 0.2
    # The small network is as random as the untrained one: only that control can say the words.
    random = errors.pop("untrained network")
    assert random < 0.2
    assert min(errors.values()) > 0.4


def test_cheap_controls_change_the_samples_alone(made: Made) -> None:
    fit, samples = made.fit, made.fit.samples("d")
    tasks = {name: CONTROLS[name].make(fit)("d") for name in CHEAP}
    moved, other, noise = (task for task in tasks.values() if task is not None)
    assert {task.model for task in (moved, other, noise)} == {None}
    np.testing.assert_array_equal(np.roll(moved.samples, -(len(samples) // 2), axis=0), samples)
    np.testing.assert_array_equal(other.samples, fit.samples("a")[np.arange(len(samples)) % len(fit.samples("a"))])
    np.testing.assert_allclose(noise.samples.std(axis=0), samples.std(axis=0), rtol=0.4)
    assert abs(np.corrcoef(noise.samples.ravel(), samples.ravel())[0, 1]) < 0.1
    short = replace(fit, recording=replace(fit.recording, rate_hz=5.0))
    assert CONTROLS["brain at another time"].make(short)("d") is None


def test_unknown_control() -> None:
    assert check_control("nuisance model alone") == "nuisance model alone"
    with pytest.raises(UnknownNameError, match="unknown control 'noise'"):
        check_control("noise")
