"""The audit of onsets: do labels differ more in windows that are some seconds earlier or later than the decoder's?

Blocks are so long that a window some seconds off still holds most of the response, and then nothing else tells that a
table's onsets are off: by volumes that were dropped, by a column in another unit, or moved to the response twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...finding import Finding
from ...recordings.recording import Recording
from ...settings import Settings
from ...windows import Trials
from .label_contrast import label_contrast
from .response import DELAY_S, events_and_spans, not_applicable

MOST_S = 10.0
STEP_S = 2.5
"""Windows are moved by multiples of it, up to the most."""

LEAST_S = 4.0
"""So far off is a mistake; a window that could be better by a volume or two is a matter of taste."""

MUCH = 1.25
"""So many times the contrast says that a window is off; moving blocks of 22.5 s by 2.5 s cost a tenth of it."""

SIGNIFICANT = 0.01


def onsets_finding(
    recording: Recording, trials: Trials, settings: Settings, tried: Sequence[tuple[Trials, Settings]] = ()
) -> Finding:
    """Do labels differ more at another time? It is enough if one of the windows to choose from is at the right one.

    `trials` are those decided on by the settings; `tried` are the others to choose from. It is a warning where the
    contrast of labels is larger by `MUCH` at another time, `LEAST_S` away or more, and in so many
    runs that it is no chance.
    """
    check = "onsets"
    why = not_applicable(recording, trials)
    if why is not None:
        return Finding(check, "fine", why)
    events, spans = events_and_spans(recording, trials, settings, tried)
    own = label_contrast(recording, events, spans)
    if own is None:
        return Finding(check, "fine", "No label occurs in two runs, so onsets cannot be compared with the data.")
    first_s, stop_s = spans[int(np.argmax(own.contrasts))]
    step_s = max(1, round(STEP_S * recording.rate_hz)) / recording.rate_hz
    n_steps = int(MOST_S / step_s)
    moves_s = [n * step_s for n in range(-n_steps, n_steps + 1)]
    moved = label_contrast(recording, events, [(first_s + by_s, stop_s + by_s) for by_s in moves_s])
    assert moved is not None
    best = int(np.argmax(moved.contrasts))
    there, here = moved.contrasts[best], moved.contrasts[n_steps]
    gains = moved.by_run[best] - moved.by_run[n_steps]
    is_large = abs(moves_s[best]) >= LEAST_S and there >= MUCH * here
    if not is_large or moved.p_values[best] > SIGNIFICANT or not _is_sure(gains, len(moves_s)):
        return Finding(check, "fine", f"Labels differ nowhere within {MOST_S:g} s clearly more than in the window.")
    by_s = moves_s[best]
    how_much = f"{there / here:.2g} times as much" if here > 0.01 * there else "almost only"
    return Finding(
        check,
        "warning",
        f"Labels differ {how_much} in windows that are {abs(by_s):g} s {'later' if by_s > 0 else 'earlier'} than the "
        "decoder's. Are onsets off, by volumes that were dropped, by their unit, or because they were moved to the "
        f"response (about {DELAY_S:g} s) already, or not yet? If they are right, move the window: start_s = "
        f"{np.nanmean(first_s) + by_s:.3g}, stop_s = {np.nanmean(stop_s) + by_s:.3g}.",
    )


def _is_sure(gains: np.ndarray, n_compared: int) -> bool:
    """Whether runs agree that there is a gain, (n_runs,), for the best of so many comparisons (Student's t)."""
    from scipy.special import stdtr

    n, spread = len(gains), gains.std(ddof=1) if len(gains) > 2 else 0.0
    return bool(spread > 0 and stdtr(n - 1, -gains.mean() / spread * np.sqrt(n)) * n_compared <= SIGNIFICANT)
