from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.gist.featured_words import FeaturedWords
from hotwire.decoder.gist.network_words import SlidingWords, features_of_story, read_stories, vocabulary_of
from hotwire.decoder.gist.word_features import NUISANCE, WordFeatures, usual_states
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.errors import InputError
from hotwire.models.networks.language.language_model import LanguageModel
from hotwire.models.networks.language.sliding_pass import SlidingPass


@pytest.fixture(scope="module")
def sliding(network: LanguageModel) -> SlidingPass:
    return SlidingPass(network, "1", n_tokens=4)


def timed(text: str) -> TimedWords:
    words = text.split()
    onset_s = 0.5 * np.arange(len(words), dtype=np.float64)
    return TimedWords(np.array(words), onset_s, onset_s + 0.2)


def test_vocabulary(network: LanguageModel) -> None:
    vocabulary, tokens = vocabulary_of(network, ["Cat", "dog", "unheard", "of"])
    assert sorted(vocabulary.words) == sorted(["picture", "of", "a", "dog", "tree", "x", "cat", "face", "shoe"])
    assert {word for word, said in zip(vocabulary.words, vocabulary.allowed, strict=True) if said} == {
        "cat",
        "dog",
        "of",
    }
    assert [network.tokenizer.decode([token]) for token in tokens] == [f" {word}" for word in vocabulary.words]
    assert [vocabulary.words[i] for i in np.flatnonzero(vocabulary.stop)] == ["of", "a"]
    assert vocabulary.first.tolist() == np.flatnonzero(vocabulary.allowed).tolist()
    with pytest.raises(InputError, match=r"some that are one token of .*, got none of 1"):
        vocabulary_of(network, ["unheard"])


def test_a_beam_meets_what_was_fitted(network: LanguageModel, sliding: SlidingPass) -> None:
    """A story's features are those that its words have as candidates, one by one, among others."""
    story = timed("a dog of a tree picture Cat x a face")
    read = read_stories(network, ["1"], {1: story}, 4)[1]
    features = WordFeatures.fit(read.states["1"], n_components=3)
    expected = features_of_story(features, read.states["1"], read.surprisal, story)
    assert expected.shape == (10, 3 + len(NUISANCE))
    assert features.bands == ["state"] * 3 + ["nuisance"] * 5
    vocabulary, tokens = vocabulary_of(network, story.word.tolist())
    usual = usual_states(vocabulary.words, [word.lower() for word in story.word], features.reduced(read.states["1"]))
    words = FeaturedWords(SlidingWords(sliding, tokens), vocabulary, features, usual)
    memory, log_p = words.begin()
    for position, word in enumerate(story.word.tolist()):
        assert np.exp(log_p).sum() == pytest.approx(1.0)
        candidates = np.arange(len(tokens))
        found, entered = words.features(memory, np.zeros(len(tokens), np.intp), candidates, log_p[0], 0.2)
        at = np.array([vocabulary.words.index(word.lower())])
        np.testing.assert_allclose(found[at[0]], expected[position], atol=1e-5)
        as_usual = words.usual(memory, np.zeros(len(tokens), np.intp), candidates, log_p[0], 0.2)
        np.testing.assert_array_equal(as_usual[:, :3], usual)
        np.testing.assert_array_equal(as_usual[:, 3:], found[:, 3:])
        memory, log_p = words.go_on(memory.take(np.array([0])), entered.take(at))


def test_nuisance() -> None:
    features = WordFeatures(np.zeros(2), np.eye(2))
    made = features.of(
        np.ones((2, 2), np.float32), np.array([3, 4]), 0.5, np.array([1.0, 2.0]), np.array([True, False])
    )
    np.testing.assert_allclose(made, [[1, 1, 1, 3, 0.5, 1, 1], [1, 1, 1, 4, 0.5, 2, 0]])


def test_components_are_those_of_most_variance() -> None:
    rng = np.random.default_rng(0)
    states = rng.normal(size=(200, 4)) * [0.1, 5.0, 1.0, 0.2] + 7.0
    features = WordFeatures.fit(states, 2)
    np.testing.assert_allclose(np.abs(features.components), [[0, 0], [1, 0], [0, 1], [0, 0]], atol=0.05)
    with pytest.raises(InputError, match=r"n_components: expected 1 to 4 .* got 5"):
        WordFeatures.fit(states, 5)
