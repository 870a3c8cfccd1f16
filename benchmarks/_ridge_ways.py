"""One fit in a process of its own, for `ridge.py`: its time, the memory that it took, the strengths, some weights."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

ALPHAS = np.logspace(0, 6, 10)
N_FOLDS = 6
N_SHOWN = 200
"""Units whose weights are compared."""
PERIOD_S = 0.004

Found = tuple[NDArray, Callable[[NDArray], NDArray]]
"""Strengths, of all units or of each, and what gives some units' weights (n_features, n)."""


def groups_of(n_samples: int) -> NDArray[np.intp]:
    """Six groups of neighbouring samples."""
    return np.arange(n_samples) * N_FOLDS // n_samples


def shown_of(n_units: int) -> NDArray[np.intp]:
    """The units whose weights are compared."""
    return np.sort(np.random.default_rng(0).choice(n_units, min(n_units, N_SHOWN), replace=False))


def hotwire(X: NDArray, Y: NDArray, per: str) -> Found:
    from hotwire.adapters import RidgeAdapter

    adapter = RidgeAdapter(ALPHAS.tolist(), alpha_per=per).fit(X, Y, groups=groups_of(len(X)))
    return np.asarray(adapter.alpha_), lambda units: adapter.projection_ @ adapter.expansion_[:, units]


def from_disk(X: NDArray, Y: NDArray, per: str) -> Found:
    """As `hotwire`, the targets read from a file, the expansion written to one."""
    from hotwire.adapters import RidgeAdapter

    with tempfile.TemporaryDirectory(dir=sys.argv[1]) as folder:
        out = np.lib.format.open_memmap(Path(folder) / "expansion.npy", "w+", np.float32, Y.shape)
        adapter = RidgeAdapter(ALPHAS.tolist(), alpha_per=per).fit(X, Y, groups=groups_of(len(X)), out=out)
        weights = adapter.projection_ @ adapter.expansion_[:, shown_of(Y.shape[1])]
    return np.asarray(adapter.alpha_), lambda _: weights


def himalaya(X: NDArray, Y: NDArray, per: str, backend: str) -> Found:
    from himalaya.backend import set_backend
    from himalaya.kernel_ridge import KernelRidgeCV
    from himalaya.ridge import RidgeCV
    from sklearn.model_selection import PredefinedSplit

    set_backend(backend)
    options: Any = {"local_alpha": per == "unit", "n_targets_batch": 10_000}
    dual = X.shape[0] < X.shape[1]  # its quicker one, as it says itself
    kind: Any = KernelRidgeCV if dual else RidgeCV
    model = kind(
        alphas=ALPHAS.astype(X.dtype),
        cv=PredefinedSplit(groups_of(len(X))),
        fit_intercept=True,
        solver_params=options,
    )
    model.fit(X, Y)
    chosen = np.asarray(model.best_alphas_)
    if dual:
        weights = np.asarray(model.dual_coef_)
        return chosen, lambda units: (X - X.mean(axis=0)).T @ weights[:, units]
    return chosen, lambda units: np.asarray(model.coef_)[:, units]


def bare(X: NDArray, Y: NDArray, per: str) -> Found:
    """The products that the fit rests on, of the same shapes and dtypes, their inputs ready; no map comes of it."""
    n, p = X.shape
    X = X.astype(np.float64)
    square, single = np.zeros((n, n)), np.zeros((n, n), np.float32)
    start = time.perf_counter()
    for first in range(0, Y.shape[1], 1000):
        block = Y[:, first : first + 1000]
        np.matmul(block, block.T)
    wide = time.perf_counter()
    np.matmul(X, X.T)
    np.matmul(X.T, square)
    for _ in ALPHAS:
        np.matmul(single, single)
    end = time.perf_counter()
    for first in range(0, Y.shape[1], 1000):
        np.matmul(single, Y[:, first : first + 1000])
    told = {"gram_s": wide - start, "small_s": end - wide, "second_s": time.perf_counter() - end}
    return np.array([told["gram_s"], told["small_s"], told["second_s"]]), lambda units: np.zeros((p, len(units)))


def float64(X: NDArray, Y: NDArray, per: str) -> Found:
    """What a fit has to find: each strength's equations solved for each fold, in float64.

    Returns the errors (n_alphas, n) in place of the strengths: of all units together, or of each one whose weights are
    compared.
    """
    shown, groups = shown_of(Y.shape[1]), groups_of(len(X))
    tried = _with_same_sums(Y) if per == "all" else Y[:, shown]
    X, errors = X.astype(np.float64), np.zeros((len(ALPHAS), tried.shape[1]))
    for held_out in (groups == group for group in range(N_FOLDS)):
        train, new = (X[of] - X[~held_out].mean(axis=0) for of in (~held_out, held_out))
        inner, dual = _inner(train), len(train) <= X.shape[1]
        right = train @ new.T if dual else new.T
        maps = [_solved(inner, alpha, right).T for alpha in ALPHAS]
        maps = maps if dual else [weights @ train.T for weights in maps]
        for first in range(0, tried.shape[1], 10_000):
            block = tried[:, first : first + 10_000].astype(np.float64)
            block -= block[~held_out].mean(axis=0)
            for error, of_strength in zip(errors, maps, strict=True):
                error[first : first + 10_000] += ((of_strength @ block[~held_out] - block[held_out]) ** 2).sum(axis=0)
    errors = errors.sum(axis=1, keepdims=True) if per == "all" else errors
    chosen = np.broadcast_to(ALPHAS[errors.argmin(axis=0)], len(shown))
    X, weights = X - X.mean(axis=0), np.empty((X.shape[1], len(shown)))
    Y = Y[:, shown] - Y[:, shown].mean(axis=0, dtype=np.float64)
    inner = _inner(X)
    for alpha in np.unique(chosen):
        targets = Y[:, chosen == alpha]
        dual = len(X) <= X.shape[1]
        found = _solved(inner, alpha, targets if dual else X.T @ targets)
        weights[:, chosen == alpha] = X.T @ found if dual else found
    return errors, lambda _: weights


def _with_same_sums(Y: NDArray) -> NDArray:
    """Of many targets, at most as many as samples that have the same sums of products."""
    if Y.shape[1] <= len(Y):
        return Y
    products = np.zeros((len(Y), len(Y)))
    for first in range(0, Y.shape[1], 10_000):
        block = Y[:, first : first + 10_000].astype(np.float64)
        products += block @ block.T
    values, vectors = np.linalg.eigh(products)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def _inner(X: NDArray) -> NDArray:
    """The smaller matrix of inner products, of samples or of features."""
    return X @ X.T if len(X) <= X.shape[1] else X.T @ X


def _solved(inner: NDArray, alpha: float, right: NDArray) -> NDArray:
    return solve(inner + alpha * np.eye(len(inner)), right, assume_a="pos")


def scikit_learn(X: NDArray, Y: NDArray, per: str) -> Found:
    """One strength in one fold, of at most 2,000 units: what a grid search repeats."""
    from sklearn.linear_model import Ridge

    held_out = groups_of(len(X)) == 0
    few = np.ascontiguousarray(Y[:, :2000])
    start = time.perf_counter()
    Ridge(alpha=ALPHAS[5]).fit(X[~held_out], few[~held_out]).predict(X[held_out])
    return np.array([time.perf_counter() - start, few.shape[1]]), lambda units: np.zeros((X.shape[1], len(units)))


WAYS: dict[str, Callable[[NDArray, NDArray, str], Found]] = {
    "hotwire": hotwire,
    "hotwire from disk": from_disk,
    "himalaya numpy": lambda X, Y, per: himalaya(X, Y, per, "numpy"),
    "himalaya torch": lambda X, Y, per: himalaya(X, Y, per, "torch"),
    "bare": bare,
    "float64": float64,
    "scikit-learn": scikit_learn,
}


class Peak:
    """The most memory of its own that this process has held, without files that are mapped (Linux)."""

    def __init__(self) -> None:
        self.mb = self.before = _own_mb()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Megabytes above what there was at the beginning."""
        self._over.set()
        self._thread.join()
        return self.mb - self.before

    def _watch(self) -> None:
        while not self._over.wait(PERIOD_S):
            self.mb = max(self.mb, _own_mb())


def _own_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1e3
    return float("nan")


def main() -> None:
    folder, way, per = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    X = np.load(folder / "X.npy")
    Y = np.load(folder / "Y.npy", mmap_mode="r" if way == "hotwire from disk" else None)
    WAYS[way](X[:60, :40], Y[:60, :50].copy(), per)  # what is loaded and allocated once
    peak, start = Peak(), time.perf_counter()
    alphas, weights_of = WAYS[way](X, Y, per)
    took = time.perf_counter() - start
    mb = peak.stop()
    np.savez(folder / "found.npz", alphas=alphas, weights=weights_of(shown_of(Y.shape[1])))
    print(json.dumps({"seconds": took, "peak_mb": mb}))


if __name__ == "__main__":
    main()
