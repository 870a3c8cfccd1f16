"""How fast, how exact and how stable a map learns sample by sample, on one core.

    python benchmarks/recursive.py [--quick] [--json]

speed      512 features into 1,280 units, updates by one sample and by ten, with and without forgetting and gain, in
           samples for each second of processor time (and of the clock, which is the same on a quiet machine); by turns
           with

           textbook  recursive least squares as textbooks have it, in numpy: the inverse P and the weights, each with
                     an outer product (Haykin, Adaptive filter theory, chapter 10). It knows no intercept: it is given
                     samples whose mean is zero.
           refit     scikit-learn's Ridge on all samples so far after each update, extrapolated from one fit.

exactness  The largest difference from the batch fit of the same samples, beside the largest prediction.
stability  Many single updates of few features, with forgetting. Half of the features fall silent one after the other,
           one never speaks at all. At the end the weights are compared with the weighted batch fit, and the peak of
           memory with that at half the way. Of the textbook's: after how many samples P has no positive diagonal, or
           is not finite.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported

import argparse  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from sklearn.linear_model import Ridge  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402
from tqdm import tqdm  # noqa: E402

from hotwire.adapters.other.recursive import RecursiveAdapter, forgetting_for  # noqa: E402
from hotwire.adapters.ridge.ridge import RidgeAdapter  # noqa: E402

N_FEATURES, N_UNITS, ALPHA = 512, 1280, 10.0


class Size(NamedTuple):
    n_before: int
    """Samples learned from before the clock runs."""
    n_timed: int
    n_updates: int
    """Of the test for stability."""


FULL, QUICK = Size(2000, 300, 1_000_000), Size(600, 40, 10_000)


class Textbook:
    """Recursive least squares by the inverse of the weighted Gram matrix."""

    def __init__(self, n_features: int, n_units: int, alpha: float, forgetting: float = 1.0) -> None:
        self.P, self.W, self.forgetting = np.eye(n_features) / alpha, np.zeros((n_features, n_units)), forgetting

    def partial_fit(self, X: NDArray, Y: NDArray) -> None:
        for x, y in zip(X, Y, strict=True):
            Px = self.P @ x
            gain = Px / (self.forgetting + x @ Px)
            self.W += np.outer(gain, y - x @ self.W)
            self.P = (self.P - np.outer(gain, x @ self.P)) / self.forgetting


def session(n_samples: int) -> tuple[NDArray, NDArray]:
    """Samples around zero, whose targets follow them in part."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, N_FEATURES))
    Y = X @ rng.normal(size=(N_FEATURES, N_UNITS)) + 20 * rng.normal(size=(n_samples, N_UNITS))
    return X, Y


def speed(size: Size) -> dict[str, Any]:
    """Samples learned from in a second, medians; all ways by turns."""
    X, Y = session(size.n_before + size.n_timed)
    ways: dict[str, tuple[Any, int]] = {
        "one": (RecursiveAdapter(ALPHA), 1),
        "one, forgetting, gain": (RecursiveAdapter(ALPHA, forgetting=forgetting_for(2000), gain="total"), 1),
        "ten": (RecursiveAdapter(ALPHA), 10),
        "textbook": (Textbook(N_FEATURES, N_UNITS, ALPHA), 1),
    }
    before = slice(0, size.n_before)
    spent: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for learner, _ in ways.values():
        learner.partial_fit(X[before], Y[before])
    for start in tqdm(range(size.n_before, len(X) - 9, 10), desc="speed", delay=1, disable=None):
        for way, (learner, n) in ways.items():
            for first in range(start, start + 10, n):
                some = slice(first, first + n)
                spent[way].append(_seconds(lambda learner=learner, some=some: learner.partial_fit(X[some], Y[some])))
    spent["refit, extrapolated"] = [_seconds(lambda: Ridge(ALPHA).fit(X, Y))]
    at_once = {way: ways[way][1] if way in ways else 1 for way in spent}
    rates = {way: [at_once[way] / statistics.median(of) for of in zip(*spent[way], strict=True)] for way in spent}

    batch = RidgeAdapter(ALPHA).fit(X, Y).predict(X)
    off = {way: _off(ways[way][0].predict(X), batch) for way in ("one", "ten")}
    return {
        "updates_per_second": {way: processor for way, (processor, _) in rates.items()},
        "updates_per_second_of_the_clock": {way: clock for way, (_, clock) in rates.items()},
        "off_batch": off,
    }


def stability(size: Size) -> dict[str, Any]:
    """Single updates of 16 features that fall silent, into 8 units."""
    n_features, n_units, half_life = 16, 8, 100
    forgetting = forgetting_for(half_life)
    rng = np.random.default_rng(1)
    mapped = rng.normal(size=(n_features, n_units))
    silent_from = np.linspace(0, 2 * size.n_updates, n_features, endpoint=False)
    mine, theirs = RecursiveAdapter(1.0, forgetting=forgetting), Textbook(n_features, n_units, 1.0, forgetting)
    # The newest samples, written round and round; what is older weighs nothing.
    X, Y = np.zeros((40 * half_life, n_features)), np.zeros((40 * half_life, n_units))
    broken_after, memory = None, 0
    for number in tqdm(range(size.n_updates), desc="stability", delay=1, disable=None):
        x = rng.normal(size=(1, n_features)) * (number < silent_from) + 10
        y = x @ mapped + rng.normal(size=(1, n_units))
        mine.partial_fit(x, y)
        if broken_after is None:
            with np.errstate(all="ignore"):
                theirs.partial_fit(x - 10, y)
                if not np.isfinite(theirs.W).all() or not (np.diag(theirs.P) > 0).all():
                    broken_after = number + 1
        X[number % len(X)], Y[number % len(Y)] = x[0], y[0]
        if number == size.n_updates // 2:
            memory = _peak_bytes()
    grown = _peak_bytes() - memory
    X, Y = (np.roll(of, -size.n_updates, axis=0) for of in (X, Y))
    weights = weighted_ridge(X, Y, forgetting, mine.prior_)
    information = np.linalg.eigvalsh(mine.factor_ @ mine.factor_.T)
    return {
        "n_updates": size.n_updates,
        "off_weighted_fit": float(np.abs(mine.expansion_ - weights).max() / np.abs(weights).max()),
        "least_information": float(information[0]),
        "memory_grown_bytes": grown,
        "textbook_broken_after": broken_after,
        "textbook_largest_P": float(np.abs(theirs.P).max()),
    }


def weighted_ridge(X: NDArray, Y: NDArray, forgetting: float, prior: NDArray) -> NDArray:
    """Weights of the batch fit with exponential weights, from dense formulas."""
    w = forgetting ** np.arange(len(X) - 1, -1, -1.0)
    X, Y = X - np.average(X, 0, w), Y - np.average(Y, 0, w)
    return np.linalg.solve((X.T * w) @ X + np.diag(prior), (X.T * w) @ Y)


def _off(values: NDArray, truth: NDArray) -> float:
    return float(np.abs(values - truth).max() / np.abs(truth).max())


def _seconds(call: Callable[[], Any]) -> tuple[float, float]:
    """Of this thread's processor time, and of the clock."""
    processor, clock = time.thread_time(), time.perf_counter()
    call()
    return time.thread_time() - processor, time.perf_counter() - clock


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer updates, under 50 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    size = QUICK if arguments.quick else FULL
    with threadpool_limits(1):
        # Stability first: its peak of memory would not show above that of the speed.
        found = {"stability": stability(size), **speed(size)}
    rates, off, stable = found["updates_per_second"], found["off_batch"], found["stability"]
    goals = {
        "updates_per_second": _goal(rates["one"], ">= 200", rates["one"] >= 200),
        "updates_per_second_ten_at_once": _goal(rates["ten"], ">= 200", rates["ten"] >= 200),
        "off_batch": _goal(max(off.values()), "<= 1e-8", max(off.values()) <= 1e-8),
        "off_weighted_fit": _goal(stable["off_weighted_fit"], "<= 1e-8", stable["off_weighted_fit"] <= 1e-8),
        "memory_grown_bytes": _goal(stable["memory_grown_bytes"], "<= 2e6", stable["memory_grown_bytes"] <= 2e6),
    }
    if arguments.json:
        machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "threads": 1}
        print(json.dumps({**found, "size": size._asdict(), "machine": machine, "goals": goals}))
        return
    print(f"{N_FEATURES} features into {N_UNITS} units, after {size.n_before} samples, on one core")
    print(f"samples for each second {'':4} of processor time  of the clock")
    for way, rate in rates.items():
        print(f"  {way:26} {rate:17.1f} {found['updates_per_second_of_the_clock'][way]:13.1f}")
    print(
        f"stability over {size.n_updates} updates: least information {stable['least_information']:.3g}; textbook ",
        end="",
    )
    broken = stable["textbook_broken_after"]
    print(f"largest P {stable['textbook_largest_P']:.2g}, " + (f"broken after {broken}" if broken else "not broken"))
    for name, goal in goals.items():
        print(f"{name:32} {goal['value']:.3g}  goal {goal['goal']:9} {'met' if goal['met'] else 'NOT MET'}")


def _goal(value: float, goal: str, met: bool) -> dict[str, Any]:
    return {"value": value, "goal": goal, "met": bool(met)}


if __name__ == "__main__":
    main()
