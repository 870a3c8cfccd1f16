"""The results of a map: for each region, time, network and layer, how well the network reads what was injected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...statistics.measures import Measure
from ..session.settings import TimeRange


class MapCell(NamedTuple):
    """One position in the map."""

    region: str
    time: str
    network: str
    layer: str

    def __str__(self) -> str:
        return " · ".join(self)


@dataclass(frozen=True)
class NetworkSummary:
    """A network of the map, with its layers in the order of computation."""

    name: str
    fingerprint: str
    layers: tuple[str, ...]
    readout: str


@dataclass(frozen=True, kw_only=True)
class MapResult:
    """How well injected states are read, over all outer folds; the mean of the sessions where there are several.

    `measures` has ``"pairwise"`` and ``"candidate"``: value, chance, interval over runs and uncorrected p. `by_session`
    has each session's value of each measure, `ceiling` that of the same readout from the true activations, `controls`
    the measures of each control.
    """

    measures: dict[str, Measure]
    by_session: dict[str, dict[str, float]]
    ceiling: dict[str, float]
    controls: dict[str, dict[str, Measure]]


@dataclass(frozen=True, kw_only=True)
class CellResult(MapResult):
    """The result of one cell.

    `p_corrected` has p for each measure, corrected by the maximum over all cells of the map. `strengths` has the ridge
    strength chosen in each outer fold of each session, `at_edge` the share of them at the edge of the grid.
    """

    cell: MapCell
    p_corrected: dict[str, float]
    strengths: tuple[float, ...]
    at_edge: float


@dataclass(frozen=True, kw_only=True)
class Nested(MapResult):
    """The cell chosen in the inner folds of each outer fold, and its result on what that fold held out.

    `among` is "all cells" or a region's name. `chosen` has, for each session, the cell chosen in each outer fold.
    """

    among: str
    chosen: dict[str, tuple[MapCell, ...]]


@dataclass(frozen=True)
class SessionSummary:
    """A recording of the map: the study file's name, a short description of the recording, the findings of the audit
    for leaks (check, verdict, reason), and the noise ceiling estimated from repeats, where there are any.
    """

    name: str
    recording: str
    n_trials: int
    n_answers: int
    n_runs: int
    n_folds: int
    n_features: dict[str, int]
    findings: tuple[dict[str, str], ...]
    reliability: dict[str, Any] | None


@dataclass(frozen=True)
class InjectionMap:
    """A whole map.

    Attributes
    ----------
    cells : dict of MapCell to CellResult
        Region by region, time by time, network by network, layer by layer.
    nested, nested_by_region : Nested, dict of str to Nested
        Chosen among all cells, and among the cells of each region where there are several.
    settings : dict of str to str
        Steps, adapter, readout and so on, in words.
    seconds : float
        The time that the map took, without what was cached.
    controls_redo : {"fit", "search"}
        Whether controls chose the cells of the nested choice for themselves.
    """

    sessions: tuple[SessionSummary, ...]
    regions: tuple[str, ...]
    times: tuple[TimeRange, ...]
    networks: tuple[NetworkSummary, ...]
    cells: dict[MapCell, CellResult]
    nested: Nested
    nested_by_region: dict[str, Nested]
    settings: dict[str, str]
    inner_folds: int
    inner_trials: int
    n_shuffles: int
    n_permutations: int
    seed: int
    seconds: float
    controls_redo: str = "fit"

    def rows(self) -> Iterator[tuple[str, TimeRange, NetworkSummary]]:
        """Each line of cells along the layers of a network."""
        for region in self.regions:
            for time in self.times:
                for network in self.networks:
                    yield region, time, network

    def along(self, region: str, time: str, network: NetworkSummary) -> list[CellResult]:
        """The cells of one line, in the order of the layers."""
        return [self.cells[MapCell(region, time, network.name, layer)] for layer in network.layers]
