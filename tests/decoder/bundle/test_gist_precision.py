from __future__ import annotations

from dataclasses import replace

import numpy as np

from hotwire.decoder.bundle.gist_precision import words_that_differ
from hotwire.decoder.gist.encoding_model import EncodingModel
from hotwire.decoder.gist.gist_decoder import GistDecoder
from hotwire.decoder.gist.timing import WordTiming
from hotwire.decoder.recordings.timed_words import TimedWords

from ..gist.small_language import vocabulary
from ..gist.test_gist_decoder import WIDE, decoded, problem


def test_words_that_differ_are_counted_one_by_one() -> None:
    encoding, language, data, middle_s, duration_s = problem(0, WordTiming((1, 2)))
    first = int(np.flatnonzero(middle_s > 0.5)[0])
    middle_s, duration_s = middle_s[first:], duration_s[first:]
    words = TimedWords(np.full(len(middle_s), "x"), middle_s - duration_s / 2, middle_s + duration_s / 2)
    other = replace(encoding, weights=-encoding.weights)

    def decoder(of: EncodingModel = encoding) -> GistDecoder:
        return GistDecoder(of.whitened(), language, vocabulary(), WIDE)

    assert words_that_differ(decoder(), decoder(), data, words) == (len(words), 0)
    one, another = (decoded(of, language, data, words.middle_s, words.duration_s)[0] for of in (encoding, other))
    expected = sum(first != second for first, second in zip(one, another, strict=True))
    assert expected > 0
    assert words_that_differ(decoder(), decoder(other), data, words) == (len(words), expected)
    assert words_that_differ(decoder(), decoder(), data, words, most=5) == (5, 0)
