from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.experiments.gist.result import HeardNothing
from hotwire.decoder.gist.window_scores import WindowScore


def scored(z: float) -> dict[str, WindowScore]:
    return {"WER": WindowScore(0.9, 0.9, z, 0.0), "BLEU-1": WindowScore(0.1, 0.1, -z, 0.0)}


def test_surrogates_are_judged_as_runs_are() -> None:
    evidence = [10.0, 11.0, 12.0, 30.0]
    found = HeardNothing.of([scored(z) for z in (0.5, -1.9, -2.5, 3.0)], evidence, 60)
    assert found.text_z == {"WER": (0.5, -1.9, -2.5, 3.0), "BLEU-1": (-0.5, 1.9, 2.5, -3.0)}
    assert found.text_within == {"WER": 0.5, "BLEU-1": 0.5}
    assert found.evidence_z[3] == pytest.approx(19.0)  # (30 - 11) / 1
    assert found.evidence_z[0] == pytest.approx((10 - 53 / 3) / np.std([11, 12, 30], ddof=1))
    assert found.silent == 0.75


def test_two_surrogates_are_too_few_for_each_other() -> None:
    found = HeardNothing.of([scored(0.5), scored(1.0)], [10.0, 11.0], 60)
    assert found.evidence_z == ()
    assert np.isnan(found.silent)
