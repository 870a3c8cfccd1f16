"""Words that a network does not give from their own activations."""

from __future__ import annotations

import pytest

from hotwire.decoder import (
    Decoder,
    LabelReadout,
    NearestReadout,
    Recording,
    Settings,
    TextReadout,
    WordTargets,
    evaluate,
)
from hotwire.decoder.evaluation.audit.words import words_finding
from hotwire.decoder.readouts.readout import Readout
from hotwire.models import Network

TARGETS = WordTargets({"cat": "cat", "face": "face", "house": "house", "shoe": "shoe"})


def checked(network: Network, readout: Readout, targets: WordTargets = TARGETS) -> str:
    table = targets.activations(network, ["first"])["first"]
    finding = words_finding(network, targets, Settings("first", readout=readout), table)
    return f"{finding.verdict}: {finding.reason}"


def test_a_trained_network_gives_its_words(network: Network) -> None:
    assert checked(network, LabelReadout()).startswith("fine: From its own activation the network gives")


def test_words_that_are_not_given_are_named(network: Network) -> None:
    untrained = network.untrained(0)
    log_p = untrained.log_probabilities(
        "first", TARGETS.activations(untrained, ["first"])["first"], TARGETS.answers
    ).argmax(axis=1)
    wrong = [answer for i, answer in enumerate(TARGETS.answers) if log_p[i] != i]
    assert wrong
    said = checked(untrained, LabelReadout())
    assert said.startswith(f"warning: From their own activations the network does not give {len(wrong)} of 4 words")
    assert all(f"{word!r} (it chooses " in said for word in wrong)
    assert 'readout = { type = "NearestReadout" }' in said
    assert checked(untrained, NearestReadout()).startswith("fine")


def test_free_answers_count(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    said = ["cat", " visage", "house", "boot"]
    monkeypatch.setattr(TextReadout, "texts", lambda *_: said + [""] * 4)
    found = checked(network, TextReadout())
    assert "2 of 4 words, so no decoder can: 'face' (it says 'visage'), 'shoe' (it says 'boot')." in found


def test_it_is_said_before_the_fit(network: Network, recording: Recording) -> None:
    decoder = Decoder(network.untrained(0), TARGETS, Settings("first", readout=LabelReadout()))
    with pytest.warns(UserWarning, match="words: From their own activations"):
        found = evaluate(decoder, recording, controls=(), n_permutations=10)
    assert [one.verdict for one in found.findings if one.check == "words"] == ["warning"]
