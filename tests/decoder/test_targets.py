from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.decoder import Recording, StimulusTargets, WordTargets
from hotwire.decoder.targets import plain
from hotwire.decoder.windows import BlockAverage, Trials, windows
from hotwire.errors import InputError, UnknownNameError
from hotwire.models import Network

WORDS = {"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"}


@pytest.fixture
def trials(recording: Recording) -> Trials:
    return windows(BlockAverage(), recording)


def test_words_give_each_label_its_state_and_answer(network: Network, trials: Trials) -> None:
    targets = WordTargets({**WORDS, "cat": ("cat", "kitten")})
    assert targets.answers == ("cat", "face", "house", "shoe")
    assert [targets.keys[key] for key in targets.key_of(trials)] == trials.label.tolist()
    table = targets.activations(network, ["first", "second"])
    both = network.activations(["A picture of a cat", "A picture of a kitten"], ["second"])["second"]
    np.testing.assert_allclose(table["second"][0], both.mean(axis=0), rtol=1e-6)
    assert table["first"].shape == (4, 12)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("a Kitten!", 0), ("The cat.", 0), ("face", 1), ("catfish", -1), ("", -1), ("house\n", 2), ("a", -1)],
)
def test_free_answers_are_matched_as_whole_words(text: str, meant: int) -> None:
    assert WordTargets({**WORDS, "cat": ("cat", "kitten")}).meant(text) == meant


def test_plain_keeps_inner_words() -> None:
    assert plain("  An ice-cream CONE, please") == "ice-cream cone please"
    assert plain("the") == "the"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"cat": ""}, "label 'cat' has an empty word"),
        ({"cat": ()}, "label 'cat' has an empty word"),
        ({"cat": "animal", "dog": ["hound", "Animal"]}, "'Animal' is there twice, for 'cat' and 'dog'"),
        ({}, "got none"),
    ],
)
def test_wrong_words(words: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        WordTargets(words)


def test_wrong_template_and_labels(trials: Trials) -> None:
    with pytest.raises(InputError, match=r"expected one \{\}"):
        WordTargets(WORDS, template="A picture")
    with pytest.raises(InputError, match=r"label '(face|house|shoe)' has none; there are words for cat"):
        WordTargets({"cat": "cat"}).key_of(trials)


def test_pictures_pass_the_network_once(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it sees comes of the pass that records the layers; a second evaluation needs none."""
    monkeypatch.setenv("HOTWIRE_CACHE", str(tmp_path))
    shown = {f"{i}.png": f"A picture of a {word}" for i, word in enumerate(["shoe", "cat", "shoe"])}
    expected = network.activations(list(shown.values()), ["first", "second"])
    passes: list[int] = []
    forward, recorded = type(network)._forward, type(network)._record

    def counted_forward(self: Network, stimuli: Any) -> np.ndarray:
        passes.append(len(stimuli))
        return forward(self, stimuli)

    def counted_record(self: Network, stimuli: Any, layers: tuple[str, ...]) -> Any:
        passes.append(len(stimuli))
        return recorded(self, stimuli, layers)

    monkeypatch.setattr(type(network), "_forward", counted_forward)
    monkeypatch.setattr(type(network), "_record", counted_record)
    for _ in range(2):
        targets = StimulusTargets(shown, network)
        for layer, table in targets.activations(network, ["second", "first"]).items():
            np.testing.assert_array_equal(table, expected[layer])
        assert targets.answers == ("cat", "shoe")
        assert targets.truth().tolist() == [1, 0, 1]
    assert passes == [3]
    assert StimulusTargets({"a": "A picture of a face"}, network).answers == ("face",)
    assert passes == [3, 1]


def test_networks_without_names_cannot_say_what_they_see(network: Network) -> None:
    nameless = copy.copy(network)
    nameless.labels = None
    with pytest.raises(InputError, match="does not name its outputs"):
        StimulusTargets({"a": "A picture of a cat"}, nameless)


def test_pictures_are_answered_by_what_the_network_sees(network: Network, trials: Trials) -> None:
    shown = {f"{i}.png": f"A picture of a {word}" for i, word in enumerate(["shoe", "cat", "shoe"])}
    targets = StimulusTargets(shown, network)
    assert targets.answers == ("cat", "shoe")
    assert targets.truth().tolist() == [1, 0, 1]
    seen = replace(trials, stimulus=np.resize(["2.png", "1.png"], len(trials)))
    assert targets.key_of(seen)[:4].tolist() == [2, 1, 2, 1]
    assert targets.activations(network, ["second"])["second"].shape == (3, 8)
    with pytest.raises(InputError, match="name no stimuli"):
        targets.key_of(trials)
    with pytest.raises(UnknownNameError, match=r"unknown stimulus '9\.png'"):
        targets.key_of(replace(trials, stimulus=np.full(len(trials), "9.png")))


def test_labels_are_the_classes_of_stimuli_whatever_the_network_names(network: Network) -> None:
    of = {"a.wav": "song", "b.wav": "dog", "c.wav": "song"}
    targets = StimulusTargets(dict.fromkeys(of, "sound"), network, labels={**of, "d.wav": "cat"})
    assert (targets.answers, targets.truth().tolist()) == (("dog", "song"), [1, 0, 1])
    with pytest.raises(InputError, match=r"labels: expected one for each stimulus, got none for c.wav"):
        StimulusTargets(dict.fromkeys(of, "sound"), network, labels={"a.wav": "song", "b.wav": "dog"})
