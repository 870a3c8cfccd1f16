from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.steps import open_chain
from hotwire.decoder.steps.filter_bank import FilterBank
from hotwire.decoder.steps.iir import BandPass
from hotwire.errors import InputError

RATE_HZ = 250.0
BANDS = ((4.0, 8.0), (8.0, 12.0), (12.0, 30.0))


@pytest.mark.parametrize("n_features", [1, 64])
@pytest.mark.parametrize("start", ["first sample", "zero"])
def test_every_band_is_a_band_pass_to_the_bit(n_features: int, start) -> None:
    X = (0.1 + 1e-5 * np.random.default_rng(0).normal(size=(300, n_features))).astype(np.float32)
    out = FilterBank(BANDS, 3, start).open(n_features, RATE_HZ).push(X).reshape(300, 3, n_features)
    for number, band in enumerate(BANDS):
        alone = BandPass(*band, order=3, start=start).open(n_features, RATE_HZ).push(X)
        assert np.ascontiguousarray(out[:, number]).tobytes() == alone.tobytes()


def test_what_comes_out() -> None:
    bank = FilterBank([[8, 12.5], [12.5, 30]])
    assert bank == FilterBank(((8, 12.5), (12.5, 30)))
    assert hash(bank) == hash(FilterBank(((8, 12.5), (12.5, 30))))
    chain = open_chain([bank], ["C3", "Cz"], RATE_HZ)
    assert chain.names_out == ("C3 8-12.5 Hz", "Cz 8-12.5 Hz", "C3 12.5-30 Hz", "Cz 12.5-30 Hz")
    assert chain.push(np.zeros((0, 2))).shape == (0, 4)
    assert chain.finish().shape == (0, 4)
    assert bank.group_delay_samples(RATE_HZ) == BandPass(8, 12.5).group_delay_samples(RATE_HZ)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: FilterBank([]), "bands: expected pairs of frequencies"),
        (lambda: FilterBank([8, 12]), "bands: expected pairs of frequencies"),  # type: ignore[list-item]
        (lambda: FilterBank("ab"), "bands: expected pairs"),  # type: ignore[arg-type]
        (lambda: FilterBank([[8, 12], [8, 12]]), "bands: expected each band once"),
        (lambda: FilterBank([[12, 8]]), "the lower frequency first, got 12 and 8"),
        (lambda: FilterBank([[8, 12]], order=0), "order"),
        (lambda: FilterBank([[8, 12], [60, 130]]).open(1, RATE_HZ), "high_hz: 130 Hz is not possible at 250"),
    ],
)
def test_wrong_settings(make, match: str) -> None:
    with pytest.raises(InputError, match=match):
        make()
