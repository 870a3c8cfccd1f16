"""What an objective sees: the same whatever else is in the batch, and otherwise in each step."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hotwire.errors import InputError
from hotwire.models.synthesis.generators import noise_pictures
from hotwire.models.synthesis.seen import seen
from hotwire.models.synthesis.settings import SynthesisSettings
from hotwire.models.synthesis.waveforms import noise_sounds

BOTH = SynthesisSettings(jitter=3, noise=0.1)


@pytest.mark.parametrize("made", [noise_pictures([0, 1], 8), noise_sounds([0, 1], 800)])
def test_each_is_seen_alike_and_each_step_otherwise(made: torch.Tensor) -> None:
    whole = seen(made, BOTH, 4)
    torch.testing.assert_close(seen(made, BOTH, 4), whole)
    torch.testing.assert_close(seen(made[1:], BOTH, 4), whole[1:])
    assert (seen(made, BOTH, 5) != whole).any()
    assert seen(made, SynthesisSettings(), 4) is made


def test_noise_of_sounds_is_in_units_of_their_size() -> None:
    made = torch.cat([noise_sounds([0], 8_000, rms=0.1), noise_sounds([1], 8_000, rms=0.001)])
    added = (seen(made, SynthesisSettings(noise=0.3), 0) - made).numpy()
    np.testing.assert_allclose(np.sqrt((added**2).mean(axis=1)), [0.03, 0.0003], rtol=1e-3)
    np.testing.assert_allclose(added[1] * 100, added[0], atol=1e-4)


def test_what_cannot_be_moved() -> None:
    with pytest.raises(InputError, match=r"jitter, noise: only pictures .* and sounds .* have them, got \(2, 3, 4\)"):
        seen(torch.zeros(2, 3, 4), BOTH, 0)
    with pytest.raises(InputError, match=r"total_variation: only pictures"):
        seen(torch.zeros(2, 800), SynthesisSettings(total_variation=1.0), 0)
