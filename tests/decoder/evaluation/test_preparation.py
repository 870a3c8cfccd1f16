"""What is known of an evaluation before its network is opened."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from hotwire.adapters.factored import FactoredAdapter
from hotwire.adapters.other.banded import BandedAdapter
from hotwire.adapters.other.pls import PLSAdapter
from hotwire.adapters.ridge.ridge import RidgeAdapter
from hotwire.decoder import Decoder, Recording, Settings, WordTargets, evaluate
from hotwire.decoder.evaluation.choices import Choice
from hotwire.decoder.evaluation.preparation import Arguments, prepare
from hotwire.decoder.report.evaluation_methods import evaluation_methods
from hotwire.decoder.steps import Detrend
from hotwire.decoder.study import networks
from hotwire.decoder.study.study import open_study
from hotwire.decoder.windows import BlockAverage
from hotwire.errors import InputError, StudyError
from hotwire.models import Network

from ..small_study import STUDY, save_study

TARGETS = WordTargets({label: label for label in ("cat", "face", "house", "shoe")})


def test_arguments_are_those_of_evaluate() -> None:
    own = {one.name: one.default for one in fields(Arguments)}
    theirs = {name: one.default for name, one in signature(evaluate).parameters.items()}
    assert own == {name: of for name, of in theirs.items() if name not in ("decoder", "recording")}


@pytest.mark.parametrize(
    "arguments",
    [
        {"choose": [Choice("layer", ("first", "second"), "nearest"), Choice("steps", ((), (Detrend(1),)), "nearest")]},
        {"folds": {"classes": 2}, "controls": ()},
        {"folds": 3, "field": ["lda"], "seconds_per_trial": 6.0},
        {"permute": "refit", "n_permutations": 5},
    ],
    ids=str,
)
def test_a_design_says_what_the_evaluation_then_does(
    network: Network, recording: Recording, arguments: dict[str, Any]
) -> None:
    settings = Settings("first", window=BlockAverage(), whiten="samples")
    arguments = {"n_permutations": 20, "n_shuffles": 1, **arguments}
    found = evaluate(Decoder(network, TARGETS, settings), recording, **arguments)
    design = prepare(TARGETS, settings, recording, Arguments(**arguments), "tiny").design
    assert set(design.measure_names) == set(found.decoder.measures)
    assert (design.main, design.over, design.fold_names) == (found.main, found.over, found.fold_names)
    assert len(found.chosen) == len(design.fold_names)
    before, after = evaluation_methods(design), evaluation_methods(found)
    assert before.pop("network") + f", SHA-256 {found.fingerprint}." == after.pop("network").replace("tiny,", "tiny.,")
    assert list(before) == list(after)
    assert all(after[name].startswith(text) for name, text in before.items())
    for name in ("recording", "steps", "window", "features", "whitening"):
        assert before[name]
    assert recording.summary() in before["recording"]


@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        (RidgeAdapter(), "half powers of ten from 3e-07 to 10 times .*, chosen by the squared error from the targets"),
        (
            RidgeAdapter((1, 10.5), choose_by="direction"),
            "strengths 1, 10.5, chosen by the squared cosine",
        ),
        (RidgeAdapter((1, 10), cv="gcv"), "with the strengths 1, 10, chosen by generalised cross-validation"),
        (RidgeAdapter(3), r"\(alphas=3\), with the strength 3\. "),
        (BandedAdapter(alphas={"V1": 2, "V2": [3, 4]}), "with the strengths V1 2; V2 3, 4, chosen"),
        (PLSAdapter(), r"PLSAdapter\(\), which has no strength to choose"),
    ],
)
def test_methods_name_the_strengths_that_are_tried(recording: Recording, adapter: FactoredAdapter, said: str) -> None:
    settings = Settings("first", window=BlockAverage(), adapter=adapter)
    design = prepare(TARGETS, settings, recording, Arguments(), "tiny").design
    assert re.search(said, evaluation_methods(design)["decoding"])


def test_methods_name_what_judges_each_choice(recording: Recording) -> None:
    adapters = Choice("adapter", (RidgeAdapter(1.0), RidgeAdapter((2.0, 3.0))))
    choose = [Choice("layer", ("first", "second"), "nearest"), adapters]
    design = prepare(TARGETS, Settings("first", window=BlockAverage()), recording, Arguments(choose=choose), "t").design
    methods = evaluation_methods(design)
    judged = "Layer (by the nearest target in the layer), adapter (by the readout): chosen in each fold anew"
    assert judged in methods["cross-validation"]
    tried = (
        "chosen in each fold from RidgeAdapter(alphas=1.0), with the strength 1; RidgeAdapter(alphas=(2.0, 3.0)), with"
    )
    assert tried in methods["decoding"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[evaluation]", "[evaluation]\nfolds = 9", "folds: expected 2 to 4, the number of runs, got 9"),
        ('shoe = "shoe"', 'boot = "boot"', "words: the recording's label 'shoe' has none"),
        ("[evaluation]", '[evaluation]\nfield = ["csp+lda"]', "field: 'csp.lda' takes samples"),
        ("[evaluation]", '[evaluation]\nfield = ["lda", "lda"]', "field: expected each classifier once"),
        ("layer = 1", 'layer = 1\nsteps = [{ type = "LowPass", cutoff_hz = 9.0 }]', r"steps\[0\] \(LowPass\)"),
        ("layer = 1", 'layer = 1\nwindow = { type = "BlockAverage", stop_s = 1e4 }', "ends after"),
        (
            "[evaluation]",
            "[evaluation]\nfolds = { classes = 2 }",
            r"folds: expected four classes or more to hold out .* got 3",
        ),
        (
            "n_shuffles = 2",
            'n_shuffles = 2\n[[evaluation.choose]]\nsetting = "window"\n'
            'values = [{ type = "BlockAverage" }, { type = "RunningAverage" }]',
            "cut the recording into different trials",
        ),
    ],
)
def test_what_cannot_work_fails_before_the_network_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, message: str
) -> None:
    path = save_study(tmp_path)
    path.write_text(STUDY.replace(old, new))
    study = open_study(path)
    monkeypatch.setattr(networks, "open_network", lambda *_, **__: pytest.fail("the network was opened"))
    recording = study.recording()
    with pytest.raises(StudyError, match=message):
        study.evaluate(recording)


def test_a_fit_looks_for_words_first(tmp_path: Path) -> None:
    path = save_study(tmp_path)
    path.write_text(STUDY.replace('shoe = "shoe"', 'boot = "boot"'))
    study = open_study(path)
    with pytest.raises(StudyError, match="words: the recording's label 'shoe' has none"):
        study.check_words(study.recording())
    path.write_text(STUDY + '[[evaluation.choose]]\nsetting = "layer"\nvalues = [1, 2]\njudge = "nearest"\n')
    study, recording = open_study(path), study.recording()
    with pytest.raises(StudyError, match="choose: expected at least two training runs"):
        study.check_words(replace(recording.select(runs=recording.runs[:1])))


def test_a_single_class_cannot_be_told_from_others(recording: Recording) -> None:
    events = recording.events
    cats = replace(recording, events=events.take(events.label == "cat"))
    with pytest.raises(InputError, match="two classes or more to train on in every fold, got cat in fold 1 of"):
        prepare(TARGETS, Settings("first", window=BlockAverage()), cats, Arguments(), "tiny")
