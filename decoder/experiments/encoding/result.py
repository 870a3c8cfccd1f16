"""The results of an encoding: for each region and time, how well layers and controls predict its sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...statistics.bootstrapped import Ends
from ...statistics.hierarchy import Rise
from ..session.settings import TimeRange

FIELD_COLUMNS = ("field from the top", "field from the left", "width of the field")
"""Of a site's receptive field the centre and the standard deviation, in parts of the picture."""


class EncodingScore(NamedTuple):
    """Medians over sites: the explained share (of the ceiling, if that is known), the correlation r of predicted and
    recorded responses, and the squared correlation without the bias of noise (None without repeats).
    """

    explained: Ends
    r: float
    unbiased_r2: float | None


@dataclass(frozen=True, kw_only=True)
class RegionEncoding:
    """One region at one time.

    Attributes
    ----------
    ceiling : float or None
        The reliability of the average over repeats, median over sites; None without repeats.
    rows : dict of str to EncodingScore
        The layer that was chosen for the region within the training of each fold; then every control.
    gains : dict of str to Ends
        The first row's explained share minus that of each other one.
    unique : Ends or None
        What the chosen layers explain beyond nuisance; None where stimuli have no nuisance features.
    layers, untrained : dict of (network, layer) to EncodingScore
        Each layer by itself; the mean over all networks with random weights.
    pls : dict of (network, layer) to EncodingScore
        By partial least squares, if it is asked for.
    chosen : dict of (network, layer) to float
        In what share of folds the layer was chosen.
    beside : dict of str to dict of str to EncodingScore
        The rows where folds hold out in another way.
    of_sites : dict of str to array (n_sites,)
        For each site, by the chosen layers: ``explained``, ``r``, ``ceiling``; and where its receptive field lies, mean
        over folds: `FIELD_COLUMNS`.
    """

    session: str
    region: str
    time: TimeRange
    sites: tuple[str, ...]
    ceiling: float | None
    rows: dict[str, EncodingScore]
    gains: dict[str, Ends]
    unique: Ends | None
    layers: dict[tuple[str, str], EncodingScore]
    untrained: dict[tuple[str, str], EncodingScore]
    pls: dict[tuple[str, str], EncodingScore]
    chosen: dict[tuple[str, str], float]
    beside: dict[str, dict[str, EncodingScore]]
    of_sites: dict[str, NDArray[np.float64]]

    @property
    def fields(self) -> NDArray[np.float64] | None:
        """Where each site's receptive field lies (3, n_sites), see `FIELD_COLUMNS`, if there are such fields."""
        known = [self.of_sites[name] for name in FIELD_COLUMNS if name in self.of_sites]
        return np.array(known) if known else None

    @property
    def best(self) -> EncodingScore:
        """The nested choice."""
        return next(iter(self.rows.values()))


@dataclass(frozen=True, kw_only=True)
class Hierarchy:
    """Whether later regions are predicted best by deeper layers of a network.

    `regions` has each region's stage, and its depth: the place of the best single layer among all, 0 to 1, chosen
    within the training of each fold, mean over folds.
    """

    session: str
    time: TimeRange
    network: str
    regions: dict[str, tuple[int, float]]
    rise: Rise


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """A whole encoding; `sessions` says of each study its recording, stimuli, groups and what to mind."""

    sessions: tuple[dict[str, Any], ...]
    networks: dict[str, tuple[str, ...]]
    fingerprints: dict[str, str]
    regions: tuple[RegionEncoding, ...]
    hierarchies: tuple[Hierarchy, ...] = ()
    settings: dict[str, Any]
    seconds: float

    @property
    def whole(self) -> RegionEncoding:
        """The first region of the first session at the time that explains most."""
        first = self.regions[0]
        same = [one for one in self.regions if (one.session, one.region) == (first.session, first.region)]
        return max(same, key=lambda one: np.nan_to_num(one.best.explained.value, nan=-1.0))

    def name(self, one: RegionEncoding) -> str:
        """Session, region and time, as far as there are several."""
        several = {what: len({getattr(of, what) for of in self.regions}) > 1 for what in ("session", "region", "time")}
        parts = {"session": one.session, "region": one.region, "time": one.time.name}
        return " · ".join(text for what, text in parts.items() if several[what]) or one.region
