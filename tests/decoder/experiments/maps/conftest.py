"""Made-up maps: of any size, with a peak in region, time and depth, and a cell that is known to be the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from hotwire.decoder.experiments.maps.result import (
    CellResult,
    InjectionMap,
    MapCell,
    Nested,
    NetworkSummary,
    SessionSummary,
    TimeRange,
)
from hotwire.decoder.statistics.measures import Measure

CONTROLS = ("shuffled pairing", "mean activation", "untrained network", "nuisance")
LAGS = tuple(TimeRange(f"{2 * lag:+d} s", 2.0 * lag, 2.0 * lag + 2) for lag in range(-2, 9))
OWN = TimeRange("", None, None)


def a_network(name: str = "tiny", n_layers: int = 5) -> NetworkSummary:
    layers = tuple(str(i) for i in range(n_layers))
    return NetworkSummary(name, "0123abcd" * 8, layers, "Nearest(measure='correlation')")


def a_session(name: str, regions: Sequence[str]) -> SessionSummary:
    return SessionSummary(
        name=name,
        recording="1,200 samples of 530 voxels",
        n_trials=96,
        n_answers=8,
        n_runs=12,
        n_folds=6,
        n_features={region: 40 + 13 * i for i, region in enumerate(regions)},
        findings=(
            {"check": "runs", "verdict": "fine", "reason": "No run is both in training and test."},
            {
                "check": "spacing",
                "verdict": "warning",
                "reason": "Trials are 2.1 s apart at least; a response takes 12 s.",
            },
        ),
        reliability=None,
    )


def measure(value: float, chance: float) -> Measure:
    p_value = float(np.clip(0.5 - 4 * (value - chance), 0.0001, 1))
    return Measure(value, chance, value - 0.031, value + 0.024, p_value)


def both(pairwise: float) -> dict[str, Measure]:
    return {"pairwise": measure(pairwise, 0.5), "candidate": measure(0.125 + 0.9 * (pairwise - 0.5), 0.125)}


def values(measures: dict[str, Measure]) -> dict[str, float]:
    return {name: one.value for name, one in measures.items()}


def make(
    regions: Sequence[str] = ("all",),
    times: Sequence[TimeRange] = (OWN,),
    networks: Sequence[NetworkSummary] = (a_network(),),
    sessions: Sequence[str] = ("sub-1",),
    controls: Sequence[str] = CONTROLS,
    best: float = 0.86,
    seed: int = 0,
) -> InjectionMap:
    """The best cell lies in the first region, two thirds of the way through times and half way through layers."""
    rng = np.random.default_rng(seed)
    cells: dict[MapCell, CellResult] = {}
    for r, region in enumerate(regions):
        for t, time in enumerate(times):
            for n, network in enumerate(networks):
                for d, layer in enumerate(network.layers):
                    depth = d / max(1, len(network.layers) - 1)
                    bump = (
                        0.8**r
                        * 0.93**n
                        * np.exp(-(((t - 0.65 * (len(times) - 1)) / 2) ** 2) - ((depth - 0.5) / 0.3) ** 2)
                    )
                    found = both(0.5 + (best - 0.5) * float(bump) + rng.normal(0, 0.012))
                    cell = MapCell(region, time.name, network.name, layer)
                    cells[cell] = CellResult(
                        cell=cell,
                        measures=found,
                        p_corrected={name: min(1.0, 20 * one.p_value) for name, one in found.items()},
                        by_session={
                            session: values(both(found["pairwise"].value + 0.01 * i))
                            for i, session in enumerate(sessions)
                        },
                        ceiling={"pairwise": 1 - 0.1 * depth**2, "candidate": 0.98 - 0.3 * depth**2},
                        controls={
                            name: both(0.5 + rng.normal(0, 0.01) + (name == "nuisance") * 0.06) for name in controls
                        },
                        strengths=tuple(float(10 ** rng.integers(0, 5)) for _ in range(6 * len(sessions))),
                        at_edge=0.0,
                    )
    nested = {region: _nested(region, cells, sessions, region) for region in regions} if len(regions) > 1 else {}
    return InjectionMap(
        sessions=tuple(a_session(session, regions) for session in sessions),
        regions=tuple(regions),
        times=tuple(times),
        networks=tuple(networks),
        cells=cells,
        nested=_nested("all cells", cells, sessions),
        nested_by_region=nested,
        settings={"steps": "Detrend(order=2), ZScore()", "adapter": "RidgeAdapter(gain='total')"},
        inner_folds=4,
        inner_trials=240,
        n_shuffles=5,
        n_permutations=1000,
        seed=7,
        seconds=83.2,
    )


def _nested(among: str, cells: dict[MapCell, CellResult], sessions: Sequence[str], region: str | None = None) -> Nested:
    of = [one for cell, one in cells.items() if region in (None, cell.region)]
    ranked = sorted(of, key=lambda one: -one.measures["pairwise"].value)
    best, second = ranked[0], ranked[min(1, len(ranked) - 1)]
    found = both(best.measures["pairwise"].value - 0.004)
    return Nested(
        among=among,
        measures=found,
        by_session={session: values(both(found["pairwise"].value + 0.01 * i)) for i, session in enumerate(sessions)},
        ceiling=best.ceiling,
        controls=best.controls,
        chosen={session: (best.cell,) * 4 + (second.cell,) * 2 for session in sessions},
    )


@pytest.fixture(scope="session")
def make_map() -> Callable[..., InjectionMap]:
    """Make maps of any size; see `make`."""
    return make
