"""What was recorded while stories were heard: whose recording predictions are fitted to, and whose they are scored on.

Of several listeners of one story each is predicted by a model of the mean of all others, so that the noise of a brain
is never in its own training. A single listener of several runs is predicted by a model of the other parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .....errors import InputError, RecordingError
from ....encoder import check_responses
from ....fitted_on import run_digests
from ....gist.drift import WHOLE_RUN
from ....recordings.recording import Recording
from ....recordings.timed_words import TimedWords, check_words
from ....statistics.ceilings import noise_ceiling
from ....statistics.correlations import explained_variance, profile_correlation
from ....steps.chain import run_steps
from ....study.stories import check_lasting

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StoryRecording:
    """Recordings of stories, without drift.

    Attributes
    ----------
    truth : array (n_samples, n_listeners, n_sites)
    run : array (n_samples,)
        Of a single listener the run of each sample; several listeners heard one story.
    sites : tuple of str
    units : tuple of str
        What is an interval's unit: listeners; of a single one, runs.
    words : dict of int or str to TimedWords
        The story of each run.
    rate_hz : float
    source : str
    """

    truth: Floats
    run: NDArray
    sites: tuple[str, ...]
    units: tuple[str, ...]
    words: Mapping[Any, TimedWords]
    rate_hz: float
    source: str

    @property
    def n_listeners(self) -> int:
        return self.truth.shape[1]

    @property
    def n_shortest(self) -> int:
        """The samples of the shortest run."""
        return min(int(np.count_nonzero(self.run == run)) for run in self.words)

    @property
    def fitted_to(self) -> Floats:
        """What a model is fitted to, (n_samples, n_listeners * n_sites): each listener's others, or the only one."""
        n = self.n_listeners
        of = self.truth if n == 1 else (self.truth.sum(axis=1, keepdims=True) - self.truth) / (n - 1)
        return of.reshape(len(of), -1)

    def explained(self, predicted: NDArray) -> Floats:
        """The explained variance of each unit and site, (n_units, n_sites), of predictions shaped as the truth."""
        return np.array([explained_variance(*pair) for pair in self._pairs(predicted)])

    def correlation(self, predicted: NDArray) -> Floats:
        """The correlation of each unit and site, (n_units, n_sites); 0 of a constant prediction."""
        return np.nan_to_num([profile_correlation(*pair) for pair in self._pairs(predicted)])

    def ceiling(self) -> Floats | None:
        """The share of a listener's variance that all listeners have in common, (n_sites,); None of a single one."""
        n = self.n_listeners
        if n == 1:
            return None
        of_mean = noise_ceiling(self.truth.transpose(0, 2, 1))
        return of_mean / (n - (n - 1) * of_mean)  # Spearman and Brown, from the mean of n to one

    def _pairs(self, predicted: NDArray) -> list[tuple[NDArray, NDArray]]:
        if self.n_listeners > 1:
            return [(self.truth[:, i], predicted[:, i]) for i in range(self.n_listeners)]
        rows = [self.run == run for run in self.words]
        return [(self.truth[of, 0], predicted[of, 0]) for of in rows]


def several_listeners(recording: Recording, words: TimedWords) -> StoryRecording:
    """Several listeners of one story, a run each.

    Raises
    ------
    RecordingError
        Listeners differ in length or stand there twice, or words lie outside of the recording.
    InputError
        A site never varies.
    """
    lengths, steady = recording.run_lengths(), _steady(recording)
    story = dict.fromkeys(lengths, words)
    check_words(story, recording)
    check_lasting(story, recording)
    if len(set(lengths.values())) > 1:
        raise RecordingError(
            f"{recording.source}: expected all listeners to have as many samples, got {lengths}; cut them to the story"
        )
    first_of: dict[str, str] = {}
    for name, digest in run_digests(recording).items():
        if (other := first_of.setdefault(digest, name)) != name:
            raise RecordingError(
                f"{recording.source}: expected each listener once, but {name} and {other} have the same samples, so "
                "one would be predicted from its own brain; leave one of them out"
            )
    n = len(lengths)
    truth = steady.reshape(n, -1, recording.n_features).transpose(1, 0, 2)
    return StoryRecording(
        truth=np.ascontiguousarray(truth),
        run=np.ones(len(truth), np.intp),
        sites=recording.feature_names,
        units=tuple(map(str, lengths)),
        words={1: words},
        rate_hz=recording.rate_hz,
        source=recording.source,
    )


def one_listener(recording: Recording, words: Mapping[Any, TimedWords]) -> StoryRecording:
    """One listener, with the words of each run; errors as of `several_listeners`."""
    check_words(words, recording)
    check_lasting(dict(words), recording)
    return StoryRecording(
        truth=_steady(recording)[:, None],
        run=recording.run,
        sites=recording.feature_names,
        units=tuple(map(str, recording.runs)),
        words={run: words[run] for run in recording.runs},
        rate_hz=recording.rate_hz,
        source=recording.source,
    )


def _steady(recording: Recording) -> Floats:
    """The samples without drift, of unit variance in each run."""
    for run in recording.runs:
        try:
            check_responses(recording.data[recording.samples_of(run)], recording.feature_names)
        except InputError as error:
            raise InputError(f"run {run}: {error}") from error
    return run_steps(WHOLE_RUN.of_recording, recording).data.astype(np.float64)
