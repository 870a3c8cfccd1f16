from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotwire.decoder.readers import read_arrays
from hotwire.decoder.recordings.recording import Recording
from hotwire.decoder.steps import regress_out
from hotwire.errors import RecordingError, UnknownNameError


def recording() -> tuple[Recording, np.ndarray]:
    """Return a recording with two confounds, whose weights differ between runs, and what lies below them."""
    rng = np.random.default_rng(0)
    clean = rng.normal((10, 20, 30), size=(80, 3))
    confounds = rng.normal(size=(80, 2)) * [0.001, 1000.0]
    dirty = clean.copy()
    for run, scale in ((slice(0, 40), 1.0), (slice(40, 80), -2.0)):
        dirty[run] += scale * (confounds[run] - confounds[run].mean(axis=0)) @ [[2e3, 1e3, 0], [0, 3e-3, 1e-3]]
    plain = read_arrays(dirty, 1.0, run=[1] * 40 + [2] * 40)
    return replace(plain, confounds=confounds, confound_names=("move", "power")), clean


def test_confounds_are_taken_out_run_by_run() -> None:
    r, clean = recording()
    out = regress_out(r)
    assert r.confounds is not None
    for run in (slice(0, 40), slice(40, 80)):
        C = r.confounds[run] - r.confounds[run].mean(axis=0)
        np.testing.assert_allclose(C.T @ out.data[run] / np.linalg.norm(C, axis=0)[:, None], 0, atol=1e-4)
        np.testing.assert_allclose(out.data[run].mean(axis=0), clean[run].mean(axis=0), rtol=1e-5)
    assert np.abs(out.data - clean).std() < 0.5
    assert out.source == "arrays; regressed out, run by run: move, power"


def test_some_confounds_and_constant_ones() -> None:
    r, _ = recording()
    only = regress_out(r, names=["power"])
    assert not np.allclose(only.data, regress_out(r).data, atol=0.1)
    assert r.confounds is not None
    still = replace(r, confounds=r.confounds * [0.0, 1.0])
    np.testing.assert_allclose(regress_out(still).data, only.data, atol=1e-4)


def test_what_is_missing_is_named() -> None:
    r, _ = recording()
    with pytest.raises(UnknownNameError, match=r"confound 'speed'.*move, power"):
        regress_out(r, names=["speed"])
    with pytest.raises(RecordingError, match="expected confounds, got none"):
        regress_out(read_arrays(np.zeros((4, 2)), 1.0))
    short = replace(r, run=np.array([1] * 77 + [2] * 3))
    with pytest.raises(RecordingError, match="run 2 has 3 samples, too few for 2 confounds"):
        regress_out(short)
