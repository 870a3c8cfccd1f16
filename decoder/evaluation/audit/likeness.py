"""The audit of likeness: stretches of samples in different folds that are the same but for gain, offset or some noise.

Real recordings are alike in much that is no copy: the mean of each voxel, drifts, what a label evokes, rhythms. All of
it is removed or evened out first. The rest is almost independent from number to number, and the correlation of two
stretches of it has a known distribution. `LIKE` gives the values on recordings of scanners, EEG and spikes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...recordings.recording import Recording
from .evening import (
    dimension_of,
    even_in_space,
    even_in_time,
    independent_in_time,
    runs_without_drift,
    without_labels,
    without_means,
)
from .matches import NOTHING, Floats, Matches, bits_needed, bits_of, run_codes

MOST_FEATURES = 256
MOST_FILTERED = 2_000_000
"""Numbers that are filtered in time; of more, the largest components are used, and a stretch is made longer."""
MOST_SAMPLES = 200_000
"""Longer recordings are first averaged over neighbouring samples."""
MOST_PRODUCTS = 1e9

ENOUGH = 100
"""Numbers that a stretch should have, counted as independent ones. Where a single sample has that many, samples are
compared one by one, in any order.
"""

FALSE_ALARMS = 0.001
"""How often independent recordings are reported as copies, at most, before `LIKE` is required as well."""

LIKE = 0.8
"""Two stretches with at least this correlation are copies. Stretches of different runs reached at most 0.34 in fMRI,
0.60 in EEG and 0.38 in spikes; copies with a twentieth of their standard deviation as noise reach 0.9 and more.
"""
LIKE_ALONE = 0.95
"""The same where runs are single samples: averages over repeats of the same photograph reached 0.90."""

FULL_BITS = 4.0
"""Numbers with few values, such as counts of spikes, are often the same by chance: a number counts as a whole one only
if two are the same in one of so many (as a power of two) at most.
"""

CLIPPED = 3.0
NIL = 0.02
"""If less than this share (of the standard deviation) is left, labels explain all, as in a simulation without noise."""
ROUNDING = 1e-5
"""Of a feature's largest value: float32 hardly separates a smaller variation from rounding."""


def likenesses(recording: Recording, fold: NDArray[np.intp], *, seed: int = 0) -> Matches:
    """Search for stretches that are nearly the same as one of another fold, given each sample's fold (n_samples,).

    Features and stretches are drawn at random where there are too many. Recordings that are nearly independent give no
    matches, within `FALSE_ALARMS`.
    """
    from scipy.special import stdtrit

    rng = np.random.default_rng(seed)
    code = run_codes(recording)
    per_bin = -(-recording.n_samples // MOST_SAMPLES)
    data, code, first = _binned(recording, code, per_bin, rng)
    bits = bits_of(data, code, rng)
    worth = min(1.0, bits / FULL_BITS)
    single = len(code) == code[-1] + 1
    steady = runs_without_drift(data, code)
    rest = without_labels(steady, recording, first, per_bin)
    spread, rested = steady.std(axis=0), rest.std(axis=0)
    # A constant feature leaves only rounding, which is the same in all runs.
    left = (rested > NIL * spread) & (rested > ROUNDING * np.abs(data).max(axis=0))
    rest = rest[:, left] / rested[left]
    if len(rest) < 4 or not rest.shape[1]:
        return NOTHING
    rest = even_in_space(rest)
    per_sample = in_one = worth * dimension_of(rest)
    if not single and in_one < ENOUGH:
        rest = even_in_time(rest[:, : max(1, MOST_FILTERED // len(rest))], code)
        per_sample = worth * dimension_of(rest) * independent_in_time(rest, code)
    rest = np.clip(rest / np.maximum(rest.std(axis=0), np.finfo(np.float32).tiny), -CLIPPED, CLIPPED)
    rest = np.ascontiguousarray(rest, np.float32)
    longest = int(np.bincount(code).max())
    if not per_sample:
        return NOTHING
    length = 1 if single or in_one >= ENOUGH else min(int(np.ceil(ENOUGH / per_sample)), longest // 2)
    at, best, match, own, n_compared = _best_matches(rest, code, fold[first], length, rng)
    n_free = length * per_sample
    if not n_compared or n_free <= 4 or n_free * bits / worth < bits_needed(len(rest)):
        return NOTHING
    t = -stdtrit(n_free - 2, FALSE_ALARMS / n_compared)
    certain = t / np.sqrt(n_free - 2 + t**2)
    limit = max(LIKE_ALONE if single else LIKE, certain)
    is_match = best > limit
    if np.count_nonzero(own > limit) > np.count_nonzero(is_match) / 2:
        return NOTHING  # the signal repeats itself
    return Matches(len(at), first[at[is_match]], first[match[is_match]], length * per_bin)


def evoked_by_labels(recording: Recording, matches: Matches) -> bool:
    """Whether the stretches hold only what their labels evoke: then they are no copies.

    Where the position in the run explains as much, all runs are copies of one.
    """
    code = run_codes(recording)
    data, code, first = _binned(recording, code, 1, np.random.default_rng(0))
    data = data - data.mean(axis=0)
    nil = NIL**2 * float(np.mean(data[matches.where] ** 2))
    by_label = without_labels(data, recording, first, 1)[matches.where]
    by_position = without_means(data, np.arange(len(code)) - np.searchsorted(code, code))[matches.where]
    return float(np.mean(by_label**2)) <= nil < float(np.mean(by_position**2))


def _binned(
    recording: Recording, code: NDArray[np.intp], per_bin: int, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
    """Some features, averaged over `per_bin` samples, with the run and the first sample of each average."""
    data = recording.data
    if recording.n_features > MOST_FEATURES:
        data = data[:, np.sort(rng.permutation(recording.n_features)[:MOST_FEATURES])]
    starts = np.flatnonzero(np.r_[True, np.diff(code) != 0])
    first = np.concatenate(
        [
            np.arange(a, max(a + 1, b - per_bin + 1), per_bin)
            for a, b in zip(starts, [*starts[1:], len(code)], strict=True)
        ]
    )
    if per_bin > 1:
        data = np.stack([data[np.minimum(first + i, len(data) - 1)] for i in range(per_bin)]).mean(axis=0)
    return data, code[first], first


def _best_matches(
    data: Floats, code: NDArray[np.intp], fold: NDArray[np.intp], length: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], Floats, NDArray[np.intp], Floats, int]:
    """For consecutive stretches: the best correlation with one of another fold, its position, and the best within the
    same fold, without common samples.
    """
    n, width = len(data), length * data.shape[1]
    start = np.searchsorted(code, code)
    whole = np.arange(n) + length <= np.searchsorted(code, code, side="right")
    at = np.flatnonzero(whole & ((np.arange(n) - start) % length == 0))
    most = max(50, int(MOST_PRODUCTS / (n * width)))
    at = np.sort(rng.permutation(at)[:most])
    if n < length or not len(at):
        return at[:0], np.empty(0, np.float32), at[:0], np.empty(0, np.float32), 0
    stretches = np.lib.stride_tricks.as_strided(data, (n - length + 1, width), data.strides, writeable=False)
    searched = stretches[at]
    searched = searched / np.maximum(np.linalg.norm(searched, axis=1, keepdims=True), 1e-12)
    energy = np.r_[0.0, np.cumsum(np.einsum("ij,ij->i", data, data, dtype=np.float64))]
    size = np.sqrt(np.maximum(energy[length:] - energy[:-length], 1e-12)).astype(np.float32)
    best, match, own = np.full(len(at), -1, np.float32), np.zeros(len(at), np.intp), np.full(len(at), -1, np.float32)
    at_once = max(1, 4_000_000 // max(width, len(at)))
    for begin in range(0, n - length + 1, at_once):
        part = slice(begin, min(begin + at_once, n - length + 1))
        alike = stretches[part] @ searched.T / size[part, None]
        alike[~whole[part]] = -1
        for column in np.flatnonzero((at > part.start - length) & (at < part.stop + length)).tolist():
            itself = slice(max(0, at[column] - length + 1 - begin), max(0, at[column] + length - begin))
            alike[itself, column] = -1
        here = fold[part, None] == fold[at]
        own = np.maximum(own, alike.max(axis=0, where=here, initial=-1))
        alike[here] = -1
        nearest = alike.argmax(axis=0)
        value = alike[nearest, np.arange(len(at))]
        match = np.where(value > best, nearest + begin, match)
        best = np.maximum(best, value)
    return at, best, match, own, len(at) * int(whole.sum())
