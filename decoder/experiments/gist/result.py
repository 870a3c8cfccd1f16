"""What the decoding of held-out runs found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...gist.coverage import Coverage
from ...gist.decode_run import Decoded
from ...gist.fitting import GistSettings
from ...gist.meter import DISTINGUISHABLE, times_too_strong
from ...gist.passage_scores import Retrieved
from ...gist.window_identification import Identified
from ...gist.window_scores import Scores
from ...gist.word_rate_fit import RateScore
from ...statistics.few_nulls import z_over
from .ceilings import Ceilings


@dataclass(frozen=True)
class Evidence:
    """How many nats the best text explains a run better than words that are not known, and what it is on surrogates.

    The surrogates are the run's own samples with random phases; the true words are not needed. `gains` and
    `gains_on_surrogates` are the same over each stretch of `METER_WORDS` words, as a live meter has it. `strength` is
    the largest mean square of the run's whitened samples over as many, and `strongest_surrogate` that of surrogates.
    """

    value: float
    on_surrogates: tuple[float, ...]
    n_words: int
    gains: tuple[float, ...]
    gains_on_surrogates: tuple[float, ...]
    strength: float = 1.0
    strongest_surrogate: float = 1.0

    @classmethod
    def of(cls, own: Decoded, surrogates: Sequence[Decoded]) -> Evidence:
        """From a run that was decoded, and its surrogates."""
        return cls(
            own.evidence,
            tuple(one.evidence for one in surrogates),
            len(own.said),
            tuple(own.gains),
            tuple(gain for one in surrogates for gain in one.gains),
            own.strength,
            max(one.strength for one in surrogates),
        )

    @property
    def z(self) -> float:
        """How far it is above those on surrogates, see `hotwire.decoder.statistics.few_nulls.z_over`."""
        return z_over(self.value, self.on_surrogates)

    def z_of(self, decoded: Decoded) -> float | None:
        """The same for another recording of the same words, by the same decoder; None where it is too strong."""
        is_usual = times_too_strong(decoded.strength, self.strongest_surrogate) is None
        return z_over(decoded.evidence, self.on_surrogates) if is_usual else None

    @property
    def times_too_strong(self) -> float | None:
        """How many times as strong as surrogates the run is at times; None where that is no more than usual."""
        return times_too_strong(self.strength, self.strongest_surrogate)

    @property
    def distinguishable(self) -> bool:
        """Whether the text can be told from what the language model alone would say."""
        return self.z >= DISTINGUISHABLE and self.times_too_strong is None

    @property
    def stretches(self) -> float:
        """The share of stretches whose text can be told; NaN where there is none of so many words."""
        if not self.gains:
            return float("nan")
        return float(np.mean([z_over(gain, self.gains_on_surrogates) >= DISTINGUISHABLE for gain in self.gains]))


class DecodedControl(NamedTuple):
    """Scores of a control's text; `z` is its evidence as the decoder's own.

    It is None where the control has another model, or samples too strong to be compared. `retrieved` is how well its
    brain finds the passage, None where it has none.
    """

    scores: Scores
    z: float | None
    retrieved: Retrieved | None = None


@dataclass(frozen=True)
class DecodedRun:
    """One held-out run.

    True words are said at `middle_s`, decoded ones at `said_s`; `rate` is how well the brain tells how fast is spoken.
    `scores` are of the decoded text beside nulls, `controls` of other texts, by name. Of the true words, `coverage` has
    the shares that the decoder may say and is offered. `retrieved` needs no decoded text. In the end the beam's texts
    differ in `n_drafted` words.
    """

    run: int | str
    true: list[str]
    said: list[str]
    middle_s: list[float]
    said_s: list[float]
    rate: RateScore
    scores: Scores
    controls: dict[str, DecodedControl]
    identified: Identified
    retrieved: Retrieved
    evidence: Evidence
    coverage: Coverage
    n_drafted: int


@dataclass(frozen=True)
class GistResult:
    """All held-out runs, and how well words predict the voxels that were kept, by a map of `n_directions`.

    `identified_by` is the score by which windows are identified. `controls_left_out` are those that were not asked for.
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
    together: bool
    """Whether one map of few directions was fitted to all voxels, rather than a ridge to each."""
    n_directions: int
    n_nulls: int
    word_times: str
    controls_left_out: tuple[str, ...]
    identified_by: str
    runs: tuple[DecodedRun, ...]
    ceilings: Ceilings | None = None
    """Of several listeners of one story."""

    @property
    def sum_of_squares(self) -> float:
        """Of the correlations, those below 0 taken as 0: what the recording tells of words grows with it."""
        return float((np.maximum(self.correlations, 0.0) ** 2).sum())
