"""From the pieces of a map to its results: every cell with interval, p, ceiling and controls; the nested choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ...statistics.chance import constant_guess
from ...statistics.measures import Measure
from ...statistics.sampled import OF_CELLS, Maximum, Sampled, Sampler, mean_of, tables_by_trial
from .cells import Arrays, Job, Layer, cells_of
from .result import CellResult, MapCell, Nested
from .session import NUISANCE, MapSession

Tables = dict[str, NDArray[np.float64]]
Pieces = Callable[[Job], Arrays]
ALL = "all cells"


@dataclass(frozen=True)
class Gathered:
    """A session with its pieces."""

    session: MapSession
    pieces: Pieces

    @cached_property
    def sampler(self) -> Sampler:
        return Sampler(self.session.trials.run, self.session.orders, seed=self.session.settings.seed)

    @cached_property
    def cells(self) -> list[MapCell]:
        return cells_of(self.session)

    @cached_property
    def inner(self) -> NDArray[np.float64]:
        """Pairwise accuracy in the inner folds, (n_cells, n_folds)."""
        return np.stack([self.pieces(cell)["inner"] for cell in self.cells])

    def chance(self, network: str) -> dict[str, float]:
        truth = self.session.truth(network)
        n_answers = len(self.session.readings[network].targets.answers)
        return {"pairwise": 0.5, "candidate": constant_guess(truth, n_answers)}

    def tables(self, cell: MapCell) -> dict[str, Tables]:
        """What each trial would count under each trial's answer: of the decoder, the ceiling and each control."""
        truth = self.session.truth(cell.network)
        of_cell, of_layer = self.pieces(cell), self.pieces(Layer(cell.network, cell.layer))
        controls = self.session.settings.controls
        found = {
            "decoder": tables_by_trial(of_cell["decoder"], truth),
            "ceiling": tables_by_trial(of_layer["ceiling"], truth),
        }
        if "shuffled" in of_cell:
            each = [tables_by_trial(scores, truth) for scores in of_cell["shuffled"]]
            found["shuffled pairing"] = {name: np.mean([one[name] for one in each], axis=0) for name in OF_CELLS}
        if "mean activation" in controls:
            found["mean activation"] = tables_by_trial(of_layer["mean"], truth)
        if "untrained" in of_cell:
            found["untrained network"] = tables_by_trial(of_cell["untrained"], truth)
        if NUISANCE in of_layer:
            found[NUISANCE] = tables_by_trial(of_layer[NUISANCE], truth)
        return found

    def sampled(self, tables: dict[str, Tables], chance: dict[str, float]) -> dict[str, dict[str, Sampled]]:
        return {
            what: {name: self.sampler.sampled(table, chance[name]) for name, table in of.items()}
            for what, of in tables.items()
        }

    def choose(self, among: Sequence[MapCell]) -> list[MapCell]:
        """For each outer fold the cell that does best in its inner folds; of equally good ones the first."""
        place = {cell: i for i, cell in enumerate(self.cells)}
        rows = [place[cell] for cell in among]
        return [among[int(best)] for best in np.argmax(self.inner[rows], axis=0)]

    def nested(self, chosen: Sequence[MapCell]) -> dict[str, dict[str, Sampled]]:
        """How each fold's chosen cell does on what that fold held out."""
        n = len(self.session.trials)
        tables: dict[str, Tables] = {}
        for cell in dict.fromkeys(chosen):
            own = self.tables(cell)
            tests = [split.test for split, one in zip(self.session.outer, chosen, strict=True) if one == cell]
            rows = np.concatenate(tests)
            for what, of in own.items():
                for name, table in of.items():
                    tables.setdefault(what, {}).setdefault(name, np.full((n, n), np.nan))[rows] = table[rows]
        chances = [self.chance(cell.network) for cell in chosen]
        sizes = [len(split.test) for split in self.session.outer]
        chance = {name: float(np.average([one[name] for one in chances], weights=sizes)) for name in OF_CELLS}
        return self.sampled({what: of for what, of in tables.items() if _whole(of)}, chance)


def cell_results(sessions: Sequence[Gathered]) -> dict[MapCell, CellResult]:
    """Every cell of the map, the mean over the sessions, with p corrected for all cells."""
    greatest = Maximum()
    found: dict[MapCell, CellResult] = {}
    for cell in tqdm(sessions[0].cells, desc="intervals and permutations", delay=1, disable=None):
        each = [one.sampled(one.tables(cell), one.chance(cell.network)) for one in sessions]
        merged = _merged(each)
        greatest.add(merged["decoder"])
        measures, ceiling, controls = _read(merged)
        pieces = [one.pieces(cell) for one in sessions]
        found[cell] = CellResult(
            cell=cell,
            measures=measures,
            p_corrected={},
            by_session=_by_session(sessions, each),
            ceiling=ceiling,
            controls=controls,
            strengths=tuple(float(alpha) for piece in pieces for alpha in piece["strengths"]),
            at_edge=float(np.mean(np.concatenate([piece["at_edge"] for piece in pieces]))),
        )
    for result in found.values():
        result.p_corrected.update({name: greatest.p(name, one) for name, one in result.measures.items()})
    return found


def nested_result(sessions: Sequence[Gathered], among: str = ALL) -> Nested:
    """The nested choice, among all cells or those of a region."""
    chosen = {}
    for one in sessions:
        chosen[one.session.name] = one.choose([cell for cell in one.cells if among in (ALL, cell.region)])
    each = [one.nested(chosen[one.session.name]) for one in sessions]
    measures, ceiling, controls = _read(_merged(each))
    return Nested(
        among=among,
        measures=measures,
        by_session=_by_session(sessions, each),
        ceiling=ceiling,
        controls=controls,
        chosen={name: tuple(cells) for name, cells in chosen.items()},
    )


def _whole(tables: Tables) -> bool:
    """Whether there is a row for every trial: not where only some of the chosen cells have a control."""
    return not any(np.isnan(table).any() for table in tables.values())


def _merged(each: Sequence[dict[str, dict[str, Sampled]]]) -> dict[str, dict[str, Sampled]]:
    """The mean over sessions of all that every session has."""
    common = [what for what in each[0] if all(what in one for one in each)]
    return {what: {name: mean_of([one[what][name] for one in each]) for name in OF_CELLS} for what in common}


def _read(
    merged: dict[str, dict[str, Sampled]],
) -> tuple[dict[str, Measure], dict[str, float], dict[str, dict[str, Measure]]]:
    measures = {name: one.measure() for name, one in merged["decoder"].items()}
    ceiling = {name: one.value for name, one in merged["ceiling"].items()}
    rest: Iterable[tuple[str, Any]] = ((what, of) for what, of in merged.items() if what not in ("decoder", "ceiling"))
    return measures, ceiling, {what: {name: one.measure() for name, one in of.items()} for what, of in rest}


def _by_session(
    sessions: Sequence[Gathered], each: Sequence[dict[str, dict[str, Sampled]]]
) -> dict[str, dict[str, float]]:
    return {
        one.session.name: {name: sampled.value for name, sampled in of["decoder"].items()}
        for one, of in zip(sessions, each, strict=True)
    }
