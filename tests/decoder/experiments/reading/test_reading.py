"""Reading times that follow a language model's surprisal, or not, and tables that are no such times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from hotwire.decoder.experiments.reading.report import ReadingReport
from hotwire.decoder.experiments.reading.run import (
    FULL,
    FULL_HERE,
    PLAIN,
    SHUFFLED,
    UNTRAINED,
    design,
    held_out,
    nuisance,
    predict_reading,
)
from hotwire.decoder.experiments.reading.settings import ReadingSettings
from hotwire.decoder.experiments.reading.times import ReadingTimes, read_times
from hotwire.decoder.gist.word_frequency import Corpus
from hotwire.errors import InputError
from hotwire.models.cache.read_words import read_words

from ...small_words import made_words, small_language_model, write_corpus

N_STORIES, N_WORDS = 5, 120
WORDS = made_words(N_STORIES * N_WORDS, n_words=N_STORIES * N_WORDS)
STORY = np.repeat([f"story{i}" for i in range(N_STORIES)], N_WORDS)
SETTINGS = ReadingSettings(n_previous=1, n_tokens=32, n_shuffles=1)


def times_of(ms_per_nat: float, spill: float = 0.0) -> ReadingTimes:
    """5 ms a letter, and so many for a nat of the word's surprisal and of that before."""
    model, word = small_language_model(), WORDS.word.tolist()
    texts = [
        [model.tokenizer(f" {one}")["input_ids"] for one in np.array(word)[name == STORY]] for name in np.unique(STORY)
    ]
    nats = np.concatenate([one.surprisal for one in read_words(model, [], texts, n_tokens=32)]).astype(np.float64)
    before = np.where(np.r_[False, STORY[1:] == STORY[:-1]], np.r_[0.0, nats[:-1]], nats.mean())
    noise = np.random.default_rng(0).normal(size=len(word)) * 4
    letters = np.array([sum(map(str.isalpha, one)) for one in word])
    return ReadingTimes(word, 300 + 5 * letters + ms_per_nat * nats + spill * before + noise, STORY, "made.csv")


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(write_corpus(tmp_path / "corpus.tsv", WORDS))


def test_surprisal_is_found_at_the_word_and_at_the_next(corpus: Corpus) -> None:
    result = predict_reading(times_of(4.0, 2.0), small_language_model(), corpus, SETTINGS)
    np.testing.assert_allclose(result.ms_per_nat, [4.0, 2.0], atol=0.7)
    assert result.gain().low > 0
    assert result.gain(FULL, FULL_HERE).low > 0
    assert result.gain(SHUFFLED).value < 0.02
    assert result.gain(UNTRAINED).value < result.gain().low
    report = ReadingReport(result)
    assert report.sentences()[0].good
    assert "No ceiling" in " ".join(one.text for one in report.sentences())
    assert report.summary()["gain"]["low"] > 0


def test_times_that_follow_letters_alone_have_no_gain(corpus: Corpus) -> None:
    result = predict_reading(times_of(0.0), small_language_model(), corpus, SETTINGS)
    assert result.explained(PLAIN).low > 0.2
    assert abs(result.gain().value) < 0.01
    assert not result.gain().low > 0
    assert ReadingReport(result).sentences()[0].text.startswith("It is not shown")


def test_scores_are_those_of_least_squares_on_other_stories() -> None:
    times, rng = times_of(0.0), np.random.default_rng(1)
    plain, surprisal = rng.normal(size=(len(STORY), 2)), rng.normal(size=len(STORY))
    times = ReadingTimes(times.word, times.time_ms + 40 * surprisal + 30 * plain[:, 0], STORY, "made")
    X = design(times, plain, surprisal, 2)
    assert X.shape == (len(STORY), 9)
    np.testing.assert_array_equal(X[1:N_WORDS, 3:6], X[: N_WORDS - 1, :3])
    assert (X[N_WORDS, 3:] == 0).all()
    found = held_out(X, times)
    for i, story in enumerate(times.stories):
        test = story == STORY
        predicted = LinearRegression().fit(X[~test], times.time_ms[~test]).predict(X[test])
        left, whole = (times.time_ms[test] - predicted).var(), times.time_ms[test].var()
        assert found.explained[i] == pytest.approx(1 - left / whole, abs=0.005)
        assert found.r[i] == pytest.approx(np.corrcoef(times.time_ms[test], predicted)[0, 1], abs=0.005)


def test_ends_of_sentences_and_clauses_are_nuisance(corpus: Corpus) -> None:
    word = [WORDS.word[0], "stop.", "she,", 'said."', WORDS.word[1], WORDS.word[2], "a-b", WORDS.word[3]]
    times = ReadingTimes(word, np.ones(8), np.repeat(["x", "y"], 4), "made")
    found = nuisance(times, small_language_model(), corpus)
    assert found[:, 2].tolist() == [0, 1, 0, 1, 0, 0, 0, 0]
    assert found[:, 3].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]
    assert (found[:, 1] == 1).all()
    assert found[:, 5].tolist() == [1, 2, 3, 4] * 2


def test_a_table_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "times.csv"

    def said(rows: list[str], time: str = "ms") -> str:
        path.write_text("\n".join(["word,ms,item", *rows]))
        with pytest.raises(InputError) as raised:
            read_times(path, time, "item")
        return str(raised.value)

    rows = [f"word,{300 + i},{item}" for item in range(3) for i in range(20)]
    path.write_text("\n".join(["word,ms,item", *rows]))
    assert read_times(path, "ms", "item").place.tolist() == [*range(1, 21)] * 3
    assert "time: expected one of the table's columns, word, ms, item, got 'rt'" in said(rows, "rt")
    assert "time: expected milliseconds above 0 for each word, got nan for word 3" in said(
        [*rows[:2], "word,nan,0", *rows[3:]]
    )
    assert "word: expected a word in each row, got a blank one in row 1" in said([",300,0", *rows[1:]])
    assert "story: expected the words of each story together, got '0' again" in said([*rows, *rows[:20]])
    assert "story: expected 3 stories or more" in said(rows[:40])
