from __future__ import annotations

import pytest

from hotwire.realtime.gaps.grid import Line
from hotwire.realtime.gaps.segments import Segments

OLD, NEW = Line(0, 1000.0, 0.1), Line(500, 20.0, 0.1)


@pytest.fixture
def segments() -> Segments:
    """Samples 0 to 499 from 1000 s on; then the clock is set to 20 s."""
    segments = Segments()
    segments.begin(0, 1000.0)
    segments.begin(500, 20.0, last_stamp_s=1049.9, line=OLD)
    return segments


@pytest.mark.parametrize(
    ("stamp_s", "line"), [(20.0, NEW), (75.0, NEW), (1000.0, OLD), (1050.5, OLD), (19.0, NEW), (5000.0, NEW)]
)
def test_a_stamp_belongs_to_the_segment_that_holds_it_else_to_the_present_one(
    segments: Segments, stamp_s: float, line: Line
) -> None:
    assert segments.line_with(stamp_s, NEW) == line


@pytest.mark.parametrize(("index", "line"), [(0, OLD), (499.5, OLD), (500, NEW), (10_000, NEW), (-1, NEW)])
def test_a_sample_belongs_to_the_segment_that_it_came_in(segments: Segments, index: float, line: Line) -> None:
    assert segments.line_at(index, NEW) == line
