"""What a fit will take is said before it is begun."""

from __future__ import annotations

import logging
import tracemalloc
from typing import Any

import numpy as np
import pytest

from hotwire.adapters import CovarianceAligner, Hyperalignment, ProcrustesAligner, RidgeAdapter, Whitener
from hotwire.adapters import plan as module
from hotwire.adapters.plan import plan_alignment, plan_fit, plan_whitening, require_memory
from hotwire.errors import InputError


@pytest.mark.parametrize(("shape", "solver"), [((400, 300, 3000), "dual"), ((2000, 60, 3000), "primal")])
@pytest.mark.parametrize("alpha_per", ["all", "unit"])
def test_memory_is_what_it_says_within_half(shape: tuple[int, int, int], solver: str, alpha_per: str) -> None:
    n_samples, n_features, n_units = shape
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(n_samples, n_features)), rng.normal(size=(n_samples, n_units)).astype(np.float32)
    adapter = RidgeAdapter(np.geomspace(1, 1e4, 10).tolist(), alpha_per=alpha_per, cv=6)
    plan = plan_fit(*shape, n_alphas=10, n_folds=6, alpha_per=alpha_per)
    tracemalloc.start()
    try:
        adapter.fit(X, Y)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert adapter.solver_ == (solver if alpha_per == "unit" else plan.solver)
    assert plan.memory_bytes / 2 < peak < 1.5 * plan.memory_bytes


def test_it_is_said_before_it_is_begun(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "hotwire"):
        RidgeAdapter(1.0).fit(np.eye(6), np.eye(6))
    assert "ridge of 6 samples, 6 features, 6 units: " in caplog.text
    assert "of memory" in caplog.text


def test_more_than_there_is_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_fit(1200, 5000, 10_000_000)
    expected = r"this fit will take dual, .* GB of memory \(some \d+ \w+\), and the machine has 16\.0 GB"
    with pytest.raises(InputError, match=expected):
        require_memory(plan, 16e9)
    require_memory(plan_fit(1200, 5000, 10_000_000, expansion="given"), 16e9)
    monkeypatch.setattr(module, "machine_bytes", lambda: 1e3)
    with pytest.raises(InputError, match=r"the machine has 0\.0 MB"):
        RidgeAdapter(1.0).fit(np.eye(6), np.eye(6))


@pytest.mark.parametrize("shape", [(150, 40_000), (900, 1200), (3000, 300)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_of_whitening_is_what_it_says_within_half(shape: tuple[int, int], dtype: type) -> None:
    samples = np.random.default_rng(0).normal(size=shape).astype(dtype)
    plan = plan_whitening(*shape, itemsize=samples.itemsize)
    tracemalloc.start()
    try:
        whitener = Whitener().fit(samples)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (whitener.root_ is not None) == (plan.solver == "dual")
    assert plan.memory_bytes / 2 < peak < 1.5 * plan.memory_bytes


@pytest.mark.parametrize(
    ("aligner", "what"),
    [
        (CovarianceAligner(), "matching the covariance"),
        (ProcrustesAligner(), "the rotation"),
        (Hyperalignment(), "the common space of 2 people"),
    ],
)
def test_alignments_tell_what_they_take(aligner: Any, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    tables = rng.normal(size=(2, 30, 9000))
    given: Any = ([*tables],) if isinstance(aligner, Hyperalignment) else (*tables,)
    plan = plan_alignment([table.shape for table in tables])
    tracemalloc.start()
    try:
        aligner.fit(*given)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert plan.memory_bytes / 3 < peak < 1.5 * plan.memory_bytes  # what was given counts as well
    monkeypatch.setattr(module, "machine_bytes", lambda: 1e6)
    expected = rf"{what} will take dual, .* MB of memory \(about a second\), and the machine has 1\.0 MB: take fewer"
    with pytest.raises(InputError, match=expected):
        aligner.fit(*given)
    CovarianceAligner("variance").fit(*tables)


def test_an_expansion_may_be_written_elsewhere(tmp_path) -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 30)), rng.normal(size=(20, 500)).astype(np.float32)
    out = np.lib.format.open_memmap(tmp_path / "expansion.npy", "w+", np.float32, (20, 500))
    there = RidgeAdapter().fit(X, Y, out=out)
    assert np.shares_memory(there.expansion_, out)
    np.testing.assert_array_equal(there.predict(X), RidgeAdapter().fit(X, Y).predict(X))
    with pytest.raises(InputError, match=r"out has shape \(20, 499\) and dtype float32, expected \(20, 500\)"):
        RidgeAdapter().fit(X, Y, out=out[:, 1:])


@pytest.mark.parametrize("shape", [(40, 900), (900, 40)])
def test_several_whitenings_keep_their_maps_and_are_made_one_by_one(shape: tuple[int, int]) -> None:
    plan = plan_whitening(*shape)
    whitener = Whitener().fit(np.random.default_rng(0).normal(size=shape))
    arrays = [whitener.matrix_] if whitener.root_ is None else list(whitener.root_)
    assert plan.kept_bytes == pytest.approx(sum(array.nbytes for array in arrays), rel=0.05)
    assert plan.times(3).memory_bytes == pytest.approx(3 * plan.memory_bytes)
    one_by_one = plan.times(3, at_once=1)
    assert one_by_one.memory_bytes == pytest.approx(plan.memory_bytes + 2 * plan.kept_bytes)
    assert one_by_one.operations == 3 * plan.operations
