from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.recordings.one_story import cut_into_runs, mean_of_runs
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.errors import InputError

DATA = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
ONE = Recording(DATA, 0.5, ("a", "b", "c"), np.ones(40, np.intp))
ONSET_S = np.arange(0.0, 79.0, 1.5)
WORDS = TimedWords(np.array([f"w{i}" for i in range(len(ONSET_S))]), ONSET_S, ONSET_S + 1.0)


def test_what_listeners_share_stays() -> None:
    rng = np.random.default_rng(1)
    each = [5.0 * rng.uniform(1, 9) * DATA + rng.normal(size=3) for _ in range(4)]
    runs = np.repeat(["p", "q", "r", "s"], 40)
    mean = mean_of_runs(Recording(np.concatenate(each).astype(np.float32), 0.5, ("a", "b", "c"), runs))
    np.testing.assert_allclose(mean.data, (DATA - DATA.mean(axis=0)) / DATA.std(axis=0), atol=1e-4)
    assert mean.runs == [1] or tuple(mean.runs) == (1,)


def test_no_word_reaches_into_two_runs() -> None:
    recording, words = cut_into_runs(ONE, WORDS, [20.0, 52.0], gap=3)
    assert recording.run_lengths() == {1: 10, 2: 13, 3: 11}
    np.testing.assert_array_equal(recording.data, np.concatenate([DATA[:10], DATA[13:26], DATA[29:]]))
    assert words[1].word.tolist() == [f"w{i}" for i in range(13)]
    for run, starts_s, stops_s in ((1, 0.0, 20.0), (2, 26.0, 52.0), (3, 58.0, 80.0)):
        whole = {word: at for word, at in zip(WORDS.word, WORDS.onset_s, strict=True)}
        np.testing.assert_allclose(words[run].onset_s + starts_s, [whole[word] for word in words[run].word])
        assert words[run].offset_s.max() + starts_s <= stops_s


def test_faults() -> None:
    with pytest.raises(InputError, match="expected times in order, more than 6 s apart, within the 80 s"):
        cut_into_runs(ONE, WORDS, [50.0, 52.0], gap=3)
    late = TimedWords(np.array(["w"]), np.array([70.0]), np.array([71.0]))
    with pytest.raises(InputError, match="expected words in each run, got none from 0 to 20 s"):
        cut_into_runs(ONE, late, [20.0], gap=3)
