"""Passages are found by their likelihood: that of a dense computation, whatever is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder.gist.passage_scores import retrieve_run
from hotwire.decoder.gist.passages import PassageFinder, Passages, compared_with_nothing, expected_of
from hotwire.errors import InputError, ShapeError

K, LENGTHS, R, WINDOW = 12, (80, 60), 0.4, 10


def passages(size: float = 0.7) -> Passages:
    expected = size * np.random.default_rng(0).normal(size=(sum(LENGTHS), K))
    return Passages(("rabbit", "turtle"), LENGTHS, expected.astype(np.float32), R, 0.5, WINDOW)


def hears(of: Passages, number: int, seed: int = 1) -> np.ndarray:
    """Whitened samples of someone who hears a passage: what is expected, and noise that goes on; what is new is 1."""
    rng = np.random.default_rng(seed)
    start = sum(LENGTHS[:number])
    noise = rng.normal(size=(LENGTHS[number], K))
    noise[0] /= np.sqrt(1 - R**2)
    for t in range(1, len(noise)):
        noise[t] += R * noise[t - 1]
    return of.expected[start : start + LENGTHS[number]] + noise


def log_likelihood(samples: np.ndarray, expected: np.ndarray) -> float:
    """Of samples that follow each other, by the covariance of all of them."""
    n = len(samples)
    covariance = R ** np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / (1 - R**2)
    left = samples - expected
    return float(-0.5 * np.einsum("tk,ts,sk->", left, np.linalg.inv(covariance), left))


def test_evidence_is_the_likelihood_ratio() -> None:
    of = passages()
    samples, finder, evidence = hears(of, 1), PassageFinder(of), np.zeros(0)
    for n, sample in enumerate(samples[:WINDOW], start=1):
        evidence = finder.push(sample)
        for end in (20, 79, 80 + n - 1, 139):  # of the first passage, and of the second
            begin = 0 if end < 80 else 80
            heard = np.vstack([np.zeros((n, K)), of.expected[begin : end + 1]])[-n:]
            expected = log_likelihood(samples[:n], heard) - log_likelihood(samples[:n], np.zeros((n, K)))
            assert evidence[end] == pytest.approx(expected, abs=1e-5)
    likely = np.exp(evidence) / len(evidence)
    found = finder.heard(evidence)
    assert found.passage == "turtle"
    assert found.probability == pytest.approx(likely[80:].sum() / (likely.sum() + 1))
    assert found.at_s == 2.0 * WINDOW


def test_lost_samples_are_left_out() -> None:
    of = passages()
    samples = hears(of, 0)
    whole, parted = PassageFinder(of), PassageFinder(of)
    evidence = [parted.push(None if n in (3, 4) else samples[n]) for n in range(7)][-1]
    pieces = [(samples[:3], 0), (samples[5:7], 5)]
    expected = sum(
        log_likelihood(piece, of.expected[at : at + len(piece)]) - log_likelihood(piece, np.zeros_like(piece))
        for piece, at in pieces
    )
    assert evidence[6] == pytest.approx(expected, abs=1e-5)
    for n in range(30):
        whole.push(samples[n])
    newest = [whole.push(samples[n]) for n in range(30, 40)][-1]
    assert newest.argmax() == 39


def test_a_run_is_found_and_noise_is_not() -> None:
    of = passages()
    found = retrieve_run(of, "rabbit", hears(of, 0))
    assert found.n_windows == 80 - WINDOW + 1
    assert min(found.same_passage, found.other_passages) > 0.99
    assert found.z > 3
    assert found.named == found.right > 0.95
    other = retrieve_run(of, "rabbit", hears(of, 1))
    assert abs(other.same_passage - 0.5) < 0.2
    assert other.named > 0.9
    assert other.right == 0.0
    noise = np.random.default_rng(3).normal(size=(80, K))
    nothing = retrieve_run(of, "rabbit", noise)
    assert abs(nothing.same_passage - 0.5) < 0.2
    assert abs(nothing.z) < 3
    assert nothing.named < 0.1
    rng = np.random.default_rng(5)
    deaf = [4.0 * rng.normal(size=(80, K)) for _ in range(3)]  # far noisier than was expected
    assert retrieve_run(of, "rabbit", deaf[0]).named > 0.5
    assert retrieve_run(compared_with_nothing(of, deaf), "rabbit", deaf[0]).named < 0.15
    usual = compared_with_nothing(of, [rng.normal(size=(80, K)) for _ in range(3)])
    assert retrieve_run(replace(usual, strongest=None), "rabbit", deaf[0]).named > 0.4
    assert retrieve_run(usual, "rabbit", deaf[0]).named == 0.0
    assert retrieve_run(usual, "rabbit", hears(of, 0)).named > 0.95
    finder = PassageFinder(of)
    best = [finder.push(sample).max() for sample in deaf[0]][WINDOW - 1 :]
    assert compared_with_nothing(of, deaf[:1]).least == pytest.approx(np.percentile(best, 95))
    weak = retrieve_run(passages(size=0.15), "rabbit", hears(passages(size=0.15), 0))
    assert 0.6 < weak.same_passage < 0.95
    assert weak.named < 0.6
    alone = Passages(("one",), (12,), of.expected[:12], R, 0.5, WINDOW)
    short = retrieve_run(alone, "one", of.expected[:12].astype(np.float64))
    assert np.isnan([short.same_passage, short.z, short.other_passages]).all()


def test_what_is_expected_is_the_model_s() -> None:
    rng = np.random.default_rng(4)
    table, mean, size = rng.normal(size=(9, 3)), rng.normal(size=3), rng.uniform(1, 2, 3)
    responses = rng.normal(size=(2, K, 3))
    found = expected_of(table, mean, size, (1, 3), responses)
    by_hand = responses[0] @ ((table[4] - mean) / size) + responses[1] @ ((table[2] - mean) / size)
    np.testing.assert_allclose(found[5], by_hand, rtol=1e-5)
    assert not found[0].any()


def test_faults() -> None:
    with pytest.raises(InputError, match="passages: expected one or more"):
        Passages((), (), np.zeros((0, 3), np.float32), 0.0, 0.5, 10)
    with pytest.raises(ShapeError, match=r"expected: expected \(9, K\), got \(8, 3\)"):
        Passages(("a",), (9,), np.zeros((8, 3), np.float32), 0.0, 0.5, 10)
