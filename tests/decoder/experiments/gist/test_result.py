from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder.experiments.gist.result import Evidence
from hotwire.decoder.gist.decode_run import Decoded
from hotwire.decoder.statistics.few_nulls import z_over


def decoded(evidence: float, gains: list[float], strength: float = 1.0) -> Decoded:
    return Decoded(["a", "dog"], evidence, gains, [["a", "dog"]], strength)


def test_evidence_is_beside_that_of_surrogates() -> None:
    surrogates = [decoded(1.0, [0.5, 0.5], 1.2), decoded(3.0, [1.0, 2.0], 1.1), decoded(2.0, [1.5, 0.5])]
    found = Evidence.of(decoded(40.0, [39.0, 1.0], 1.3), surrogates)
    assert found == Evidence(40.0, (1.0, 3.0, 2.0), 2, (39.0, 1.0), (0.5, 0.5, 1.0, 2.0, 1.5, 0.5), 1.3, 1.2)
    assert found.z == z_over(40.0, [1.0, 3.0, 2.0]) > 2
    assert found.z_of(surrogates[1]) == pytest.approx(z_over(3.0, [1.0, 3.0, 2.0]))
    assert found.z_of(decoded(40.0, [], strength=9.0)) is None
    assert found.stretches == 0.5


def test_evidence_below_the_threshold_is_no_text() -> None:
    assert not Evidence(4.0, (2.0, 3.0, 4.0), 70, (), ()).distinguishable
    assert np.isnan(Evidence(4.0, (2.0, 3.0, 4.0), 70, (), ()).stretches)
    found = Evidence(60.0, (2.0, 3.0, 4.0), 130, (), ())
    assert found.distinguishable
    assert not Evidence(9.0, (2.0, 4.0), 130, (), ()).distinguishable  # of two surrogates nobody knows how they vary
    assert not replace(found, strength=2.0, strongest_surrogate=1.2).distinguishable
