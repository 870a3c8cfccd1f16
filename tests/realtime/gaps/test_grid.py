from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hotwire.realtime.gaps.grid import Grid, Line


def feed(grid: Grid, stamps: NDArray[np.floating], first: int = 0) -> list[int]:
    """Put stamps into whole blocks; returns what each said is missing."""
    said = []
    while len(stamps):
        part = stamps[: grid.n_open]
        grid.add(*grid.residuals(part.astype(np.float64), first))
        stamps, first = stamps[len(part) :], first + len(part)
        if not grid.n_open:
            said.append(grid.close())
            first += said[-1]
    return said


def test_a_line_and_its_inverse() -> None:
    line = Line(10, 5.0, 0.5)
    assert line.stamp_of(14) == 7.0
    assert line.index_at(7.0) == 14.0


@pytest.mark.parametrize("rate_hz", [0.4, 100.0, 5000.0])
@pytest.mark.parametrize("error", [-0.005, 0.0, 0.005])
def test_the_first_block_tells_the_rate(rate_hz: float, error: float) -> None:
    grid = Grid(rate_hz)
    grid.begin(0, 100.0)
    period_s = (1 + error) / rate_hz
    assert feed(grid, 100 + np.arange(grid.n_block) * period_s) == [0]
    assert grid.line.period_s == pytest.approx(period_s, rel=1e-9)
    assert grid.tolerance_s == pytest.approx(0.51 / rate_hz)


def test_a_rate_that_is_off_by_more_than_a_hundredth_is_a_loss() -> None:
    grid = Grid(100.0)
    grid.begin(0, 0.0)
    said = feed(grid, np.arange(2000) * 0.0103)
    assert grid.line.period_s == pytest.approx(0.0101)
    assert sum(said) == pytest.approx(0.02 * 2000, rel=0.15)


def test_the_tolerance_follows_the_jitter_within_its_bounds() -> None:
    rng = np.random.default_rng(0)
    for jitter_s, low, high in [(0.0, 0.51e-3, 0.51e-3), (0.002, 0.005, 0.011), (0.2, 0.1, 0.1)]:
        grid = Grid(1000.0)
        grid.begin(0, 0.0)
        assert grid.tolerance_s == 0.05
        feed(grid, np.arange(5000) / 1000 + rng.uniform(-jitter_s, jitter_s, 5000))
        assert low - 1e-9 <= grid.tolerance_s <= high + 1e-9


def test_the_line_is_better_than_its_stamps() -> None:
    grid = Grid(250.0)
    stamps = np.arange(10_000) / 250.0
    jitter = np.random.default_rng(0).normal(0, 0.002, len(stamps))
    grid.begin(0, float(stamps[0] + jitter[0]))
    assert set(feed(grid, stamps + jitter)) == {0}
    assert abs(grid.line.stamp_of(9_999) - stamps[-1]) < 0.0006
    assert grid.line.period_s == pytest.approx(0.004, rel=2e-5)


@pytest.mark.parametrize("n_missing", [2, -2])
def test_a_step_below_the_tolerance_is_told_of_and_moves_no_line(n_missing: int) -> None:
    rng = np.random.default_rng(0)
    grid = Grid(1000.0)
    grid.begin(0, 0.0)
    true = np.arange(20_000)
    true[10_000:] += n_missing
    said = feed(grid, true / 1000 + rng.uniform(-0.003, 0.003, len(true)))
    assert said[:10] == [0] * 10
    assert said[10] == n_missing
    assert sum(said) == n_missing


def test_a_clock_that_was_set_keeps_what_was_learned() -> None:
    grid = Grid(100.0)
    grid.begin(0, 0.0)
    feed(grid, np.arange(500) * 0.01005)
    grid.shift(500, -3.0)
    assert grid.line == pytest.approx(Line(500, -3.0, 0.01005))
    assert grid.tolerance_s == pytest.approx(0.0051)
    grid.begin(500, 0.0)
    assert grid.line == Line(500, 0.0, 0.01)
    assert grid.tolerance_s == 0.05
