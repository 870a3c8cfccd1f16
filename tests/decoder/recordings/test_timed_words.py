from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.recordings.timed_words import TimedWords, check_words
from hotwire.errors import NonFiniteError, RecordingError, ShapeError


def words(onset_s: list[float], offset_s: list[float]) -> TimedWords:
    return TimedWords(np.array(["the", "white", "rabbit"][: len(onset_s)]), np.array(onset_s), np.array(offset_s))


def test_middles_never_go_back() -> None:
    made = words([0.0, 0.4, 0.38], [0.4, 0.6, 0.5])
    np.testing.assert_allclose(made.middle_s, [0.2, 0.5, 0.5])
    np.testing.assert_allclose(made.duration_s, [0.4, 0.2, 0.12])


@pytest.mark.parametrize(
    ("onset_s", "offset_s", "message"),
    [
        ([0.0, 1.0], [0.5, 0.9], r"to end after it begins, got word 2 \('white', at 1 s\), which ends at 0.9 s"),
        ([0.0, 2.0, 1.0], [1.0, 2.5, 1.5], r"order of time, got word 3 \('rabbit', at 1 s\), after word 2"),
        ([0.0, 1.0, 1.1], [1.0, 1.5, 2.0], r"one word at a time, got word 3 .* word 2 .* ends at 1.5 s"),
        ([], [], "got none"),
    ],
)
def test_impossible_times(onset_s: list[float], offset_s: list[float], message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        words(onset_s, offset_s)


def test_arrays_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="one word, onset_s and offset_s each"):
        words([0.0, 1.0], [1.0])
    with pytest.raises(NonFiniteError, match=r"offset_s: expected finite seconds, got nan for word 2 \('white'"):
        words([0.0, 1.0], [1.0, np.nan])
    with pytest.raises(RecordingError, match="got a blank one, word 1"):
        TimedWords(np.array([" "]), np.array([0.0]), np.array([1.0]))


def test_words_of_a_recording() -> None:
    recording = Recording(np.ones((5, 1), np.float32), 0.5, ("a",), np.array([1, 1, 1, 2, 2]))
    fits, late = words([0.0, 1.0], [1.0, 3.9]), words([0.0, 3.5], [1.0, 6.0])
    check_words({1: late, 2: fits}, recording)
    with pytest.raises(RecordingError, match="got none for: 2"):
        check_words({1: fits}, recording)
    with pytest.raises(RecordingError, match=r"for the run 3, which .* its runs are: 1, 2"):
        check_words({1: fits, 2: fits, 3: fits}, recording)
    with pytest.raises(
        RecordingError, match=r"'white'\) is said at 3.5 s, but run 2 lasts from 0 to 4 s.*1 of 2 words"
    ):
        check_words({1: fits, 2: late}, recording)
