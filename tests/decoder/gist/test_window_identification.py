from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from hotwire.decoder.gist.sentence_similarity import SentenceSimilarity
from hotwire.decoder.gist.window_identification import identify
from hotwire.decoder.gist.window_scores import score_windows, windows_of
from hotwire.errors import InputError

WORDS = [f"word{i}" for i in range(60)]
WINDOWS = windows_of(np.arange(60.0))


class Letters:
    """A sentence encoder that counts letters and digits."""

    name = "letters"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def outputs(self, texts: list[str]) -> np.ndarray:
        self.seen += texts
        counts = np.array([[text.count(sign) for sign in "abcdefghijklmnopqrstuvwxyz0123456789"] for text in texts])
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def test_windows_are_identified_among_those_apart() -> None:
    found = identify(WORDS, WORDS, WINDOWS)
    assert found.same_story == 1.0
    assert np.isnan(found.other_stories)
    assert (found.story_place, found.n_stories) == (1, 1)
    assert identify(WORDS, ["none"] * 60, WINDOWS).same_story == 0.5
    assert identify(WORDS, [*WORDS[20:40], *WORDS[:20], *WORDS[40:]], WINDOWS).same_story == 0.0
    with pytest.raises(InputError, match="two or more that are apart"):
        identify(WORDS, WORDS, WINDOWS[:5])


def test_other_stories_are_others() -> None:
    other = [f"other{i}" for i in range(60)]
    said = [*WORDS[:20], *other[20:40], *WORDS[40:]]  # the second of two windows is another story's
    found = identify(WORDS, said, WINDOWS, [(other, WINDOWS), (["dog"] * 60, WINDOWS)])
    # it loses one comparison with that story and ties in the other; with the last story in both
    assert found.other_stories == pytest.approx(((1 + 0.25) / 2 + (1 + 0.5) / 2) / 2)
    assert (found.story_place, found.n_stories) == (2, 3)  # a story that is as much alike is before it
    assert identify(WORDS, WORDS, WINDOWS, [(other, WINDOWS)]).story_place == 1


def test_by_sentences() -> None:
    encoder = Letters()
    sentences = SentenceSimilarity(cast("Any", encoder))
    rng = np.random.default_rng(0)
    said = ["apple", "bird", "cold"] * 20
    nulls = [rng.choice(["xylo", "zoo", "mummy"], 60).tolist() for _ in range(5)]
    scores = score_windows(said, {"said": [word.upper() for word in said]}, nulls, WINDOWS, sentences)["said"]
    assert scores["letters similarity"].value == pytest.approx(1.0)
    assert scores["letters similarity"].z > 4
    assert scores["letters similarity"].above == 1.0
    asked = len(encoder.seen)
    assert asked == len(set(encoder.seen))  # each text once
    score_windows(said, {"said": said}, nulls, WINDOWS, sentences)
    assert len(encoder.seen) == asked
    np.testing.assert_allclose(sentences([["ab"], ["cd"]], [["ab"], ["ad"]]), [[1.0, 0.5], [0.0, 0.5]])
