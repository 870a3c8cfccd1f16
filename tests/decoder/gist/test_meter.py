"""The meter: what is gained on surrogates, over stretches of words, however unevenly these are said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder.gist.decode_run import decode_run
from hotwire.decoder.gist.gist_decoder import METER_WORDS, GistDecoder
from hotwire.decoder.gist.meter import Meter
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
