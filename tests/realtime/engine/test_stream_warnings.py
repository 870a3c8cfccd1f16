"""What ails a stream is said once, with its cause."""

from __future__ import annotations

import numpy as np

from hotwire.realtime.sources.scripted import At, Samples

from ..scenes import RATE_HZ, ROWS, N, chunks, marker, markers, run


def test_a_burst_whose_samples_are_stamped_when_they_are_pushed_is_explained_once():
    script = []
    for first in range(0, N, 20):  # 0.4 s of samples pushed at once, each stamped by the clock
        at_s = (first + 20) / RATE_HZ
        script.append(At(at_s, Samples(ROWS[first : first + 20], at_s + np.arange(20) * 1e-4)))
    ran = run(script)
    said = [status.why for status in ran.kept.statuses if "taken for repeats" in status.why]
    assert len(said) == 1
    assert "push whole chunks" in said[0]
    assert ran.losses["duplicated"] + ran.losses["reordered"] > N / 2


def test_an_even_stream_and_one_with_few_repeats_need_no_explanation():
    twice = sorted([*chunks(), *chunks(200, 210, late_s=0.001), *markers()], key=lambda at: at.time_s)
    ran = run(twice)
    assert ran.losses["duplicated"] == 10
    assert not [status.why for status in ran.kept.statuses if "taken for repeats" in status.why]


def test_markers_of_another_clock_are_explained_once():
    late = [marker(100 * k + 20 * RATE_HZ, 100 * k) for k in range(1, 5)]  # stamped 20 s ahead
    ran = run([*chunks(), *late])
    said = [status.why for status in ran.kept.statuses if "ahead of the newest sample" in status.why]
    assert len(said) == 1
    assert "is stamped 20 s ahead" in said[0]
    assert "LSL's clock" in said[0]
