"""Activations: how sure, how often in a row, and how soon again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.experiments.pseudo_online.policy import Policy, checked_threshold
from hotwire.errors import InputError

TIMES_S = np.arange(8) / 4


def two(first: list[float]) -> np.ndarray:
    return np.column_stack([first, 1 - np.array(first)])


def test_every_sure_decision_activates_without_dwell_and_pause() -> None:
    p = two([0.9, 0.6, 0.2, 0.5, 0.1, 0.8, 0.85, 0.3])
    assert Policy(1, 0.0).activations(p, TIMES_S, 0.8).tolist() == [0, 2, 4, 5, 6]


def test_dwell_wants_the_same_answer_in_a_row_and_counts_anew_after_it_activated() -> None:
    p = two([0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.9, 0.1])
    assert Policy(2, 0.0).activations(p, TIMES_S, 0.8).tolist() == [1, 3, 5]
    assert Policy(3, 0.0).activations(p, TIMES_S, 0.8).tolist() == [2]


def test_an_unsure_decision_ends_a_row() -> None:
    assert Policy(2, 0.0).activations(two([0.9, 0.6, 0.9, 0.9]), TIMES_S[:4], 0.8).tolist() == [3]


def test_nothing_activates_within_the_refractory_time_but_a_row_goes_on_in_it() -> None:
    p = two([0.9] * 8)
    assert Policy(1, 0.75).activations(p, TIMES_S, 0.8).tolist() == [0, 3, 6]
    assert Policy(2, 0.75).activations(p, TIMES_S, 0.8).tolist() == [1, 4, 7]


def test_abstentions_do_not_activate_and_end_a_row() -> None:
    p = two([0.9, np.nan, 0.9, 0.9])
    assert Policy(2, 0.0).activations(p, TIMES_S[:4], 0.8).tolist() == [3]


@given(
    st.lists(st.floats(0, 1), max_size=40), st.integers(1, 4), st.floats(0, 2), st.floats(0.51, 0.99)
)  # fmt: skip
def test_activations_keep_to_the_policy(first: list[float], dwell: int, refractory_s: float, threshold: float) -> None:
    p, times_s = two(first).reshape(-1, 2), np.arange(len(first)) / 4
    found = Policy(dwell, refractory_s).activations(p, times_s, threshold)
    answers = p.argmax(axis=1)
    assert (np.diff(times_s[found]) >= refractory_s).all()
    for i in found.tolist():
        row = slice(i - dwell + 1, i + 1)
        assert i >= dwell - 1
        assert (p[row].max(axis=1) >= threshold).all()
        assert len(set(answers[row].tolist())) == 1
    sure = p.max(axis=1) >= threshold
    if dwell == 1 and refractory_s == 0:
        assert found.tolist() == np.flatnonzero(sure).tolist()


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.5, 1.5, float("nan"), "0.5"])
def test_refuses_what_is_no_probability(threshold: float) -> None:
    with pytest.raises(InputError, match="threshold"):
        checked_threshold(threshold)


def test_refuses_wrong_settings() -> None:
    with pytest.raises(InputError, match="dwell"):
        Policy(0)
    with pytest.raises(InputError, match="refractory_s"):
        Policy(1, -1.0)
