from __future__ import annotations

from dataclasses import replace

import pytest

from hotwire.decoder.gist.beam_memory import beam_bytes, beams_at_once, check_beam_memory
from hotwire.decoder.gist.beam_settings import BeamSettings
from hotwire.decoder.gist.proposals import Nucleus
from hotwire.errors import InputError
from hotwire.models.networks.language.language_model import LanguageModel
from hotwire.models.networks.language.sliding_pass import SlidingPass


def test_memory_of_a_beam(network: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    sliding = SlidingPass(network, "1", n_tokens=32)
    beam = BeamSettings(width=4)
    memory, _ = sliding.begin(4)
    held = (memory.keys.numel() + memory.values.numel()) * 4
    takes = beam_bytes(sliding, beam, 6)
    assert 3 * held < takes < 30 * held
    assert beam_bytes(sliding, replace(beam, width=8), 6) == 2 * takes
    assert beam_bytes(sliding, replace(beam, nucleus=Nucleus(0.0, 1.0), candidates=6000), 6000) > 20 * takes
    narrow = replace(beam, nucleus=Nucleus(0.1, 0.9))  # a wide nucleus costs features alone, where as many are tried
    more = beam_bytes(sliding, beam, 21_000) - beam_bytes(sliding, narrow, 21_000)
    assert more == pytest.approx(4 * (10 / 0.003 - 100) * 2400)
    check_beam_memory(sliding, beam, 6, room_bytes=takes)
    with pytest.raises(InputError, match=r"beam: expected one that fits into .* a width of 1 fits"):
        check_beam_memory(sliding, beam, 6, room_bytes=takes / 2)
    monkeypatch.setattr("hotwire.decoder.gist.beam_memory.machine_bytes", lambda: 7 * takes)
    assert beams_at_once(sliding, beam, 6, 16) == 3
