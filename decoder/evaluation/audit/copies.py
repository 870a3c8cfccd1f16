"""The audit of copies: samples of one fold that another fold also has, exactly or nearly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...finding import NEGLIGIBLE, Finding
from ...recordings.events import listed
from ...recordings.recording import Recording
from ...windows import Trials
from .evening import SMALL_COMPONENT
from .likeness import evoked_by_labels, likenesses
from .matches import N_SAMPLED, NOTHING, Matches, bits_needed, bits_of, run_codes

MOST_NUMBERS = 20_000_000
"""In larger recordings only some features are compared."""
MOST_FEATURES = 1000

DEPENDENT = 2.0
"""Consecutive samples carry this many times fewer bits than independent ones."""


def copies_finding(recording: Recording, trials: Trials, fold_of: Mapping[Any, int]) -> Finding:
    """Do samples or whole trials occur in several folds?"""
    check = "copies"
    code = run_codes(recording)
    starts = np.searchsorted(code, np.arange(code[-1] + 1)) if len(code) else code
    names = recording.run[starts].tolist()
    of_run = np.array([fold_of.get(name, -1) for name in names], np.intp)
    if len(np.unique(of_run)) < 2:
        return Finding(check, "fine", "There is a single fold, so nothing to compare.")
    fold = of_run[code]
    same = repeats(recording, fold)
    if len(same.where) and evoked_by_labels(recording, same):
        same = NOTHING
    matches, how = same, "the same, number by number"
    share = _share_of_trials(same, trials, names, starts, recording) if len(same.where) else 0.0
    if not len(same.where):
        matches, how = likenesses(recording, fold), "the same but for scale, offset or a little noise"
        share = len(matches.where) / max(1, matches.n)
    if not len(matches.where) or evoked_by_labels(recording, matches):
        return Finding(check, "fine", "No stretch of samples occurs in two folds.")
    pairs = Counter(zip(code[matches.where].tolist(), code[matches.match].tolist(), strict=True))
    run_pairs = dict.fromkeys(tuple(sorted(pair)) for pair, _ in pairs.most_common())
    examples = listed([f"{names[a]} and {names[b]}" for a, b in run_pairs], 3)
    what = f"{100 * share:.1f} % of the trials" if matches is same else f"{100 * share:.1f} % of the stretches compared"
    return Finding(
        check,
        "leak" if share > NEGLIGIBLE else "warning",
        f"Samples of runs in different folds are {how}: {what} (runs {examples}).",
    )


def repeats(recording: Recording, fold: NDArray[np.intp]) -> Matches:
    """Stretches of samples that are exactly the same as one of another fold.

    A stretch is so long that two are the same by chance in one of a billion recordings (`bits_needed`), given how often
    two numbers of a feature, and two changes of it, are the same. Where stretches are repeated as often within folds (a
    signal that is held, repeats itself or has no noise), they are no sign of copies.
    """
    code = run_codes(recording)
    rng = np.random.default_rng(0)
    n, d = recording.data.shape
    most = max(1, min(MOST_FEATURES, MOST_NUMBERS // max(1, n)))
    data = recording.data if d <= most else recording.data[:, np.sort(rng.permutation(d)[:most])]
    bits = _bits_of_sample(data, code, rng)
    longest = int(np.bincount(code).max())
    needed = (1.0 if longest == 1 else DEPENDENT) * bits_needed(n)
    if bits * longest < needed:
        return NOTHING
    length = int(np.ceil(needed / bits))
    marks = _marks(data, length, rng)
    whole = code[: len(marks)] == code[length - 1 :]
    at = np.flatnonzero(whole)
    order = np.lexsort((at, marks[at]))
    at, mark = at[order], marks[at][order]
    again = mark[1:] == mark[:-1]
    across = again & (fold[at[1:]] != fold[at[:-1]])
    within = again & (fold[at[1:]] == fold[at[:-1]]) & (at[1:] - at[:-1] >= length)
    if not across.any() or within.sum() > across.sum() / 2:
        return NOTHING
    one, other = at[:-1][across], at[1:][across]
    return Matches(len(at), np.r_[one, other], np.r_[other, one], length)


def _bits_of_sample(data: NDArray[np.float32], code: NDArray[np.intp], rng: np.random.Generator) -> float:
    """Information (in bits) of two samples being the same; a feature that others predict counts less."""
    some = data[rng.integers(0, len(data), N_SAMPLED)].astype(np.float64)
    some -= some.mean(axis=0)
    spread = some.std(axis=0)
    some = some[:, spread > 0] / spread[spread > 0]
    if not some.size:
        return 0.0
    variance = np.linalg.svd(some[:, :N_SAMPLED], compute_uv=False) ** 2
    return np.count_nonzero(variance > SMALL_COMPONENT * variance.mean()) * bits_of(data, code, rng)


def _marks(data: NDArray[np.float32], length: int, rng: np.random.Generator) -> NDArray[np.uint64]:
    """A number for the content of each stretch of this length, the same for the same content."""
    odd = rng.integers(0, 2**63, data.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    of_sample = np.empty(len(data), np.uint64)
    at_once = max(1, 4_000_000 // max(1, data.shape[1]))
    for first in range(0, len(data), at_once):
        part = np.ascontiguousarray(data[first : first + at_once] + np.float32(0))  # -0.0 is 0.0
        mixed = part.view(np.uint32).astype(np.uint64)
        mixed = (mixed ^ (mixed >> np.uint64(15))) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        of_sample[first : first + at_once] = (mixed * odd).sum(axis=1, dtype=np.uint64)
    of_sample ^= of_sample >> np.uint64(31)
    # A polynomial in `base` over the stretch, of doubling lengths.
    base = int(rng.integers(0, 2**62)) * 2 + 1
    marks, done = np.zeros(len(data) + 1, np.uint64), 0
    power, power_base = of_sample, base
    remaining, step = length, 1
    while remaining:
        if remaining & 1:
            n = len(data) - done - step + 1
            marks = marks[:n] * np.uint64(power_base) + power[done : done + n] if done else power[:n].copy()
            done += step
        remaining >>= 1
        if remaining:
            power = power[:-step] * np.uint64(power_base) + power[step:]
            power_base, step = power_base * power_base % 2**64, 2 * step
    return marks


def _share_of_trials(
    matches: Matches, trials: Trials, names: list[Any], starts: NDArray[np.intp], recording: Recording
) -> float:
    """The share of trials with at least half of their samples in such a stretch."""
    border = np.zeros(recording.n_samples + 1, np.intp)
    np.add.at(border, matches.where, 1)
    np.add.at(border, np.minimum(matches.where + matches.length, recording.n_samples), -1)
    before = np.r_[0, np.cumsum(np.cumsum(border)[:-1] > 0)]
    number = {name: i for i, name in enumerate(names)}
    start = starts[[number[name] for name in trials.run.tolist()]]
    first = np.minimum(start + np.round(trials.start_s * recording.rate_hz).astype(np.intp), recording.n_samples - 1)
    stop = start + np.round(trials.stop_s * recording.rate_hz).astype(np.intp)
    stop = np.clip(stop, first + 1, recording.n_samples)
    return float(np.mean(before[stop] - before[first] >= (stop - first) / 2))
