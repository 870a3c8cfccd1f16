"""Steps for volumes: nuisance regressed out as it comes, and per cent of change, against whole fits of each prefix."""

from __future__ import annotations

import numpy as np
import pytest

from hotwire.decoder.steps import Despike, PercentChange, RunningRegression, Step, open_chain
from hotwire.errors import InputError

NAMES = ("voxel_1_1_1", "trans_x", "voxel_2_1_1", "rot_z")


def rows(n: int = 60) -> np.ndarray:
    rng = np.random.default_rng(0)
    move = rng.normal(size=(n, 2)).cumsum(axis=0) * [0.05, 0.001]
    signal = 900 + rng.normal(size=(n, 2)) + move @ [[30.0, -8.0], [400.0, 90.0]] + np.arange(n)[:, None] * [0.2, -0.1]
    return np.stack([signal[:, 0], move[:, 0], signal[:, 1], move[:, 1]], axis=1).astype(np.float32)


def test_each_sample_is_the_residual_of_the_fit_to_all_before_it() -> None:
    x = rows()
    out = open_chain([RunningRegression(["trans_x", "rot_z"])], NAMES, 0.5).push(x)
    assert out.shape == (60, 2)
    assert not out[:4].any()
    for stop in (5, 6, 17, 60):
        past = x[:stop].astype(np.float64)
        design = np.column_stack([np.ones(stop), np.arange(stop), past[:, 1], past[:, 3]])
        residual = past[:, [0, 2]] - design @ np.linalg.lstsq(design, past[:, [0, 2]], rcond=None)[0]
        np.testing.assert_allclose(out[stop - 1], residual[-1], atol=2e-3)
    assert out[20:].std(axis=0).max() < 1.5


@pytest.mark.parametrize(
    "step", [RunningRegression(["rot_z"], drift=2), PercentChange(), PercentChange(14.0), Despike(30.0, limit=1.0)]
)
def test_chunks_change_nothing(step: Step) -> None:
    x = rows()
    whole = open_chain([step], NAMES, 0.5).push(x)
    chain = open_chain([step], NAMES, 0.5)
    pieces = [chain.push(x[a:b]) for a, b in ((0, 1), (1, 1), (1, 8), (8, 30), (30, 60))]
    assert np.array_equal(np.concatenate([*pieces, chain.finish()]), whole)


def test_a_head_that_never_moves_is_no_regressor() -> None:
    x = rows()
    x[:, [1, 3]] = 0.0
    out = open_chain([RunningRegression(["trans_x", "rot_z"], drift=0)], NAMES, 0.5).push(x)
    past = x[:, [0, 2]].astype(np.float64)
    np.testing.assert_allclose(out[-1], past[-1] - past.mean(axis=0), atol=1e-3)


def test_what_cannot_be_regressed_out_is_named() -> None:
    with pytest.raises(InputError, match="unknown channel 'trans_y'"):
        open_chain([RunningRegression(["trans_y"])], NAMES, 0.5)
    with pytest.raises(InputError, match="all 1 features are regressors"):
        open_chain([RunningRegression(["a"])], ["a"], 0.5)
    with pytest.raises(InputError, match="drift: expected 0 to 3, got 4"):
        RunningRegression(["a"], drift=4)


def test_per_cent_of_the_past_window() -> None:
    x = rows()[:, [0, 2]]
    x[:, 1] = 0.0
    out = open_chain([PercentChange(14.0)], ("inside", "outside"), 0.5).push(x)
    for i in (0, 3, 20, 59):
        mean = x[max(0, i - 6) : i + 1, 0].astype(np.float64).mean()
        assert out[i, 0] == pytest.approx(100 * (x[i, 0] - mean) / mean, abs=1e-4)
    assert not out[:, 1].any()


def test_spikes_are_brought_back_and_all_else_is_left_alone() -> None:
    x = rows()
    clean = x[:, 0].copy()
    x[[30, 41], 0] += [400.0, -300.0]
    x[:, 2] = 7.0  # never changes: nothing says what is far
    x[50, 2] = 9.0
    out = open_chain([Despike(40.0, limit=4.0)], NAMES, 0.5).push(x)
    for i in (30, 41):
        past = x[i - 20 : i, 0].astype(np.float64)
        reach = 4.0 * 1.4826 * np.median(np.abs(past - np.median(past)))
        assert out[i, 0] == pytest.approx(np.median(past) + np.sign(x[i, 0] - clean[i]) * reach, rel=1e-6)
    others = np.delete(np.arange(60), [30, 41])
    assert np.mean(out[others, 0] == x[others, 0]) > 0.9
    assert np.array_equal(out[:8], x[:8])
    assert np.array_equal(out[:, 2], x[:, 2])
    with pytest.raises(InputError, match="window_s: expected at least 8 samples, 16 s at"):
        open_chain([Despike(10.0)], NAMES, 0.5)
