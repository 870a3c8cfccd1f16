"""What the decoding of held-out runs found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...gist.fitting import GistSettings
from ...gist.meter import DISTINGUISHABLE
from ...gist.window_identification import Identified
from ...gist.window_scores import Scores


class Evidence(NamedTuple):
    """How many nats the best text explains a run better than words that are not known, and what it is at other times.

    At other times, the same samples were moved in a circle, so that what they answer to is not what is decoded. The
    true words are not needed.
    """

    value: float
    at_other_times: tuple[float, ...]

    @property
    def z(self) -> float:
        """How far it is above those at other times, in their standard deviations; NaN with fewer than two."""
        if len(self.at_other_times) < 2:
            return float("nan")
        return float((self.value - np.mean(self.at_other_times)) / np.std(self.at_other_times, ddof=1))

    @property
    def distinguishable(self) -> bool:
        """Whether the text can be told from what the language model alone would say."""
        return self.z >= DISTINGUISHABLE


@dataclass(frozen=True)
class DecodedRun:
    """One held-out run.

    `scores` are of the decoded text beside nulls, `controls` of other texts. `coverage` is the
    share of true words that the decoder may say.
    """

    run: int | str
    true: list[str]
    said: list[str]
    middle_s: list[float]
    scores: Scores
    controls: dict[str, Scores]
    identified: Identified
    evidence: Evidence
    coverage: float


@dataclass(frozen=True)
class GistResult:
    """All held-out runs, and how well words predict the voxels that were kept.

    `identified_by` is the score by which windows are identified.
    """

    network: str
    settings: GistSettings
    recording: str
    synthetic: bool
    fitted_runs: tuple[int | str, ...]
    n_training_words: int
    n_vocabulary: int
    correlations: tuple[float, ...]
    autocorrelation: float
    n_nulls: int
    identified_by: str
    runs: tuple[DecodedRun, ...]

    @property
    def sum_of_squares(self) -> float:
        """Of the correlations, those below 0 taken as 0: what the recording tells of words grows with it."""
        return float((np.maximum(self.correlations, 0.0) ** 2).sum())
