from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.gist.window_scores import score_windows, windows_of
from hotwire.errors import InputError

WORDS = [f"word{i}" for i in range(60)]
MIDDLE_S = np.arange(60.0)


def test_windows_are_of_fixed_length() -> None:
    windows = windows_of(MIDDLE_S)
    assert len(windows) == 40
    assert {window.stop - window.start for window in windows} == {20}
    pause = np.r_[MIDDLE_S[:10], MIDDLE_S[:30] + 100.0]
    assert all(window.stop > window.start for window in windows_of(pause))
    with pytest.raises(InputError, match="at most the 10 s that the words take, got 20"):
        windows_of(np.arange(11.0))


def test_better_than_nulls() -> None:
    rng = np.random.default_rng(0)
    nulls = [rng.permutation(WORDS).tolist() for _ in range(10)]
    texts = {"same": [word.upper() for word in WORDS], "mixed": rng.permutation(WORDS).tolist()}
    scores = score_windows(WORDS, texts, nulls, windows_of(MIDDLE_S))
    assert (scores["same"]["WER"].value, scores["same"]["BLEU-1"].value) == (0.0, 1.0)
    for score in scores["same"].values():
        assert score.z > 4
        assert score.above == 1.0
    assert all(abs(score.z) < 4 for score in scores["mixed"].values())
    assert np.isnan(score_windows(WORDS, {"same": WORDS}, [], windows_of(MIDDLE_S))["same"]["WER"].z)
