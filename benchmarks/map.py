"""How long the linear part of an injection map takes, beside the bare products that no such map can do without.

    python benchmarks/map.py [--quick] [--json]

A synthetic recording in regions, layers of a network, outer folds of whole runs, strengths chosen in inner folds that
leave out one run each: from voxels and activations to the states predicted of all held-out trials, in every region and
layer, without any network. In one process and by turns, for each layer and each region:

hotwire   the layers' Gram matrices, once; for each outer fold each region's `DualRidge` with all layers' strengths and
          gains, the blends, and their products with the layers' activations.
bare      numpy's products of the same shapes and dtypes, their inputs laid out ready: `PRODUCTS`. No decomposition,
          no sum, no copy is among them. Two of them serve the search for strengths; the ratio to the others alone is
          given, too.

The ratio is the median over the folds, each with its share of the Gram matrices. What a `RidgeAdapter` for each cell
would take is extrapolated from some cells that are fitted, which also show that the predictions are the same.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold
from tqdm import tqdm

from hotwire.adapters import RidgeAdapter
from hotwire.adapters.blending import blended, by_key, gram
from hotwire.adapters.ridge.dual import DualRidge

PRODUCTS = {
    "layers": "table @ table.T in float64, once for each layer: (n, n_units) @ (n_units, n)",
    "features": "X.T @ X or X @ X.T in float64, whichever is smaller, for each region and outer fold",
    "along": "X_new @ V in float64, for each region and outer fold: (n_test, n_voxels) @ (n_voxels, r)",
    "held out": "U @ Z.T in float64, for each region, outer fold and strength: (n_train, r) @ (r, n_train)",
    "squares": "H.T @ H in float64, for each region, outer fold and strength: (n_train, n_train) twice",
    "blends": "S @ U.T in float64, for each region and outer fold: (n_test, r) @ (r, n_train)",
    "wide": "A @ table in float32, for each layer and outer fold: (n_regions * n_test, n_train) @ (n_train, n_units)",
}
SEARCH = ("held out", "squares")
"""Products without which no strength is chosen in inner folds: what is predicted there, and its squares."""


class Size(NamedTuple):
    n_voxels: int
    n_regions: int
    n_layers: int
    n_folds_run: int
    n_cells_fitted: tuple[int, int]
    """Regions x layers that a RidgeAdapter is fitted for."""


FULL = Size(5000, 12, 30, 6, (3, 3))
QUICK = Size(1200, 3, 8, 2, (1, 1))
N_RUNS, N_PER_RUN, N_FOLDS, N_STRENGTHS = 12, 100, 6, 10
UNITS = (2000, 20_000)
"""Of the narrowest layer and the widest."""


class Data(NamedTuple):
    X: NDArray[np.float64]
    runs: NDArray[np.intp]
    regions: list[slice]
    tables: list[NDArray[np.float32]]


def synthetic(size: Size) -> Data:
    """Layers that share what they see, with noise of their own; voxels that follow it in part, in regions of 1 to 8."""
    rng = np.random.default_rng(0)
    n = N_RUNS * N_PER_RUN
    seen = rng.standard_normal((n, 60), dtype=np.float32)
    tables = []
    for n_units in np.linspace(*UNITS, size.n_layers).astype(int):
        table = rng.standard_normal((n, n_units), dtype=np.float32)
        table += seen @ rng.standard_normal((60, n_units), dtype=np.float32) / 8
        tables.append(table + 3 * rng.standard_normal(n_units, dtype=np.float32))
    X = rng.normal(size=(n, size.n_voxels)) + 0.3 * seen @ rng.normal(size=(60, size.n_voxels)) / 8
    weights = np.geomspace(1, 8, size.n_regions)
    ends = np.round(np.cumsum(weights / weights.sum()) * size.n_voxels).astype(int)
    regions = [slice(int(start), int(end)) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return Data(X, np.repeat(np.arange(N_RUNS), N_PER_RUN), regions, tables)


class Folded(NamedTuple):
    """One outer fold's samples."""

    train: NDArray[np.intp]
    test: NDArray[np.intp]


class Hotwire:
    """hotwire's way, and where its time goes."""

    def __init__(self, data: Data, adapter: RidgeAdapter, room: NDArray[np.float32]) -> None:
        self.data, self.adapter, self.room = data, adapter, room
        self.grams: list[NDArray] = []
        self.stages: dict[str, float] = dict.fromkeys(("layers", "factorise", "choose", "blend", "wide"), 0.0)
        self.blends: list[list[NDArray]] = []
        self.fold, self.of_fold = Folded(np.arange(0), np.arange(0)), np.zeros((0, 0, 0))
        self._since = 0.0

    def layer(self, table: NDArray[np.float32]) -> float:
        self._since = time.perf_counter()
        self.grams.append(gram(table))
        return self._spent("layers")

    def begin(self, fold: Folded) -> float:
        self.blends, self._since = [], time.perf_counter()
        self.fold, self.of_fold = fold, np.stack([K[np.ix_(fold.train, fold.train)] for K in self.grams])
        return self._spent("choose")

    def region(self, region: slice) -> float:
        """Seconds to the blends of all layers; regions come one after the other."""
        data, fold = self.data, self.fold
        self._since = time.perf_counter()
        dual = DualRidge(self.adapter, data.X[fold.train, region], data.runs[fold.train])
        spent = self._spent("factorise")
        fits = dual.fit_all(self.of_fold)
        spent += self._spent("choose")
        blends = dual.blend_all(fits, data.X[fold.test, region])
        self.blends.append([by_key(A, fold.train, len(data.X)) for A in blends])
        return spent + self._spent("blend")

    def wide(self, layer: int) -> float:
        """Seconds to a layer's states of all held-out trials in all regions."""
        self._since = time.perf_counter()
        self.predicted(layer)
        return self._spent("wide")

    def predicted(self, layer: int) -> NDArray[np.float32]:
        """Activations (n_regions * n_test, n_units) of the fold begun last."""
        A = np.concatenate([of_region[layer] for of_region in self.blends])
        table = self.data.tables[layer]
        return blended(A, table, out=_shaped(self.room, len(A), table.shape[1]))

    def _spent(self, stage: str) -> float:
        now = time.perf_counter()
        spent, self._since = now - self._since, now
        self.stages[stage] += spent
        return spent


class Bare:
    """The products alone, of arrays of the same shapes."""

    def __init__(self, data: Data, room: NDArray[np.float32]) -> None:
        self.data, self.room, self.rng = data, room, np.random.default_rng(0)
        self.fold, self.A = Folded(np.arange(0), np.arange(0)), np.zeros((0, 0), dtype=np.float32)
        self.stages = dict.fromkeys(PRODUCTS, 0.0)

    def layer(self, table: NDArray[np.float32]) -> float:
        whole = table.astype(np.float64)
        return self._product("layers", whole, whole.T)

    def begin(self, fold: Folded) -> float:
        self.fold = fold
        self.A = self.rng.standard_normal((len(self.data.regions) * len(fold.test), len(fold.train)), dtype=np.float32)
        return 0.0

    def region(self, region: slice) -> float:
        """Seconds spent in a region's products."""
        X, new = (np.ascontiguousarray(self.data.X[rows, region]) for rows in self.fold)
        rank = min(X.shape)
        small = (X.T, X) if X.shape[0] > X.shape[1] else (X, X.T)
        V, S, U = (self.rng.normal(size=shape) for shape in ((X.shape[1], rank), (len(new), rank), (len(X), rank)))
        H, squares = (np.zeros((len(X), len(X))) for _ in range(2))
        spent = self._product("features", *small) + self._product("along", new, V) + self._product("blends", S, U.T)
        for _ in range(N_STRENGTHS):
            spent += self._product("held out", U, U.T.copy(), H) + self._product("squares", H.T, H, squares)
        return spent

    def wide(self, layer: int) -> float:
        """Seconds spent in a layer's product."""
        table = self.data.tables[layer]
        return self._product("wide", self.A, table[self.fold.train], _shaped(self.room, len(self.A), table.shape[1]))

    def _product(self, name: str, a: NDArray, b: NDArray, out: NDArray | None = None) -> float:
        start = time.perf_counter()
        np.matmul(a, b, out=out)
        spent = time.perf_counter() - start
        self.stages[name] += spent
        return spent


def _shaped(room: NDArray[np.float32], n_rows: int, n_units: int) -> NDArray[np.float32]:
    return room[: n_rows * n_units].reshape(n_rows, n_units)


def compared(size: Size) -> dict[str, Any]:
    """Both ways by turns, over the layers' Gram matrices and the outer folds; then some cells fitted anew."""
    data = synthetic(size)
    folds = [Folded(*fold) for fold in GroupKFold(N_FOLDS).split(data.X, groups=data.runs)][: size.n_folds_run]
    adapter = RidgeAdapter(np.geomspace(1.0, 1e6, N_STRENGTHS).tolist(), choose_by="direction", gain="total")
    most_held_out = max(len(fold.test) for fold in folds)
    room = np.zeros(size.n_regions * most_held_out * UNITS[1], dtype=np.float32)
    hotwire, bare = Hotwire(data, adapter, room), Bare(data, room)
    shared = _by_turns(hotwire.layer, bare.layer, data.tables)
    ratios = []
    for fold in tqdm(folds, desc="outer folds", delay=1, disable=None):
        both = shared / N_FOLDS + _by_turns(hotwire.begin, bare.begin, [fold])
        both += _by_turns(hotwire.region, bare.region, data.regions)
        both += _by_turns(hotwire.wide, bare.wide, range(size.n_layers))
        ratios.append(float(both[0] / both[1]))
    mine, theirs = (sum(way.stages.values()) for way in (hotwire, bare))
    return {
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "ratio_without_search": mine / (theirs - sum(bare.stages[name] for name in SEARCH)),
        "hotwire_s": mine,
        "bare_s": theirs,
        "hotwire_stages_s": hotwire.stages,
        "bare_stages_s": bare.stages,
        **anew(hotwire, folds[-1], size),
    }


def _by_turns(first: Callable[[Any], float], second: Callable[[Any], float], over: Iterable[Any]) -> NDArray:
    """Seconds of both, summed over all; which goes first alternates."""
    spent = np.zeros(2)
    for number, one in enumerate(over):
        for way in (0, 1) if number % 2 == 0 else (1, 0):
            spent[way] += (first, second)[way](one)
    return spent


def anew(hotwire: Hotwire, fold: Folded, size: Size) -> dict[str, Any]:
    """What a RidgeAdapter for each cell would take, from some cells; and how far its predictions are from the map's."""
    data, times, off = hotwire.data, [], []
    regions, layers = (
        np.linspace(0, n - 1, n_fitted).round().astype(int)
        for n, n_fitted in zip((size.n_regions, size.n_layers), size.n_cells_fitted, strict=True)
    )
    for layer in tqdm(layers, desc="cells anew", delay=1, disable=None):
        table, predicted = data.tables[layer], hotwire.predicted(layer)
        for number in regions:
            region = data.regions[number]
            start = time.perf_counter()
            adapter = RidgeAdapter(**hotwire.adapter.get_params()).fit(
                data.X[fold.train, region], table[fold.train], data.runs[fold.train]
            )
            states = adapter.predict(data.X[fold.test, region])
            times.append(time.perf_counter() - start)
            rows = predicted[number * len(fold.test) :][: len(fold.test)]
            off.append(np.abs(rows - states).max() / np.abs(states - adapter.y_mean_).max())
    before = hotwire.stages["layers"]
    whole_s = before + (sum(hotwire.stages.values()) - before) / size.n_folds_run * N_FOLDS
    n_cells = size.n_regions * size.n_layers * N_FOLDS
    return {
        "cells": n_cells,
        "cells_fitted_anew": len(times),
        "anew_extrapolated_s": statistics.mean(times) * n_cells,
        "anew_times_as_long": statistics.mean(times) * n_cells / whole_s,
        "off_anew": float(max(off)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small corner of it, under 50 s: a look, no verdict")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    size = QUICK if arguments.quick else FULL
    found = compared(size)
    goals = {
        "ratio": {"value": found["ratio"], "goal": "<= 1.5", "met": found["ratio"] <= 1.5},
        "off_anew": {"value": found["off_anew"], "goal": "<= 1e-5", "met": found["off_anew"] <= 1e-5},
    }
    if arguments.json:
        machine = {
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        }
        print(json.dumps({**found, "size": size._asdict(), "products": PRODUCTS, "machine": machine, "goals": goals}))
        return
    print(f"{N_RUNS * N_PER_RUN} samples x {size.n_voxels} voxels in {size.n_regions} regions, ", end="")
    print(f"{size.n_layers} layers of {UNITS[0]} to {UNITS[1]} units, {size.n_folds_run} of {N_FOLDS} outer folds")
    for who in ("hotwire", "bare"):
        stages = ", ".join(f"{name} {spent:.1f}" for name, spent in found[f"{who}_stages_s"].items())
        print(f"{who:8} {found[f'{who}_s']:8.1f} s  ({stages})")
    print(f"to the products that no search needs alone: {found['ratio_without_search']:.2f}")
    print(f"anew     {found['anew_extrapolated_s']:8.0f} s  extrapolated from {found['cells_fitted_anew']}", end=" ")
    print(
        f"of {found['cells']} cells, each fitted with a RidgeAdapter: {found['anew_times_as_long']:.0f} times as long"
    )
    for name, description in PRODUCTS.items():
        print(f"bare {name:8} {description}")
    for name, goal in goals.items():
        print(f"{name:8} {goal['value']:.3g}  goal {goal['goal']:7} {'met' if goal['met'] else 'NOT MET'}")


if __name__ == "__main__":
    main()
