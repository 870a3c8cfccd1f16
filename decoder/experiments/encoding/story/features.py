"""The features of a story's samples in three bands: nuisance, position in time, a layer of the language model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .....adapters.other.delays import delayed
from .....adapters.unit_blocks import scores_of
from .....models.networks.language.reading import WordsRead
from ....gist.drift import WHOLE_RUN
from ....gist.lanczos import sample_of
from ....gist.story import Story, principal_components
from ..predictors import WIDTHS, positions
from .settings import StorySettings
from .story_recording import Floats, StoryRecording

NUISANCE, POSITION, LAYER = "nuisance", "position", "layer"
POSITION_ROWS = 10.0
"""The position's features have as much variance in all as so many features of unit variance."""

Known = Mapping[Any, WordsRead]
"""What a network makes of the words of each run."""


@dataclass(frozen=True, eq=False)
class StoryFeatures:
    """Features of all samples of a recording.

    Attributes
    ----------
    recorded : StoryRecording
    known : mapping of int or str to WordsRead
        What the language model makes of the words of each run, for surprisal.
    settings : StorySettings
    frequency : dict of int or str to array (n_words,), or None
        How usual each word is.
    more : array (n_samples, n), or None
        More nuisance features, of samples, which are not delayed.
    """

    recorded: StoryRecording
    known: Known
    settings: StorySettings
    frequency: Mapping[Any, Floats] | None = None
    more: Floats | None = None

    def nuisance(self, train: NDArray[np.intp]) -> Floats:
        """Nuisance features, delayed (n_samples, n_delays * n), scaled by samples of training."""
        whole = np.concatenate([story.nuisance() for story in self._stories.values()])
        table = self._delayed(whole, train)
        return table if self.more is None else np.hstack([table, scaled(self.more, train)])

    @cached_property
    def position(self) -> Floats:
        """The place of each sample in its run alone: numbers with the inner products of Gaussians of all widths."""
        of_widths = [positions(self.recorded.run, width) for width in WIDTHS]
        found = scores_of(np.sum([one @ one.T for one in of_widths], axis=0))
        size = np.linalg.norm(found - found.mean(axis=0))
        return found * np.sqrt(POSITION_ROWS * len(found)) / size

    def language(self, known: Known, layer: str, train: NDArray[np.intp], shift: int = 0) -> Floats:
        """Principal components of a layer, delayed (n_samples, n_delays * n_components).

        Components and scales are of words and samples of training. With a `shift` each run's text is put so many
        samples later; its end comes first.
        """
        stories = self._stories
        n_words = [len(story.words) for story in stories.values()]
        near = [np.rint(sample_of(story.words.middle_s, story.rate_hz)) for story in stories.values()]
        states = np.concatenate([known[run].states[layer] for run in stories])
        of = np.concatenate([np.isin(at, places) for at, places in zip(near, self._places(train), strict=True)])
        components = principal_components(states, of, self.settings.n_components)
        parts = np.split(components, np.cumsum(n_words)[:-1])
        tables = [story.to_samples(part) for story, part in zip(stories.values(), parts, strict=True)]
        return self._delayed(np.concatenate([np.roll(table, shift, axis=0) for table in tables]), train)

    @cached_property
    def _stories(self) -> dict[Any, Story]:
        recorded = self.recorded
        return {
            run: Story(
                words,
                self.known[run],
                int(np.count_nonzero(recorded.run == run)),
                recorded.rate_hz,
                frequency=None if self.frequency is None else self.frequency[run],
            )
            for run, words in recorded.words.items()
        }

    def _places(self, train: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """The samples of training in each run, counted from the run's first."""
        starts = [np.flatnonzero(self.recorded.run == run)[0] for run in self._stories]
        of_runs = [train[self.recorded.run[train] == run] for run in self._stories]
        return [of - start for of, start in zip(of_runs, starts, strict=True)]

    def _delayed(self, table: Floats, train: NDArray[np.intp]) -> Floats:
        """Delayed, and without drift, as the recording is: a linear step of both leaves the weights between them."""
        whole = delayed(scaled(table, train), self.settings.delays, self.recorded.run)
        parts = [whole[self.recorded.run == run] for run in self._stories]
        return np.concatenate([WHOLE_RUN.out_of_story(part, self.recorded.rate_hz) for part in parts])


def scaled(table: Floats, train: NDArray[np.intp]) -> Floats:
    """Features (n_samples, n) of mean 0 and variance 1 over samples of training; constant ones become 0."""
    size = table[train].std(axis=0)
    return (table - table[train].mean(axis=0)) / np.where(size > 0, size, np.inf)
