from __future__ import annotations

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from hotwire.decoder.statistics.texts import bleu_1, stems, word_error_rate, word_overlap
from hotwire.errors import InputError

WORD = st.sampled_from(["the", "white", "rabbit", "rabbits", "ran", "down", "a", "hole"])
BLEU_1 = BLEU(max_ngram_order=1, tokenize="none", smooth_method="none", force=True)


@given(st.lists(WORD, min_size=1, max_size=12), st.lists(WORD, max_size=12))
def test_word_error_rate_is_jiwers(true: list[str], said: list[str]) -> None:
    assert word_error_rate(true, said) == pytest.approx(jiwer.wer(" ".join(true), " ".join(said)))


@given(st.lists(WORD, min_size=1, max_size=12), st.lists(WORD, min_size=1, max_size=12))
def test_bleu_is_sacrebleus(true: list[str], said: list[str]) -> None:
    expected = BLEU_1.corpus_score([" ".join(said)], [[" ".join(true)]]).score / 100
    assert bleu_1(true, said) == pytest.approx(expected, abs=1e-12)


@given(st.lists(WORD, min_size=1, max_size=12), st.lists(WORD, max_size=12))
def test_overlap_is_between_precision_and_recall(true: list[str], said: list[str]) -> None:
    overlap = word_overlap(true, said)
    assert 0 <= overlap <= 1
    assert (overlap == 1) == (sorted(true) == sorted(said))
    assert word_overlap(stems(true), stems(said)) >= overlap


def test_empty_texts() -> None:
    assert (word_error_rate(["a"], []), bleu_1(["a"], []), word_overlap(["a"], [])) == (1.0, 0.0, 0.0)
    for measure in (word_error_rate, bleu_1, word_overlap):
        with pytest.raises(InputError, match="expected a text with words"):
            measure([], ["a"])
    assert np.isfinite(word_error_rate(["a"], ["b"] * 9))
