"""The results of a synthesis: what was made for each objective, and what every judge says to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...statistics.bootstrapped import Ends
from .media import Noun
from .objectives import Kind

OWN = "own prediction"


class Judged(NamedTuple):
    """Scores of an objective by one judge: of what is synthesised; of the natural stimulus that is best by the own
    prediction; and of all natural ones the best, and the 99th percentile. NaN where the judge does not know.
    """

    made: float
    natural: float
    best: float
    high: float

    @property
    def beyond_best(self) -> bool:
        return self.made > self.best

    @property
    def beyond_high(self) -> bool:
        return self.made > self.high


@dataclass(frozen=True, kw_only=True)
class Made:
    """A picture or a sound for an objective.

    Attributes
    ----------
    name : str
        The site's, or the pattern's.
    made : uint8 (side, side, 3) or float32 (n_samples,)
    natural : str
        The name of the natural picture or sound that is best by the own prediction.
    judged : dict of str to Judged
        By judge; the first is the own prediction.
    responses : dict of str to array (n_sites,)
        What each judge says of all sites.
    """

    name: str
    made: NDArray
    natural: str
    judged: Mapping[str, Judged]
    responses: Mapping[str, NDArray[np.float64]]


class Shares(NamedTuple):
    """Shares of objectives, with intervals over sites: what is synthesised for them is beyond the best natural one in
    the judge, beyond the 99th percentile; and the natural one that is best by the own prediction is beyond that.
    `gain` is the mean of the score beyond that of this natural one.
    """

    beyond_best: Ends
    beyond_high: Ends
    natural_high: Ends
    gain: Ends


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """A whole synthesis.

    Attributes
    ----------
    noun : str
        What is synthesised.
    natural_stimuli : dict of str to array
        Those that are best by a prediction, as they are shown.
    made : dict of str to list of Made
        By the kind of encoders; those after the first are controls.
    shares : dict of str to dict of str to Shares
        By judge and kind; and for what is made for another site.
    chosen : dict of str to str
        For each network the layers and the pooling of its encoder.
    fields : dict of str to array (3, n_sites)
        For each network whose encoder has receptive fields, see `hotwire.decoder.report.fields.fields_figure`.
    accuracy : dict of str to array (n_sites,)
        The correlation with the recorded responses: of the own prediction with those to held-out natural stimuli, of
        each judge with those to all natural ones.
    notes : sequence of str
        What to mind.
    """

    name: str
    kind: Kind
    sites: tuple[str, ...]
    unit: str
    n_natural: int
    noun: Noun
    natural_stimuli: dict[str, NDArray]
    made: dict[str, list[Made]]
    shares: dict[str, dict[str, Shares]]
    chosen: dict[str, str]
    fingerprints: dict[str, str]
    fields: dict[str, NDArray[np.float64]]
    accuracy: dict[str, NDArray[np.float64]]
    notes: tuple[str, ...]
    settings: dict[str, Any]
    seconds: float

    @property
    def networks(self) -> list[str]:
        """Those whose predictions are the objective."""
        return [name for name in self.chosen if name not in self.shares]
