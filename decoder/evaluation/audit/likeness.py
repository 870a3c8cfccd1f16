"""The audit of likeness: stretches of samples in different folds that are the same but for gain, offset or some noise.

Real recordings are alike in much that is no copy: the mean of each voxel, drifts, what a label evokes, rhythms. All of
it is taken out or evened out first, so that what remains is next to independent from number to number, and the
correlation of two stretches of it has a known distribution. What it came to on recordings of scanners, EEG and spikes
is in `LIKE`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...recordings.recording import Recording
from .samples import without_drift

MOST_FEATURES = 256
MOST_FILTERED = 2_000_000
"""Numbers that are filtered in time; of more, the largest components are kept, and a stretch is made longer."""
MOST_SAMPLES = 200_000
"""Longer recordings are averaged over neighbouring samples before."""
MOST_PRODUCTS = 1e9

ENOUGH = 100
"""Numbers that a stretch should have, counted as independent ones. Where a single sample has them, samples are compared
one by one, in whatever order they stand."""

FALSE_ALARMS = 0.001
"""How often independent recordings are taken for copies, at most, before `LIKE` is asked for as well."""

LIKE = 0.8
"""Correlation of two stretches from which on they are copies. Stretches of different runs came to at most 0.34 in fMRI,
0.60 in EEG and 0.38 in spikes; copies with a twentieth of their standard deviation as noise reach 0.9 and more."""
LIKE_ALONE = 0.95
"""The same where runs are single samples: averages over repeats of the same photograph came to 0.90."""

FULL_BITS = 4.0
"""Numbers that take few values, such as counts of spikes, are often the same by chance: a number counts as a whole one
only if two of them are the same in one of so many (as a power of two) at most."""

SURE_BITS = 30.0
"""Two stretches that are the same by chance are that much rarer (as a power of two) than one in all pairs of them."""

N_SAMPLED = 2000
HIGHEST_ORDER = 24
SMALL_COMPONENT = 0.01
SAMPLES_PER_COMPONENT = 3
NOISE_FLOOR = 0.02
"""Added to the variance before filtering in time, so that noise in a copy is not made large."""
CLIPPED = 3.0
NIL = 0.02
"""Where less than this share (of the standard deviation) is left, labels tell all, as in a simulation without noise."""
FEW_OF_GROUP = 3
ROUNDING = 1e-5
"""Of a feature's largest value: what varies less, float32 hardly tells from rounding."""

Floats = NDArray[np.float32]


class Matches(NamedTuple):
    """What came of looking for the stretches of a recording in its other folds.

    Attributes
    ----------
    n : int
        How many stretches were looked for.
    where, match : arrays (n_found,) of int
        The first sample of each stretch that was found, and of the one it was found in.
    length : int
        Of a stretch, in samples.
    """

    n: int
    where: NDArray[np.intp]
    match: NDArray[np.intp]
    length: int


NOTHING = Matches(0, np.empty(0, np.intp), np.empty(0, np.intp), 1)


def run_codes(recording: Recording) -> NDArray[np.intp]:
    """The number of each sample's run, counted from 0 in their order."""
    return np.cumsum(np.r_[False, recording.run[1:] != recording.run[:-1]])[: recording.n_samples]


def likenesses(recording: Recording, fold: NDArray[np.intp], *, seed: int = 0) -> Matches:
    """Look for stretches that are nearly the same as one of another fold.

    Parameters
    ----------
    recording : Recording
    fold : (n_samples,) array of int
        The fold that each sample is tested in.
    seed : int
        Of the features and stretches that are drawn where there are too many.

    Returns
    -------
    Matches
        Of recordings that are next to independent, as `FALSE_ALARMS` says, there are none.
    """
    from scipy.special import stdtrit

    rng = np.random.default_rng(seed)
    code = run_codes(recording)
    per_bin = -(-recording.n_samples // MOST_SAMPLES)
    data, code, first = _binned(recording, code, per_bin, rng)
    bits = bits_of(data, code, rng)
    worth = min(1.0, bits / FULL_BITS)
    single = len(code) == code[-1] + 1
    steady = _without_drift(data, code)
    rest = _without_labels(steady, recording, first, per_bin)
    spread, rested = steady.std(axis=0), rest.std(axis=0)
    # Of what does not vary, rounding is left, and that is the same in all runs.
    left = (rested > NIL * spread) & (rested > ROUNDING * np.abs(data).max(axis=0))
    rest = rest[:, left] / rested[left]
    if len(rest) < 4 or not rest.shape[1]:
        return NOTHING
    rest = _even_in_space(rest)
    per_sample = in_one = worth * dimension_of(rest)
    if not single and in_one < ENOUGH:
        rest = _even_in_time(rest[:, : max(1, MOST_FILTERED // len(rest))], code)
        per_sample = worth * dimension_of(rest) * _independent_in_time(rest, code)
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
    found = best > limit
    if np.count_nonzero(own > limit) > np.count_nonzero(found) / 2:
        return NOTHING  # the signal repeats itself
    return Matches(len(at), first[at[found]], first[match[found]], length * per_bin)


def is_told_by_labels(recording: Recording, found: Matches) -> bool:
    """Whether the stretches that were found hold nothing but what their labels evoke: then they are no copies.

    Where the place in the run tells as much, all runs are copies of one.
    """
    code = run_codes(recording)
    data, code, first = _binned(recording, code, 1, np.random.default_rng(0))
    data = data - data.mean(axis=0)
    nil = NIL**2 * float(np.mean(data[found.where] ** 2))
    by_label = _without_labels(data, recording, first, 1)[found.where]
    by_place = _without_means(data, np.arange(len(code)) - np.searchsorted(code, code))[found.where]
    return float(np.mean(by_label**2)) <= nil < float(np.mean(by_place**2))


def _binned(
    recording: Recording, code: NDArray[np.intp], per_bin: int, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
    """Some features, averaged over so many samples, with the run and the first sample of each average."""
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


def _without_drift(data: Floats, code: NDArray[np.intp]) -> Floats:
    """Without each run's mean, slope and bow; single samples without the mean of all."""
    size = np.bincount(code)
    if size.max() == 1:
        return data - data.mean(axis=0, dtype=np.float64).astype(np.float32)
    rest = np.empty_like(data)
    for start, n in zip(np.cumsum(size) - size, size, strict=True):
        part = slice(int(start), int(start + n))
        rest[part] = without_drift(data[part], 2 if n >= 8 else 0)
    return rest


def _without_labels(data: Floats, recording: Recording, first: NDArray[np.intp], per_bin: int) -> Floats:
    """Without what all samples have in common that lie as long after events of the same label."""
    events, code = recording.events, run_codes(recording)
    if not len(events):
        return data
    start = np.searchsorted(code, np.arange(code[-1] + 1))
    number = {name: i for i, name in enumerate(recording.run[start].tolist())}
    onset = start[[number[name] for name in events.run.tolist()]] + np.round(events.onset_s * recording.rate_hz)
    order = np.argsort(onset, kind="stable")
    onset, label = onset[order].astype(np.intp), np.unique(events.label, return_inverse=True)[1][order]
    newest = np.searchsorted(onset, first, side="right") - 1
    follows = (newest >= 0) & (code[np.minimum(onset[newest], len(code) - 1)] == code[first])
    since = np.where(follows, (first - onset[newest]) // per_bin, 0)
    alike = np.where(follows, label[newest] * (since.max() + 1) + since, -1)
    return np.where(follows[:, None], _without_means(data, alike), data)


def _without_means(data: Floats, group: NDArray[np.intp]) -> Floats:
    """Without the mean of their group, where it is large enough to have one."""
    _, group, count = np.unique(group, return_inverse=True, return_counts=True)
    begins = np.r_[0, np.cumsum(count)[:-1]]
    means = np.add.reduceat(data[np.argsort(group, kind="stable")], begins, axis=0) / count[:, None]
    means[count < FEW_OF_GROUP] = 0
    return data - means[group].astype(np.float32)


def _even_in_space(data: Floats) -> Floats:
    """Principal components of equal variance, the largest first."""
    covariance = np.cov(data.T).reshape(data.shape[1], -1)
    variance, directions = np.linalg.eigh(covariance)
    kept = np.flatnonzero(variance > SMALL_COMPONENT * variance.mean())[::-1][: len(data) // SAMPLES_PER_COMPONENT]
    return (data @ (directions[:, kept] / np.sqrt(variance[kept]))).astype(np.float32)


def _even_in_time(data: Floats, code: NDArray[np.intp]) -> Floats:
    """What cannot be foretold linearly from the samples just before, in all components alike."""
    from scipy.linalg import solve_toeplitz

    order = int(min(HIGHEST_ORDER, np.median(np.bincount(code)) // 4))
    if order < 1:
        return data
    shared = np.array([np.mean(data**2)] + [_product(data, code, lag) for lag in range(1, order + 1)])
    shared[0] *= 1 + NOISE_FLOOR
    weights = solve_toeplitz(shared[:-1], shared[1:]).astype(np.float32)
    rest = data.copy()
    for lag, weight in enumerate(weights, 1):
        rest[lag:] -= weight * data[:-lag] * (code[lag:] == code[:-lag])[:, None]
    rest[np.arange(len(code)) - np.searchsorted(code, code) < order] = 0  # a run's first samples have no past to go by
    return rest


def _product(data: Floats, code: NDArray[np.intp], lag: int) -> float:
    """The mean product of samples of one run that lie so far apart, as if all samples had such a partner."""
    together = code[lag:] == code[:-lag]
    return float(np.einsum("ij,ij->i", data[lag:], data[:-lag])[together].sum(dtype=np.float64)) / data.size


def bits_of(data: Floats, code: NDArray[np.intp], rng: np.random.Generator) -> float:
    """How much it tells (in bits) that two numbers of a feature are the same, or two changes of it within a run."""
    if len(data) < 3:
        return 0.0
    a, b = rng.integers(0, len(data), (2, N_SAMPLED))
    pairs = [(data[a[a != b]], data[b[a != b]])]
    changes = np.flatnonzero(code[1:] == code[:-1])
    if len(changes) > 2:
        i, j = rng.choice(changes, (2, N_SAMPLED))
        i, j = i[i != j], j[i != j]
        pairs.append((data[i + 1] - data[i], data[j + 1] - data[j]))
    of_each = []
    for one, other in pairs:
        varies = np.ptp(one, axis=0) > 0
        same = (1 + np.count_nonzero(one == other, axis=0)) / (1 + len(one))
        of_each.append(float(np.mean(-np.log2(same[varies]))) if varies.any() else 0.0)
    return min(of_each)


def bits_needed(n: int) -> float:
    """How much (in bits) two of so many stretches have to have in common, so as not to be the same by chance."""
    return 2 * float(np.log2(max(n, 2))) + SURE_BITS


def dimension_of(data: Floats) -> float:
    """How many independent components there are as good as (participation ratio)."""
    covariance = data.T @ data
    return float(np.trace(covariance) ** 2 / np.sum(covariance.astype(np.float64) ** 2))


def _independent_in_time(data: Floats, code: NDArray[np.intp]) -> float:
    """The share of samples that are as good as independent (Bartlett 1946)."""
    lags = range(1, min(2 * HIGHEST_ORDER, len(data) - 1) + 1)
    alike = np.array([_product(data, code, lag) for lag in lags]) / max(np.mean(data**2), 1e-12)
    return 1 / (1 + 2 * float(np.sum(alike**2)))


def _best_matches(
    data: Floats, code: NDArray[np.intp], fold: NDArray[np.intp], length: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], Floats, NDArray[np.intp], Floats, int]:
    """For stretches one behind the other their best correlation with any of another fold, where it is, and with any
    of their own fold that has no sample in common."""
    n, width = len(data), length * data.shape[1]
    start = np.searchsorted(code, code)
    whole = np.arange(n) + length <= np.searchsorted(code, code, side="right")
    at = np.flatnonzero(whole & ((np.arange(n) - start) % length == 0))
    most = max(50, int(MOST_PRODUCTS / (n * width)))
    at = np.sort(rng.permutation(at)[:most])
    if n < length or not len(at):
        return at[:0], np.empty(0, np.float32), at[:0], np.empty(0, np.float32), 0
    stretches = np.lib.stride_tricks.as_strided(data, (n - length + 1, width), data.strides, writeable=False)
    looked_for = stretches[at]
    looked_for = looked_for / np.maximum(np.linalg.norm(looked_for, axis=1, keepdims=True), 1e-12)
    energy = np.r_[0.0, np.cumsum(np.einsum("ij,ij->i", data, data, dtype=np.float64))]
    size = np.sqrt(np.maximum(energy[length:] - energy[:-length], 1e-12)).astype(np.float32)
    best, match, own = np.full(len(at), -1, np.float32), np.zeros(len(at), np.intp), np.full(len(at), -1, np.float32)
    at_once = max(1, 4_000_000 // max(width, len(at)))
    for begin in range(0, n - length + 1, at_once):
        part = slice(begin, min(begin + at_once, n - length + 1))
        alike = stretches[part] @ looked_for.T / size[part, None]
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
