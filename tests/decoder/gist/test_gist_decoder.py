from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotwire.adapters import Whitener
from hotwire.decoder.gist.beam_settings import BeamSettings
from hotwire.decoder.gist.encoding_model import EncodingModel
from hotwire.decoder.gist.gist_decoder import GistDecoder
from hotwire.decoder.gist.proposals import Nucleus
from hotwire.decoder.gist.timing import WordTiming
from hotwire.errors import InputError, ShapeError

from .dense_reference import DenseReference
from .small_language import WORDS, SmallLanguage, vocabulary

N_VOXELS, N_FEATURES, N_SAMPLES, N_WORDS = 5, 3, 26, 15
REFERENCE = BeamSettings(nucleus=Nucleus(0.1, 0.9), candidates=len(WORDS), language_weight=0.0)
"""As Tang et al. (2023) search."""
WIDE = replace(REFERENCE, width=6, commit_words=None)


def whitener(root: np.ndarray) -> Whitener:
    """Of noise whose precision has this root."""
    return Whitener.from_arrays({"mean": np.zeros(len(root)), "matrix": root, "shrinkage": np.zeros(())})


def problem(
    seed: int, timing: WordTiming, rank: int | None = None
) -> tuple[EncodingModel, SmallLanguage, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(N_VOXELS, N_VOXELS))
    encoding = EncodingModel(
        timing=timing,
        rate_hz=0.5,
        voxels=np.arange(N_VOXELS),
        unknown=rng.normal(size=N_FEATURES) * 0.3,
        mean=rng.normal(size=N_FEATURES) * 0.2,
        size=rng.uniform(0.5, 1.5, N_FEATURES),
        weights=rng.normal(size=(len(timing.delays), N_FEATURES, N_VOXELS)) * 0.3,
        intercept=rng.normal(size=N_VOXELS),
        noise=whitener(root @ root.T / N_VOXELS + 0.3 * np.eye(N_VOXELS)),
    )
    if rank is not None:
        weights = encoding.weights[..., :rank] @ np.random.default_rng(seed).normal(size=(rank, N_VOXELS))
        encoding = replace(encoding, weights=weights, rank=rank)
    middle_s = np.sort(np.r_[7.0, rng.uniform(-2.0, 2.0 * N_SAMPLES, N_WORDS - 1)])  # one exactly on a sample
    return (
        encoding,
        SmallLanguage(seed),
        rng.normal(size=(N_SAMPLES, N_VOXELS)),
        middle_s,
        rng.uniform(0.1, 0.5, N_WORDS),
    )


def decoded(encoding, language, data, middle_s, duration_s, settings=WIDE) -> tuple[list[str], GistDecoder]:
    decoder = GistDecoder(encoding.whitened(), language, vocabulary(), settings)
    final = decoder.push(data, middle_s, duration_s).final
    return final + decoder.finish().final, decoder


SETTINGS = [
    (WordTiming(), WIDE),
    (WordTiming((0, 1, 2), lobes=1), replace(WIDE, width=1)),
    (WordTiming((2, 4), autocorrelation=0.5), replace(WIDE, width=3, extensions=2, language_weight=0.3)),
    (WordTiming((1, 2, 3), autocorrelation=0.4), replace(WIDE, nucleus=Nucleus(0.5, 0.4), context_s=30.0)),
]


@pytest.mark.parametrize("seed", range(20))
def test_is_the_reference(seed: int) -> None:
    """Words are equal and scores differ by the same: ties, lost samples, few directions, empty nuclei and a beam of one
    included.
    """
    timing, settings = SETTINGS[seed % len(SETTINGS)]
    encoding, language, data, middle_s, duration_s = problem(seed, timing, rank=2 if seed % 3 == 2 else None)
    if seed >= 8:
        data[[4, 9, 10, 17]] = np.nan
    dense = DenseReference(encoding, language, vocabulary(), settings, data, middle_s, duration_s)
    expected = dense.run()
    assert dense.n_ties
    assert bool(dense.n_empty) == (settings.nucleus.mass < 0.5)
    assert encoding.whitened().n_directions == (encoding.rank or N_VOXELS)
    words, decoder = decoded(encoding, language, data, middle_s, duration_s, settings)
    assert words == [WORDS[word] for word in expected[0][0]]
    scores = np.array([score for _, score in expected])
    np.testing.assert_allclose(decoder.evidence, scores[0] - dense.log_likelihood([]), atol=1e-6)
    np.testing.assert_allclose(decoder.scores - decoder.evidence, scores - scores[0], atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_few_candidates_are_the_best_ones(seed: int) -> None:
    """Where what is usual is true, as many candidates as a hypothesis may add are enough."""
    settings = replace(SETTINGS[seed][1], nucleus=Nucleus(0.0, 1.0), extensions=3)
    of = problem(seed, SETTINGS[seed][0])
    all_words, decoder = decoded(*of, settings)
    few_words, few = decoded(*of, replace(settings, candidates=3))
    assert few_words == all_words
    assert few.scores.tolist() == decoder.scores.tolist()
    one = replace(settings, candidates=1)
    greedy = decoded(*of, replace(settings, extensions=1))
    assert decoded(*of, one)[0] == greedy[0]


@pytest.mark.parametrize(("autocorrelation", "rank"), [(0.0, None), (0.4, None), (0.4, 1)])
def test_does_not_depend_on_the_cutting(autocorrelation: float, rank: int | None) -> None:
    encoding, language, data, middle_s, duration_s = problem(3, WordTiming(autocorrelation=autocorrelation), rank)
    data[12] = np.nan
    settings = replace(WIDE, commit_words=4)
    whole, decoder = decoded(encoding, language, data, middle_s, duration_s, settings)
    rng = np.random.default_rng(0)
    for _ in range(5):
        cut = GistDecoder(encoding.whitened(), language, vocabulary(), settings)
        final: list[str] = []
        samples, words = 0, 0
        while samples < N_SAMPLES or words < N_WORDS:
            more, said = rng.integers(0, 4, size=2)
            until = float(middle_s[words + said]) if words + said < N_WORDS else None
            saying = cut.push(
                data[samples : samples + more],
                middle_s[words : words + said],
                duration_s[words : words + said],
                timed_until_s=until,
            )
            samples, words = min(samples + more, N_SAMPLES), min(words + said, N_WORDS)
            final += saying.final
            assert final == whole[: len(final)]
            assert len(saying.draft) <= 4
        final += cut.finish().final
        assert final == whole
        assert cut.scores.tolist() == decoder.scores.tolist()


def test_words_become_final_in_time_and_memory_stays_bounded() -> None:
    encoding, language, *_ = problem(1, WordTiming((1, 2), lobes=1, autocorrelation=0.3))
    rng = np.random.default_rng(1)
    decoder = GistDecoder(encoding.whitened(), language, vocabulary(), replace(WIDE, width=3, commit_words=5))
    final, draft = 0, 8
    for second in range(0, 400, 2):
        middle_s = [second + 0.3, second + 1.1] if second % 40 < 30 else []
        saying = decoder.push(
            rng.normal(size=(1, N_VOXELS)), middle_s, [0.2] * len(middle_s), timed_until_s=second + 2.0
        )
        final, draft = final + len(saying.final), len(saying.draft)
        assert draft <= 5
    assert final + draft >= 2 * 150 - 8
    assert decoder.n_stored <= 40


def test_the_brain_is_heard() -> None:
    """Of made-up data with little noise, the words that made them are found."""
    encoding, language, _, middle_s, duration_s = problem(5, WordTiming((1, 2, 3)))
    encoding = replace(encoding, noise=whitener(100.0 * np.eye(N_VOXELS)))
    truth, _ = decoded(
        encoding, language, np.zeros((N_SAMPLES, N_VOXELS)), middle_s, duration_s, replace(WIDE, width=1)
    )
    indices, features = [WORDS.index(word) for word in truth], []
    for last, word, long in zip([-1, *indices], indices, duration_s, strict=False):
        features.append(language.feature(last, word, language.log_p[last, word], long))
    dense = DenseReference(
        encoding, language, vocabulary(), WIDE, np.zeros((N_SAMPLES, N_VOXELS)), middle_s, duration_s
    )
    design = (dense.lanczos @ np.array(features) - encoding.mean) / encoding.size
    data = np.tile(encoding.intercept, (N_SAMPLES, 1))
    for delay, weights in zip(encoding.timing.delays, encoding.weights, strict=True):
        data[delay:] += design[:-delay] @ weights
    found, _ = decoded(encoding, language, data, middle_s, duration_s, replace(WIDE, width=40, extensions=12))
    said = [i for i, at in enumerate(middle_s) if 0 < at < 2 * N_SAMPLES - 8]
    twins = {"cat": "dog", "we": "i"}
    same = [twins.get(found[i], found[i]) == twins.get(truth[i], truth[i]) for i in said]
    assert np.mean(same) >= 0.9


def test_faults() -> None:
    encoding, language, data, *_ = problem(0, WordTiming())
    decoder = GistDecoder(encoding.whitened(), language, vocabulary())
    with pytest.raises(ShapeError, match=r"expected \(n_samples, 5\), got \(2, 4\)"):
        decoder.push(data[:2, :4])
    with pytest.raises(InputError, match="others in sample 0"):
        decoder.push(np.where(np.arange(5) == 2, np.inf, data[:1]))
    with pytest.raises(ShapeError, match="a duration_s for each"):
        decoder.push(middle_s=[1.0], duration_s=[])
    decoder.push(middle_s=[3.0], duration_s=[0.1])
    with pytest.raises(InputError, match="times that never go back"):
        decoder.push(middle_s=[2.0], duration_s=[0.1])
    decoder.finish()
    with pytest.raises(InputError, match="the run has ended"):
        decoder.push(data)
    with pytest.raises(InputError, match="width: expected a whole number of at least 1, got 0"):
        BeamSettings(width=0)
    with pytest.raises(ShapeError, match=r"mean: expected the shape \(3,\), got \(2,\)"):
        replace(encoding, mean=np.zeros(2))
