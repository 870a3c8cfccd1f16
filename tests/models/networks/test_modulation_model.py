"""The spectrum and the modulations of sounds as a network."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.errors import InputError
from hotwire.models.cache.recorded import record
from hotwire.models.networks.modulation_model import SPECTRUM, ModulationModel
from hotwire.models.sounds.cochleagram import cochleagram
from hotwire.models.sounds.modulation import spectrum_and_modulation

from ..small_recogniser import noises

SOUNDS = [*noises(3, 0.3), *noises(2, 0.2)]


def test_it_has_what_stands_beside_networks_in_encoding() -> None:
    found = ModulationModel(0.3).activations(SOUNDS, [SPECTRUM])[SPECTRUM]
    expected = spectrum_and_modulation([cochleagram(one) for one in SOUNDS])
    differs = np.ptp(found, axis=0) > 0
    np.testing.assert_allclose(found[:, differs], expected, rtol=1e-5)
    assert (found[:, ~differs] == 0).all()


def test_each_sound_by_itself_whatever_the_others_are() -> None:
    model = ModulationModel(0.5)
    whole = model.activations(SOUNDS, [SPECTRUM])[SPECTRUM]
    np.testing.assert_array_equal(model.activations(SOUNDS[3:4], [SPECTRUM])[SPECTRUM], whole[3:4])
    np.testing.assert_array_equal(model.outputs(SOUNDS), whole)
    np.testing.assert_array_equal(record(model, SOUNDS, [SPECTRUM]).tables[SPECTRUM], whole)
    assert model.fingerprint != ModulationModel(0.3).fingerprint


def test_what_it_cannot_do() -> None:
    with pytest.raises(InputError, match="spectrum and modulation has no weights"):
        ModulationModel(0.3).untrained()
    with pytest.raises(InputError, match=r"sound 0 lasts 0.30 s, expected at most 0.2"):
        ModulationModel(0.2).outputs(SOUNDS)
