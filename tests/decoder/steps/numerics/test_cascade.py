from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from hotwire.decoder.steps.numerics.cascade import FLUSH_EVERY, TINY, Cascade

signal: Any = scipy.signal  # whose annotations are narrower than what it takes


def filters(n_filters: int, n_sections: int) -> np.ndarray:
    edges = np.linspace(4.0, 90.0, n_filters + 1)
    return np.stack([signal.butter(n_sections, band, "bandpass", output="sos", fs=250.0) for band in pairwise(edges)])


def drive(sections: np.ndarray, X: np.ndarray, cuts: list[int]) -> np.ndarray:
    cascade = Cascade(sections, X.shape[1])
    out = np.full((len(X), len(sections), X.shape[1]), np.nan)
    for first, stop in zip([0, *cuts], [*cuts, len(X)], strict=True):
        cascade.push(X[first:stop], out[first:stop])
    return out


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(1, 6), st.sampled_from([1, 5, 64]), st.integers(0, 600), st.data())
def test_scipy_to_the_bit_however_cut(
    n_filters: int, n_sections: int, n_columns: int, n_samples: int, data: st.DataObject
) -> None:
    X = np.random.default_rng(n_samples).normal(size=(n_samples, n_columns))
    cuts = sorted(data.draw(st.lists(st.integers(0, n_samples), max_size=30)))
    sections = filters(n_filters, n_sections)
    out = drive(sections, X, cuts)
    assert out.tobytes() == drive(sections, X, []).tobytes()
    for number, sos in enumerate(sections):
        expected = signal.sosfilt(sos, X, axis=0) if n_samples else X
        np.testing.assert_allclose(out[:, number], expected, rtol=0, atol=1e-10 * np.abs(X).max(initial=1.0))


@pytest.mark.parametrize("cuts", [[], list(range(1, 6000))])
def test_silence_ends_in_zeros_not_in_denormal_numbers(cuts: list[int]) -> None:
    X = np.zeros((6000, 2))
    X[:50] = np.random.default_rng(0).normal(size=(50, 2))
    cascade = Cascade(filters(1, 4), 2)
    out = np.empty((len(X), 1, 2))
    smallest = []
    for first, stop in zip([0, *cuts], [*cuts, len(X)], strict=True):
        cascade.push(X[first:stop], out[first:stop])
        if stop % FLUSH_EVERY == 0:
            smallest.append(np.abs(cascade._state[cascade._state != 0]).min(initial=1.0))
    assert np.abs(out[200:400]).max() > 0
    assert not out[-1].any()
    assert not cascade._state.any()
    assert min(smallest, default=1.0) >= TINY
    np.testing.assert_allclose(out, drive(filters(1, 4), X, []), rtol=0, atol=0)
