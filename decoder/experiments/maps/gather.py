"""From the results of a map's jobs to the map: every cell with interval, p, ceiling and controls; the nested choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...evaluation.threads import progress
from ...statistics.chance import Chance, chance_of, mean_chance
from ...statistics.intervals import Counts
from ...statistics.measures import counts_of
from ...statistics.sampled import OF_CELLS, Maximum, Sampled, Sampler, mean_of, tables_by_trial
from ..kernel.cache import ArrayCache, Arrays
from .cells import CEILING, DECODER, MapJob, MapLayer, cells_of, entry_of, inner_of
from .result import CellResult, MapCell, Nested
from .session import MapSession

Tables = dict[str, NDArray[np.float64]]
Samples = dict[str, dict[str, Sampled]]
"""By injected states ("decoder", "ceiling", a control) and measure."""

ALL = "all cells"


@dataclass(frozen=True)
class Gathered:
    """A session with the results of its jobs."""

    session: MapSession
    cache: ArrayCache

    @cached_property
    def sampler(self) -> Sampler:
        return Sampler(self.session.trials.run, self.session.orders)

    @cached_property
    def cells(self) -> list[MapCell]:
        return cells_of(self.session)

    def inner(self, name: str) -> NDArray[np.float64]:
        """Pairwise accuracy in the inner folds, (n_cells, [n_repeats,] n_folds), by its name in the results."""
        return np.stack([self.result(cell)[name] for cell in self.cells])

    def result(self, job: MapJob) -> Arrays:
        return self.cache.get(entry_of(self.session, job))

    def chance(self, network: str) -> dict[str, Chance]:
        truth, n_classes = self.session.truth(network), len(self.session.networks[network].targets.answers)
        return {name: chance_of(name, truth, n_classes) for name in OF_CELLS}

    def counts(self, networks: Iterable[str]) -> dict[str, Counts]:
        """What each measure counts: comparisons if any of the networks has more than two classes."""
        truths = [self.session.truth(network) for network in networks]
        each = {name: {counts_of(name, truth) for truth in truths} for name in OF_CELLS}
        return {name: "comparisons" if "comparisons" in of else "decisions" for name, of in each.items()}

    def tables(self, cell: MapCell) -> dict[str, Tables]:
        """What each trial would count under each trial's class; the mean of several repeats."""
        truth = self.session.truth(cell.network)
        scores = self.result(cell) | self.result(MapLayer(cell.network, cell.layer))
        injected = [DECODER.name, CEILING.name, *self.session.settings.controls]
        tables = {}
        for what in (what for what in injected if what in scores):
            repeats = [tables_by_trial(one, truth) for one in scores[what]]
            tables[what] = {name: np.mean([one[name] for one in repeats], axis=0) for name in OF_CELLS}
        return tables

    def cell(self, cell: MapCell) -> Samples:
        """The result of one cell."""
        return self.sampled(self.tables(cell), self.chance(cell.network), [cell.network])

    def sampled(self, tables: dict[str, Tables], chance: dict[str, Chance], networks: Iterable[str]) -> Samples:
        counts = self.counts(networks)
        return {
            what: {name: self.sampler.sampled(table, chance[name], counts[name]) for name, table in of.items()}
            for what, of in tables.items()
        }

    def choose(self, among: str) -> list[MapCell]:
        """For each outer fold the best cell in its inner folds; the first of equally good ones."""
        return self._best(among, self.inner("inner"))

    def nested(self, chosen: Sequence[MapCell], among: str) -> Samples:
        """The result of each fold's chosen cell on what that fold held out.

        Controls that choose for themselves are read at their own cells, chosen among the same.
        """
        tables = self._of_chosen(chosen, self.tables)
        for control in self.session.searching:
            repeats = np.moveaxis(self.inner(inner_of(control.name)), 1, 0)
            each = [self._of_repeat(control.name, i, self._best(among, one)) for i, one in enumerate(repeats)]
            tables[control.name] = {name: np.mean([one[name] for one in each], axis=0) for name in OF_CELLS}
        # If only some of the chosen cells have a control, rows of it are missing.
        whole = {what: of for what, of in tables.items() if not any(np.isnan(one).any() for one in of.values())}
        chances = [self.chance(cell.network) for cell in chosen]
        sizes = [len(split.test) for split in self.session.outer]
        chance = {name: mean_chance([one[name] for one in chances], sizes) for name in OF_CELLS}
        return self.sampled(whole, chance, {cell.network for cell in chosen})

    def _best(self, among: str, inner: NDArray[np.float64]) -> list[MapCell]:
        rows = [i for i, cell in enumerate(self.cells) if among in (ALL, cell.region)]
        return [self.cells[rows[int(best)]] for best in np.argmax(inner[rows], axis=0)]

    def _of_repeat(self, control: str, repeat: int, chosen: Sequence[MapCell]) -> Tables:
        def tables(cell: MapCell) -> dict[str, Tables]:
            scores = self.result(cell)[control][repeat]
            return {control: tables_by_trial(scores, self.session.truth(cell.network))}

        return self._of_chosen(chosen, tables)[control]

    def _of_chosen(
        self, chosen: Sequence[MapCell], tables_of: Callable[[MapCell], dict[str, Tables]]
    ) -> dict[str, Tables]:
        """Tables whose rows are, for the trials of each outer fold, those of the fold's chosen cell."""
        n = len(self.session.trials)
        tables: dict[str, Tables] = {}
        for cell in dict.fromkeys(chosen):
            tests = [split.test for split, one in zip(self.session.outer, chosen, strict=True) if one == cell]
            rows = np.concatenate(tests)
            for what, of in tables_of(cell).items():
                for name, table in of.items():
                    tables.setdefault(what, {}).setdefault(name, np.full((n, n), np.nan))[rows] = table[rows]
        return tables


def cell_results(sessions: Sequence[Gathered]) -> dict[MapCell, CellResult]:
    """Every cell of the map: the mean over the sessions, with p corrected for all cells."""
    greatest = Maximum()
    results: dict[MapCell, CellResult] = {}
    cells = sessions[0].cells
    for cell in progress(cells, "intervals and permutations", len(cells)):
        each = {one.session.name: one.cell(cell) for one in sessions}
        merged = _mean(list(each.values()))
        greatest.add(merged[DECODER.name])
        of_jobs = [one.result(cell) for one in sessions]
        results[cell] = CellResult(
            cell=cell,
            p_corrected={},
            strengths=tuple(float(alpha) for arrays in of_jobs for alpha in arrays["strengths"]),
            at_edge=float(np.mean(np.concatenate([arrays["at_edge"] for arrays in of_jobs]))),
            **_fields(each, merged),
        )
    for result in results.values():
        result.p_corrected.update({name: greatest.p(name, one) for name, one in result.measures.items()})
    return results


def nested_result(sessions: Sequence[Gathered], among: str = ALL) -> Nested:
    """The nested choice, among all cells or those of a region."""
    chosen = {one.session.name: tuple(one.choose(among)) for one in sessions}
    each = {one.session.name: one.nested(chosen[one.session.name], among) for one in sessions}
    return Nested(among=among, chosen=chosen, **_fields(each, _mean(list(each.values()))))


def _mean(each: Sequence[Samples]) -> Samples:
    """The mean over sessions of everything that every session has."""
    common = [what for what in each[0] if all(what in one for one in each)]
    return {what: {name: mean_of([one[what][name] for one in each]) for name in OF_CELLS} for what in common}


def _fields(each: dict[str, Samples], mean: Samples) -> dict[str, Any]:
    """The fields that a cell and the nested choice share, from each session's samples and their mean."""
    measures = {what: {name: one.measure() for name, one in of.items()} for what, of in mean.items()}
    return {
        "measures": measures.pop(DECODER.name),
        "ceiling": {name: one.value for name, one in measures.pop(CEILING.name).items()},
        "controls": measures,
        "by_session": {
            session: {name: one.value for name, one in of[DECODER.name].items()} for session, of in each.items()
        },
    }
