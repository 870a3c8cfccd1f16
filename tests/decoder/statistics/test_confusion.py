from __future__ import annotations

import numpy as np
from scipy.stats import norm

from hotwire.decoder.statistics.confusion import confusion, d_prime


def test_confusion_counts_what_was_none_of_the_answers() -> None:
    counts = confusion(np.array([0, 0, 1]), np.array([0, -1, 0]), 2)
    np.testing.assert_array_equal(counts, [[1, 0, 1], [1, 0, 0]])


def test_d_prime_finds_how_far_apart_two_normals_lie() -> None:
    """An observer whose evidence for the answer is shifted by d, wherever the criterion."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], 20_000)
    for d, criterion in ((0.0, 0.3), (1.0, 0.0), (2.0, 1.5)):
        said = (rng.normal(size=len(truth)) + d * truth > criterion).astype(int)
        np.testing.assert_allclose(d_prime(truth, said, 2), d, atol=0.05)


def test_d_prime_of_each_answer_against_all_others() -> None:
    truth = np.array([0, 0, 1, 1, 2, 2])
    said = np.array([0, -1, 1, 1, 0, 1])
    rates = [(1.5 / 3, 1.5 / 5), (2.5 / 3, 1.5 / 5), (0.5 / 3, 0.5 / 5)]  # hits and false alarms, half a trial added
    expected = [float(norm.ppf(hit) - norm.ppf(false)) for hit, false in rates]
    np.testing.assert_allclose(d_prime(truth, said, 4), [*expected, np.nan])
