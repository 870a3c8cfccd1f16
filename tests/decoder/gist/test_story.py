"""Stories as features of samples, and how usual their words are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from hotwire.decoder.gist.story import Story, principal_components
from hotwire.decoder.gist.word_frequency import Corpus
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.errors import InputError
from hotwire.models.networks.language.word_states import WordStates

RNG = np.random.default_rng(0)


def test_components_are_those_of_scikit_learn_and_of_the_given_words_alone() -> None:
    states, of = RNG.normal(size=(50, 8)) @ RNG.normal(size=(8, 8)), np.arange(50) < 30
    found = principal_components(states, of, 3)
    scaled = StandardScaler().fit(states[of])
    expected = PCA(3).fit(scaled.transform(states[of])).transform(scaled.transform(states))
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-8)
    other = states.copy()
    other[~of] += 7
    np.testing.assert_array_equal(principal_components(other, of, 3)[of], found[of])


def test_frequency_is_one_more_nuisance_feature() -> None:
    words = TimedWords(np.array(["the", "cat", "sat"]), np.array([0.0, 2.0, 4.0]), np.array([0.5, 2.5, 4.5]))
    known = WordStates({}, np.array([1.0, 2.0, 3.0]))
    plain, more = (Story(words, known, 4, 0.5, frequency=of).nuisance() for of in (None, np.array([3.0, 1.0, 0.0])))
    assert (plain.shape, more.shape) == ((4, 5), (4, 6))
    np.testing.assert_array_equal(more[:, :5], plain)


def test_words_are_counted_without_capitals_and_punctuation(tmp_path: Path) -> None:
    path = tmp_path / "corpus.tsv"
    path.write_text("word\nThe\nthe\ncat\n")
    corpus = Corpus(path)
    np.testing.assert_allclose(corpus.log_frequency(["the,", "Cat", "new"]), np.log([3, 2, 1]))
    with pytest.raises(InputError, match="expected most words of the text in the corpus, got 1 of 3"):
        corpus.log_frequency(["the", "gato", "perro"])
    path.write_text("text\nThe\n")
    with pytest.raises(InputError, match="expected a column 'word', got: text"):
        Corpus(path)
