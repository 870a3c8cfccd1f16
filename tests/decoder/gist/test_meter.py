"""The meter: what is gained on surrogates, over stretches of words, however unevenly these are said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder.gist.decode_run import decode_run
from hotwire.decoder.gist.gist_decoder import METER_WORDS, GistDecoder
from hotwire.decoder.gist.meter import Meter, times_too_strong
from hotwire.decoder.gist.meter_fit import fit_meter
from hotwire.decoder.gist.timing import WordTiming
from hotwire.decoder.recordings.timed_words import TimedWords
from hotwire.decoder.statistics.surrogates import phase_randomised
from hotwire.errors import InputError

from .small_language import vocabulary
from .test_gist_decoder import N_VOXELS, WIDE, problem


def test_a_meter_is_of_gains_on_surrogates() -> None:
    encoding, language, *_ = problem(2, WordTiming((1, 2), lobes=1))
    rng = np.random.default_rng(0)
    onset_s = np.cumsum(rng.choice([0.2, 0.3, 4.0], 3 * METER_WORDS))  # with pauses: several words are decided at once
    words = TimedWords(np.full(len(onset_s), "x"), onset_s, onset_s + 0.2)
    samples = rng.normal(size=(int(onset_s[-1] / 2) + 8, N_VOXELS))
    settings = replace(WIDE, width=2, commit_words=5)

    def decoder() -> GistDecoder:
        return GistDecoder(encoding.whitened(), language, vocabulary(), settings)

    meter = fit_meter(decoder, [(samples, words)], seed=4)
    rng, gains = np.random.default_rng(4), []
    while len(gains) < 20:
        one, made, seen = decoder(), phase_randomised(samples, rng), [0.0]
        for row in range(len(samples)):
            now = (words.middle_s >= 2 * row) & (words.middle_s < 2 * row + 2)
            one.push(made[[row]], words.middle_s[now], words.duration_s[now], 2.0 * row + 2)
        one.finish()
        seen = [0.0, *np.cumsum(one.gains)]
        assert seen[-1] == pytest.approx(one.evidence)
        gains += np.diff(seen).tolist()
    assert meter.n_words == METER_WORDS
    assert meter.mean == pytest.approx(np.mean(gains))
    assert meter.sd == pytest.approx(np.std(gains, ddof=1))
    assert meter.z(meter.mean + 3 * meter.sd) == pytest.approx(3.0)
    assert meter.z(None) is None
    found = decode_run(decoder(), samples, words)
    assert found.beam[0] == found.said
    assert len(found.said) == len(words)
    with pytest.raises(InputError, match="two surrogates or more, got 1"):
        Meter.of([1.0], 60)


def test_what_is_far_stronger_than_surrogates_is_no_evidence() -> None:
    encoding, language, *_ = problem(2, WordTiming((1, 2), lobes=1, autocorrelation=0.3))
    model, rng = encoding.whitened(), np.random.default_rng(0)
    onset_s = np.arange(0.4, 0.4 * (5 * METER_WORDS + 1), 0.4, dtype=np.float64)
    words = TimedWords(np.full(len(onset_s), "x"), onset_s, onset_s + 0.2)
    # Noise as the model has it, in the directions that words can move.
    whitened = rng.normal(size=(int(onset_s[-1] / 2) + 8, model.n_directions))
    samples = model.intercept + whitened @ np.linalg.pinv(model.projection)

    def decoder() -> GistDecoder:
        return GistDecoder(model, language, vocabulary(), replace(WIDE, width=2, commit_words=5))

    meter = fit_meter(decoder, [(samples, words)], seed=4)
    assert meter.strongest is not None
    usual, loud = (decode_run(decoder(), model.intercept + by * (samples - model.intercept), words) for by in (1, 3))
    assert times_too_strong(usual.strength, meter.strongest) is None
    assert loud.evidence > usual.evidence
    assert times_too_strong(loud.strength, meter.strongest) == loud.strength / meter.strongest > 2
    # What is strong for a while is strong then, and no longer.
    burst = samples.copy()
    burst[20:26] += 9 * (samples[20:26] - model.intercept)
    one, strengths = decoder(), []
    for row in range(len(burst)):
        now = (words.middle_s >= 2 * row) & (words.middle_s < 2 * row + 2)
        one.push(burst[[row]], words.middle_s[now], words.duration_s[now], 2.0 * row + 2)
        strengths.append(one.strength)
    too_strong = [times_too_strong(strength, meter.strongest) is not None for strength in strengths]
    assert not any(too_strong[:20])
    assert any(too_strong[20:30])
    assert not any(too_strong[-10:])
    with pytest.raises(InputError, match="expected a strength of surrogates above 0, got nan"):
        replace(meter, strongest=np.nan)
