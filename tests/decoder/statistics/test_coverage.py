"""What intervals and p values hold, on a few recordings: the short form of ``benchmarks/intervals.py``."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def intervals(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("intervals")


@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_intervals_cover_and_p_is_even(intervals: Any, strength: float) -> None:
    """Of two hundred recordings; the bootstrap of before covered 0.81 (accuracy) and 0.71 (AUC) of those of noise."""
    of = intervals.Population(8, 2, False, strength)
    for found in intervals.coverage(of, 200, 99, 3).values():
        assert found["covered"] >= 0.9
        assert found.get("ks", 1.0) > 0.01
        assert found.get("below_0.05", 0.05) <= 0.1


def test_accuracy_among_eight_classes_and_unequal_ones(intervals: Any) -> None:
    eight = intervals.coverage(intervals.Population(8, 8, False, 2.0), 150, 1, 3)
    assert all(found["covered"] >= 0.89 for found in eight.values())
    unequal = intervals.coverage(intervals.Population(8, 2, True, 0.0), 150, 99, 3)["auc"]
    assert unequal["covered"] >= 0.89
    assert unequal["ks"] > 0.01


def test_refits_and_maps(intervals: Any) -> None:
    assert intervals.refits(100, 19)["ks"] > 0.01
    assert intervals.maps(60, 1) <= 0.15


def test_evaluations_of_noise(intervals: Any) -> None:
    found = intervals.evaluated(12)["candidate"]
    assert found["covered"] >= 0.75
    assert found["below_0.05"] <= 0.25
