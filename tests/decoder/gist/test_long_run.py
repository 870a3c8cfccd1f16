"""Half an hour of speech, three words a second: memory stays as it was after the first minute (eight hours do, too)."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.gist.gist_decoder import GistDecoder
from hotwire.decoder.gist.timing import WordTiming

from .small_language import vocabulary
from .test_gist_decoder import N_VOXELS, WIDE, problem

TR_S, WORDS, HOURS = 2.0, 6, 0.5
MOST_GROWN = 5 * 2**20


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read where Linux shows it")
def test_memory_is_flat() -> None:
    encoding, language, *_ = problem(1, WordTiming((1, 2), lobes=1, autocorrelation=0.3))
    rng = np.random.default_rng(1)
    decoder = GistDecoder(encoding.whitened(), language, vocabulary(), replace(WIDE, width=3, commit_words=5))
    said, stored, before = 0, 0, 0
    for number in range(round(HOURS * 3600 / TR_S)):
        begun_s = TR_S * number
        middle_s = begun_s + (np.arange(WORDS) + 0.5) * TR_S / WORDS
        saying = decoder.push(rng.normal(size=(1, N_VOXELS)), middle_s, np.full(WORDS, 0.2), begun_s + TR_S)
        said += len(saying.final)
        if begun_s == 60.0:
            stored, before = decoder.n_stored, resident_bytes()
    assert said > 0.99 * HOURS * 3600 * WORDS / TR_S
    assert decoder.n_stored <= stored + 2
    assert resident_bytes() - before <= MOST_GROWN
