"""How alike the decoded and the true text are, in windows of fixed length, beside nulls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..statistics.few_nulls import z_over
from ..statistics.texts import bleu_1, stems, word_error_rate, word_overlap
from .sentence_similarity import SentenceSimilarity

Floats = NDArray[np.float64]

WINDOW_S = 20.0
EVERY_S = 1.0
SENTENCES_EVERY = 5
"""Vectors of sentences take long, and windows a second apart are nearly the same."""

SCORES: dict[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    "WER": word_error_rate,
    "BLEU-1": bleu_1,
    "stem overlap": lambda true, said: word_overlap(stems(true), stems(said)),
}
LOW_IS_GOOD = ("WER",)


class WindowScore(NamedTuple):
    """A score over all windows of a run.

    `z` is how far it is better than the nulls, see `hotwire.decoder.statistics.few_nulls.z_over`; `above` is the share
    of windows better than the nulls' 95th percentile in the same window.
    """

    value: float
    null: float
    z: float
    above: float


Scores = dict[str, WindowScore]
"""By name."""


def windows_of(middle_s: Floats, window_s: float = WINDOW_S, every_s: float = EVERY_S) -> list[slice]:
    """Return the words of each window of a run, from the first word on; windows without words are left out.

    Raises
    ------
    InputError
        The words take less time than one window.

    Examples
    --------
    >>> windows_of(np.array([0.0, 4.0, 9.0, 12.0]), window_s=10.0, every_s=1.0)
    [slice(0, 3, None), slice(1, 3, None), slice(1, 3, None)]
    """
    return same_windows(middle_s, middle_s, window_s, every_s)[0]


def same_windows(
    middle_s: Floats, said_s: Floats, window_s: float = WINDOW_S, every_s: float = EVERY_S
) -> tuple[list[slice], list[slice]]:
    """The same for a run's words, and for those that are said of it at other times; in a window there may be none.

    Examples
    --------
    >>> same_windows(np.array([0.0, 4.0, 9.0, 12.0]), np.array([3.0, 11.0]), window_s=10.0, every_s=2.0)
    ([slice(0, 3, None), slice(1, 3, None)], [slice(0, 1, None), slice(0, 2, None)])
    """
    starts = np.arange(middle_s[0], middle_s[-1] - window_s + 1e-9, every_s)
    if not len(starts):
        raise InputError(
            f"window_s: expected at most the {middle_s[-1] - middle_s[0]:g} s that the words take, got {window_s:g}"
        )
    own, others = (np.searchsorted(at, np.stack([starts, starts + window_s])).T for at in (middle_s, said_s))
    spoken = own[:, 1] > own[:, 0]
    return _slices(own[spoken]), _slices(others[spoken])


def score_windows(
    true: Sequence[str],
    texts: Mapping[str, Sequence[str]],
    nulls: Sequence[Sequence[str]],
    windows: Sequence[slice],
    sentences: SentenceSimilarity | None = None,
    said_windows: Sequence[slice] | None = None,
) -> dict[str, Scores]:
    """Compare texts with the true one, in windows: the scores of each text, by its name.

    All texts are said at the same times; where these are not the true ones, `said_windows` are theirs. A sentence
    encoder, where there is one, is asked about one window in `SENTENCES_EVERY`.
    """
    true = _plain(true)
    compared = [*map(_plain, texts.values()), *map(_plain, nulls)]
    both = list(zip(windows, windows if said_windows is None else said_windows, strict=True))
    scores: dict[str, Scores] = {name: {} for name in texts}
    for measure, score in SCORES.items():
        table = np.array([[score(true[own], text[said]) for own, said in both] for text in compared])
        _beside_nulls(scores, measure, table, -1.0 if measure in LOW_IS_GOOD else 1.0)
    if sentences is not None:
        few = both[::SENTENCES_EVERY]
        expected = [true[own] for own, _ in few]
        table = np.array([sentences.pairs([text[said] for _, said in few], expected) for text in compared])
        _beside_nulls(scores, f"{sentences.name} similarity", table, 1.0)
    return scores


def _beside_nulls(scores: dict[str, Scores], measure: str, table: Floats, sign: float) -> None:
    """Add a measure of each text, from its values (n_texts + n_nulls, n_windows)."""
    nulls = table[len(scores) :]
    means, n_nulls = nulls.mean(axis=1), len(nulls)
    null = float(means.mean()) if n_nulls else np.nan
    for of, values in zip(scores.values(), table, strict=False):
        above = (sign * values > np.percentile(sign * nulls, 95, axis=0)).mean() if n_nulls else np.nan
        of[measure] = WindowScore(float(values.mean()), null, z_over(sign * values.mean(), sign * means), float(above))


def _plain(words: Sequence[str]) -> list[str]:
    return [word.lower() for word in words]


def _slices(edges: NDArray[np.intp]) -> list[slice]:
    return [slice(first, stop) for first, stop in edges.tolist()]
