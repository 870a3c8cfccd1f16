"""How long ridge from brains to layers takes, beside himalaya, scikit-learn, and the bare products it rests on.

    python benchmarks/ridge.py [--quick] [--json] [--rounds N] [--shape NAME ...]

Ten strengths, six folds of whole groups, float32 data; one strength for all units, or one for each. Each fit runs in a
process of its own, by turns, and is told its memory: the most that it held above what it was given.

hotwire         `RidgeAdapter`
himalaya        `KernelRidgeCV` (more features than samples) or `RidgeCV`, numpy and torch, 10,000 targets at a time
bare            numpy's products: Y Y' in float32, X X' and X' C in float64, and one of samples by samples a strength
float64         each strength's equations solved for each fold: what the strengths and weights of the others are held to
scikit-learn    `Ridge`, extrapolated from one strength in one fold on 2,000 units to its grid search

Neither way forms weights of features in the time that counts, where it has them implicitly.

Fits "beside a busy process" share the cores with one that never waits, as on a workstation in use.

Then time and memory along the units, from a file on disk to a file on disk (to 1,000,000), and one sample through the
factored map of a wide layer beside reading its expansion once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _ridge_ways import ALPHAS, N_FOLDS, WAYS, shown_of
from numpy.typing import NDArray
from tqdm import tqdm

from hotwire.adapters import RidgeAdapter


class Shape(NamedTuple):
    n_samples: int
    n_features: int
    n_units: int

    def __str__(self) -> str:
        return f"{self.n_samples:,} samples x {self.n_features:,} features -> {self.n_units:,} units"


FULL = {
    "narrow": Shape(1200, 5000, 20_000),
    "wide": Shape(1200, 5000, 200_000),
    "large": Shape(2000, 8000, 100_000),
    "many samples": Shape(10_000, 2000, 10_000),
    "wide features": Shape(1200, 200_000, 100),
}
QUICK = {
    "wide": Shape(400, 1200, 100_000),
    "many samples": Shape(2000, 200, 2000),
    "wide features": Shape(400, 20_000, 50),
}
ROUNDING = 1e-7
"""Errors of two strengths that differ by less than this part of them are the same."""
BUSY = "wide"
"""The shape that is fitted beside a busy process, too."""
CURVE = (10_000, 100_000, 300_000, 1_000_000)
CURVE_QUICK = (100_000, 200_000)


def synthetic(shape: Shape, folder: Path) -> None:
    """What is seen drives the units by more or less, and the voxels in part; written to files."""
    rng = np.random.default_rng(0)
    n, p, u = shape
    seen = rng.standard_normal((n, 60), dtype=np.float32)
    X = rng.standard_normal((n, p), dtype=np.float32)
    X += 0.3 * (seen @ rng.standard_normal((60, p), dtype=np.float32))
    np.save(folder / "X.npy", X)
    Y = np.lib.format.open_memmap(folder / "Y.npy", "w+", np.float32, (n, u))
    for first in range(0, u, 10_000):
        width = min(10_000, u - first)
        block = rng.standard_normal((n, width), dtype=np.float32)
        strength = rng.uniform(0, 0.5, width).astype(np.float32)
        Y[:, first : first + width] = block + seen @ (rng.standard_normal((60, width), dtype=np.float32) * strength)
    Y.flush()


def one(folder: Path, way: str, per: str) -> dict[str, Any]:
    """A fit in a process of its own."""
    script = Path(__file__).with_name("_ridge_ways.py")
    done = subprocess.run([sys.executable, str(script), str(folder), way, per], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{way}: {done.stderr.strip().splitlines()[-1:]}")
    with np.load(folder / "found.npz") as found:
        return json.loads(done.stdout.splitlines()[-1]) | dict(found)


@contextmanager
def busy_process() -> Iterator[None]:
    """A process beside that never waits."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()


def compared(
    name: str, shape: Shape, folder: Path, rounds: int, peers: list[str], per: str, busy: bool = False
) -> dict[str, Any]:
    """All ways by turns; medians over the rounds, and ratios to hotwire's of the same round."""
    turns = []
    wide_targets = shape.n_samples < shape.n_features < shape.n_units
    for _ in range(rounds):
        ways = ["hotwire", *peers, *(["bare"] if per == "all" and wide_targets and not busy else [])]
        with busy_process() if busy else nullcontext():
            turns.append({way: one(folder, way, per) for way in tqdm(ways, desc=f"{shape}, {per}", leave=False)})
    ours = [turn["hotwire"] for turn in turns]
    found: dict[str, Any] = {
        "name": name,
        "shape": shape._asdict(),
        "per": per,
        "busy": busy,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "hotwire": {what: statistics.median(of[what] for of in ours) for what in ("seconds", "peak_mb")},
    }
    exact = None if busy else one(folder, "float64", per)
    for peer in peers:
        theirs = [turn[peer] for turn in turns]
        found[peer] = {
            "seconds": statistics.median(of["seconds"] for of in theirs),
            "peak_mb": statistics.median(of["peak_mb"] for of in theirs),
            "times_as_long": statistics.median(a["seconds"] / b["seconds"] for a, b in zip(theirs, ours, strict=True)),
            "memory_ratio": statistics.median(b["peak_mb"] / a["peak_mb"] for a, b in zip(theirs, ours, strict=True)),
        }
    if exact is not None:
        for way in ("hotwire", *peers):
            found[way] |= agreement(turns[-1][way], exact)
    if "bare" in turns[0]:
        parts = [turn["bare"]["alphas"] for turn in turns]  # seconds: Gram matrix, small products, a second wide one
        of = [ours[i]["seconds"] / parts[i][:2].sum() for i in range(rounds)]
        found["bare"] = {
            "seconds": statistics.median(float(of[:2].sum()) for of in parts),
            "ratio": statistics.median(of),
            "ratio_with_second_product": statistics.median(ours[i]["seconds"] / parts[i].sum() for i in range(rounds)),
        }
    return found


def agreement(told: dict[str, Any], exact: dict[str, Any]) -> dict[str, float]:
    """Share of the compared units whose strength has the least error, and how far weights are off where it is that of
    float64.
    """
    strengths = told["alphas"] if told["alphas"].ndim == 0 else told["alphas"][shown_of(len(told["alphas"]))]
    errors, chosen = exact["alphas"], np.argmin(np.abs(ALPHAS[:, np.newaxis] - np.atleast_1d(strengths)), axis=0)
    least, own = errors.min(axis=0), np.take_along_axis(errors, chosen[np.newaxis, : errors.shape[1]], axis=0)[0]
    same = np.broadcast_to(chosen == errors.argmin(axis=0), len(exact["weights"].T))
    off = np.linalg.norm(told["weights"] - exact["weights"], axis=0) / np.linalg.norm(exact["weights"], axis=0)
    return {
        "same_strengths": float((own <= least * (1 + ROUNDING)).mean()),
        "weights_off": float(off[same].max(initial=0.0)),
    }


def scikit_learns(shape: Shape, folder: Path) -> dict[str, float]:
    """A grid search, extrapolated: every strength in every fold, all units, and the fit at the end."""
    seconds, n_units = one(folder, "scikit-learn", "all")["alphas"]
    return {"seconds_extrapolated": float(seconds * (len(ALPHAS) * N_FOLDS + 1) * shape.n_units / n_units)}


def along_units(sizes: tuple[int, ...], n_samples: int, n_features: int, folder: Path) -> list[dict[str, float]]:
    """Time and memory of one strength for all units, read from a file and written to one."""
    curve = []
    for n_units in tqdm(sizes, desc="along the units"):
        synthetic(Shape(n_samples, n_features, n_units), folder)
        told = one(folder, "hotwire from disk", "all")
        curve.append({"n_units": n_units, "seconds": told["seconds"], "peak_mb": told["peak_mb"]})
    return curve


def one_sample(shape: Shape, rounds: int = 15) -> dict[str, float]:
    """One sample through the factored map, beside reading the expansion once."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((shape.n_samples, shape.n_features), dtype=np.float32)
    Y = rng.standard_normal((shape.n_samples, shape.n_units), dtype=np.float32)
    adapter = RidgeAdapter(1e3).fit(X, Y)
    row, ones = X[:1].astype(np.float64), np.ones(len(adapter.expansion_), np.float32)
    spent: NDArray = np.zeros((rounds, 2))
    for i in range(rounds):
        start = time.perf_counter()
        adapter.predict(row)
        middle = time.perf_counter()
        np.matmul(ones, adapter.expansion_)
        spent[i] = middle - start, time.perf_counter() - middle
    both = np.median(spent, axis=0)
    return {"predict_ms": 1e3 * both[0], "read_ms": 1e3 * both[1], "ratio": float(np.median(spent[:, 0] / spent[:, 1]))}


def goals_of(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What was asked for, and the worst over all shapes and peers that it was asked of."""
    goals: dict[str, dict[str, Any]] = {}

    def goal(name: str, value: float, least: float | None = None, most: float | None = None) -> None:
        text = f">= {least:g}" if least is not None else f"<= {most:g}"
        met = value >= least if least is not None else most is not None and value <= most
        goals[name] = {"value": value, "goal": text, "met": bool(met)}

    def peers(name: str = "", per: str = "", busy: bool = False) -> list[dict[str, Any]]:
        """himalaya's results at a shape, or at all shapes, in both backends: the slower of the two ratios decides."""
        return [
            one[peer]
            for one in found["fits"]
            if name in ("", one["name"]) and per in ("", one["per"]) and one["busy"] == busy
            for peer in one
            if peer.startswith("himalaya")
        ]

    names = {one["name"] for one in found["fits"]}
    for name in sorted(names & {"wide", "large"}):
        goal(f"{name}_shared_times_faster", min(of["times_as_long"] for of in peers(name, "all")), least=10.0)
        goal(f"{name}_per_unit_times_faster", min(of["times_as_long"] for of in peers(name, "unit")), least=3.0)
    for name in sorted(names & {"many samples", "wide features"}):
        goal(f"{name}_times_faster", min(of["times_as_long"] for of in peers(name)), least=5.0)
    if busy := peers(BUSY, "all", busy=True):
        goal("beside_a_busy_process_times_faster", min(of["times_as_long"] for of in busy), least=6.0)
    if bare := [one["bare"]["ratio"] for one in found["fits"] if "bare" in one and one["name"] in ("wide", "large")]:
        goal("shared_to_bare_products", max(bare), most=2.5)
    goal("memory_ratio", max(of["memory_ratio"] for of in peers()), most=1.0)
    checked = [one["hotwire"] for one in found["fits"] if not one["busy"]]
    goal("same_strengths", min(of["same_strengths"] for of in checked), least=0.999)
    goal("weights_off", max(of["weights_off"] for of in checked), most=1e-4)
    if "curve" not in found:
        return goals
    first, last = found["curve"][-2], found["curve"][-1]
    per_unit = (last["seconds"] / last["n_units"]) / (first["seconds"] / first["n_units"])
    goal("time_per_unit_along_units", per_unit, most=1.3)
    goal("memory_along_units", last["peak_mb"] / first["peak_mb"], most=1.3)
    goal("one_sample_to_reading_once", found["one_sample"]["ratio"], most=1.5)
    return goals


def show(found: dict[str, Any], peers: list[str]) -> None:
    """Print everything as text."""
    for one in found["fits"]:
        beside = ", beside a busy process" if one["busy"] else ""
        print(f"{Shape(**one['shape'])}, one strength for {'all' if one['per'] == 'all' else 'each'}{beside}")
        for way in ("hotwire", *peers):
            told = one[way]
            line = f"  {way:15}{told['seconds']:9.2f} s {told['peak_mb']:8.0f} MB"
            if way != "hotwire":
                line += f"   {told['times_as_long']:5.1f} times as long"
            if not one["busy"]:
                line += f"   strengths as in float64 for {told['same_strengths']:.1%} of units,"
                line += f" weights within {told['weights_off']:.0e}"
            print(line)
        if "bare" in one:
            of = one["bare"]
            print(f"  {'bare':15}{of['seconds']:9.2f} s   hotwire {of['ratio']:.2f} times as long,", end=" ")
            print(f"{of['ratio_with_second_product']:.2f} if a second wide product counts")
        if one["per"] == "all" and not one["busy"] and (learn := found["scikit_learn"].get(one["name"])):
            print(f"  {'scikit-learn':15}{learn['seconds_extrapolated']:9.0f} s   extrapolated")
    for at in found.get("curve", []):
        print(f"{at['n_units']:>10,} units from disk {at['seconds']:8.1f} s {at['peak_mb']:6.0f} MB")
    if sample := found.get("one_sample"):
        print(f"one sample {sample['predict_ms']:.1f} ms, reading the expansion once {sample['read_ms']:.1f} ms")
    for name, goal in found["goals"].items():
        print(f"{name:36}{goal['value']:10.4g}  goal {goal['goal']:9}{'met' if goal['met'] else 'NOT MET'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small shapes, one round, numpy's himalaya only")
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")
    parser.add_argument("--rounds", type=int, help="turns of each way (default: 3, or 1 with --quick)")
    parser.add_argument("--shape", action="append", choices=list(FULL), help="these shapes only, and no curve")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    peers = [way for way in WAYS if way.startswith("himalaya") and not (arguments.quick and way.endswith("torch"))]
    shapes = QUICK if arguments.quick else FULL
    shapes = {name: shape for name, shape in shapes.items() if not arguments.shape or name in arguments.shape}
    found: dict[str, Any] = {"fits": [], "scikit_learn": {}}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, shape in tqdm(shapes.items(), desc="shapes"):
            synthetic(shape, folder)
            found["fits"] += [compared(name, shape, folder, rounds, peers, per) for per in ("all", "unit")]
            if name == BUSY:
                found["fits"].append(compared(name, shape, folder, rounds, peers, "all", busy=True))
            if name != "wide features":
                found["scikit_learn"][name] = scikit_learns(shape, folder)
        if not arguments.shape:
            small = (400, 1000) if arguments.quick else (1200, 5000)
            found["curve"] = along_units(CURVE_QUICK if arguments.quick else CURVE, *small, folder)
            found["one_sample"] = one_sample(Shape(200, 400, 100_000) if arguments.quick else FULL["wide"])
    found["goals"] = goals_of(found)
    if arguments.json:
        machine = {"cores": os.cpu_count(), "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS")}
        print(json.dumps({**found, "machine": machine}))
        return
    show(found, peers)


if __name__ == "__main__":
    main()
