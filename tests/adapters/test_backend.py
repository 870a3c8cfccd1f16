"""torch, where it is asked for, gives what numpy gives."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from hotwire.adapters import RidgeAdapter
from hotwire.adapters.backend import NumpyBackend, TorchBackend, backend_for, each_on_one_thread, one_thread
from hotwire.adapters.ridge import ridge
from hotwire.errors import InputError, NonFiniteError, ShapeError

torch = pytest.importorskip("torch")

GRID = (0.1, 10.0, 1000.0)
ON = pytest.mark.parametrize("on", [NumpyBackend(), TorchBackend("cpu")])


def data(n_samples: int, n_features: int, dtype=np.float32):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_features))
    Y = X @ rng.normal(size=(n_features, 400)) + 5 * rng.normal(size=(n_samples, 400)) + 30
    return X, Y.astype(dtype), np.arange(n_samples) % 6


@ON
def test_products(on) -> None:
    rng = np.random.default_rng(0)
    Y = rng.normal(loc=100, size=(9, 12))
    Y[:, 3] = 0.1
    block, mean = on.block(Y, slice(2, 7), np.float64)
    np.testing.assert_allclose(on.get(mean), Y[:, 2:7].mean(axis=0))
    np.testing.assert_allclose(on.get(block), Y[:, 2:7] - Y[:, 2:7].mean(axis=0), atol=1e-12)
    assert on.get(mean)[1] == 0.1
    assert not on.get(block)[:, 1].any()
    left = rng.normal(size=(4, 9))
    np.testing.assert_allclose(on.get(on.put(left, np.float64) @ block), left @ on.get(block))
    np.testing.assert_allclose(on.get(on.squares(block)), (on.get(block) ** 2).sum(axis=0))


@pytest.mark.parametrize("alpha_per", ["all", "unit"])
@pytest.mark.parametrize(("n_samples", "n_features"), [(48, 90), (90, 12)])
@pytest.mark.parametrize("single_from", [0, 2**22])
def test_tensors_or_a_device_give_the_same(
    monkeypatch: pytest.MonkeyPatch, alpha_per: str, n_samples: int, n_features: int, single_from: int
) -> None:
    monkeypatch.setattr(ridge, "SINGLE_FROM", single_from)
    X, Y, groups = data(n_samples, n_features)
    plain = RidgeAdapter(GRID, alpha_per=alpha_per, gain="total").fit(X, Y, groups=groups)
    by_device = RidgeAdapter(GRID, alpha_per=alpha_per, gain="total", device="cpu").fit(X, Y, groups=groups)
    tensors = RidgeAdapter(GRID, alpha_per=alpha_per, gain="total")
    tensors.fit(torch.as_tensor(X), torch.as_tensor(Y), groups=groups)
    for other in (by_device, tensors):
        assert isinstance(other.expansion_, np.ndarray)
        np.testing.assert_array_equal(other.alpha_, plain.alpha_)
        np.testing.assert_allclose(other.predict(X), plain.predict(X), atol=1e-4 * Y.std())
    np.testing.assert_allclose(tensors.predict(torch.as_tensor(X)), tensors.predict(X))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("alpha_per", ["all", "unit"])
def test_on_a_gpu(alpha_per: str) -> None:
    X, Y, groups = data(90, 200)
    plain = RidgeAdapter(GRID, alpha_per=alpha_per).fit(X, Y, groups=groups)
    there = RidgeAdapter(GRID, alpha_per=alpha_per, device="cuda").fit(X, Y, groups=groups)
    np.testing.assert_allclose(there.predict(X), plain.predict(X), atol=1e-4 * Y.std())


def test_targets_say_where() -> None:
    assert isinstance(backend_for(np.zeros((2, 2)), None), NumpyBackend)
    assert backend_for(torch.zeros(2, 2), None) == TorchBackend("cpu")
    assert backend_for(np.zeros((2, 2)), "cpu") == TorchBackend("cpu")


def test_no_such_device() -> None:
    X, Y, _ = data(12, 4)
    with pytest.raises(InputError, match="device='abacus' cannot be used here"):
        RidgeAdapter(1.0, device="abacus").fit(X, Y)


def test_tensors_are_checked() -> None:
    X, Y, _ = data(12, 4)
    Y[3, 7] = np.nan
    with pytest.raises(NonFiniteError, match="Y holds NaN at sample 3, unit 7"):
        RidgeAdapter(1.0).fit(X, torch.as_tensor(Y))
    with pytest.raises(ShapeError, match="X has 12 samples and Y has 11"):
        RidgeAdapter(1.0).fit(X, torch.as_tensor(Y[:11]))
    with pytest.raises(ShapeError, match=r"Y has shape \(12, 2, 2\)"):
        RidgeAdapter(1.0).fit(X, torch.zeros(12, 2, 2))


def test_decompositions_have_one_thread_until_the_last_is_done() -> None:
    def threads() -> set[int]:
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    with threadpool_limits(2):
        with one_thread:
            with one_thread:
                assert threads() == {1}
            assert threads() == {1}
        assert threads() == {2}


@pytest.mark.parametrize("n_threads", [1, 2])
def test_folds_are_done_side_by_side_each_on_one_thread(n_threads: int) -> None:
    together = threading.Barrier(n_threads, timeout=60)

    def threads(item: int) -> tuple[int, int]:
        together.wait()
        return item, one_thread.n_threads

    with threadpool_limits(n_threads):
        assert list(each_on_one_thread(threads, range(4))) == [(item, 1) for item in range(4)]
        assert one_thread.n_threads == n_threads
