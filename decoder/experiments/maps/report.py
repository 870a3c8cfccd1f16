"""The report of a map, for the terminal and as a page for a paper's supplement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...finding import Finding
from ...report.checks import SIGNIFICANT, finding_checks, result_checks, runs_checks
from ...report.drawing import Drawing, short
from ...report.measures import measures_figure, measures_table
from ...report.numbers import between, count, interval, p_words, percent
from ...report.result import Folded, Number, PageSection, Part, Sentence, Shade, Table
from ...statistics.measures import IN_SENTENCES
from .chosen_figure import chosen_figure
from .heat_figure import heat_figure
from .labels import (
    MAIN,
    ceilings,
    cell_label,
    chance_of,
    controls_of,
    example_time,
    highest,
    label,
    most_chosen,
    nested_rows,
    significant,
)
from .line_figures import layers_figure, times_figure
from .methods import map_methods
from .result import CellResult, InjectionMap, NetworkSummary
from .summary import map_summary

MOST_ROWS = 60
MUCH_AT_EDGE = 0.2


@dataclass(frozen=True)
class MapReport:
    """Implements `hotwire.decoder.report.result.Result`; `pictures` has what networks drew, by session and network."""

    result: InjectionMap
    pictures: Sequence[Drawing] = ()

    def summary(self) -> dict[str, Any]:
        return map_summary(self.result)

    def lead(self) -> str:
        result, first = self.result, self.result.sessions[0]
        n_layers = sum(len(one.layers) for one in result.networks)
        times = f" at {count(len(result.times), 'time')}" if len(result.times) > 1 else ""
        sessions = f" or so in each of {len(result.sessions)} sessions" if len(result.sessions) > 1 else ""
        return (
            f"Activity of {count(len(result.regions), 'region')}{times} was injected into {count(n_layers, 'layer')} "
            f"of {', '.join(one.name for one in result.networks)}: {count(len(result.cells), 'cell')}, in each of "
            f"which the network read {count(first.n_trials, 'trial')}{sessions}, not seen in training."
        )

    def numbers(self) -> list[Number]:
        nested, main = self.result.nested, self.result.nested.measures[MAIN]
        others = [
            Number(f"{percent(one.value)} %", f"{IN_SENTENCES[name]}, chance {percent(one.chance)} %")
            for name, one in nested.measures.items()
            if name != MAIN
        ]
        return [
            Number(f"{percent(main.value)} %", f"{IN_SENTENCES[MAIN]}, nested choice"),
            Number(between(main), "95 % interval over runs"),
            Number(f"{percent(main.chance)} %", f"chance: {main.chance_reason}" if main.chance_reason else "chance"),
            Number(p_words(main.p_value), "permutation p"),
            Number(f"{percent(nested.ceiling[MAIN])} %", "ceiling"),
            *others,
        ]

    def sentences(self) -> list[Sentence]:
        result, nested = self.result, self.result.nested
        checks = result_checks(nested.measures, ceilings(nested)[MAIN], nested.controls, list(nested.measures))
        n = sum(significant(one, MAIN) for one in result.cells.values())
        verb = "is" if n == 1 else "are"
        text = (
            f"{n:,} of {len(result.cells):,} cells {verb} above chance in {IN_SENTENCES[MAIN]} at p < {SIGNIFICANT:g}, "
            "corrected for all cells."
        )
        checks.append(Sentence(text, n > 0))
        checks += runs_checks(min(session.n_runs for session in result.sessions))
        at_edge = float(np.mean([one.at_edge for one in result.cells.values()]))
        if at_edge > MUCH_AT_EDGE:
            text = (
                f"{percent(at_edge)} % of all fits chose a ridge strength at the end of the grid; if the study names "
                "strengths (alphas), others may do better."
            )
            checks.append(Sentence(text, False))
        cell, n, of = most_chosen(nested)
        chosen = Sentence(f"Chosen most often, within {n} of {of} training sets: {cell_label(result, cell)}.")
        return [chosen, *checks, *finding_checks(one for _, of_session in self._findings() for one in of_session)]

    def tables(self) -> list[Table]:
        return [*(self._heat_table(network) for network in self.result.networks), self._nested_table()]

    def figures(self) -> list[Drawing]:
        result, measures = self.result, list(self.result.nested.measures)
        figures = [replace(measures_figure(nested_rows(result.nested), measures, "runs"), name="nested")]
        for measure in measures:
            figures += [heat_figure(result, measure)] if len(result.regions) * len(result.times) > 1 else []
            figures.append(layers_figure(result, measure))
            figures += [times_figure(result, measure)] if len(result.times) > 1 else []
        return [*figures, chosen_figure(result), *self.pictures]

    def sections(self) -> list[PageSection]:
        result = self.result
        by_name = {drawing.name: drawing for drawing in self.figures()}
        several = len(result.sessions) > 1
        nested: list[Part] = [
            "The best cell of a map is best partly by luck. So in each outer fold the cell was chosen within the "
            "training runs alone, and what counts is how well it did on the runs held out.",
            by_name["nested"],
            self._nested_table(),
            *([self._sessions_table()] if several else []),
            by_name["chosen"],
        ]
        sections = [
            *self._by_measure("Where the network understands", "map", by_name),
            *self._by_measure("Along the layers", "layers", by_name),
            *self._by_measure("In time", "times", by_name),
            *([PageSection("What the network sees", self.pictures)] if self.pictures else []),
            PageSection("Nested choice: the result without picking", nested),
            *([PageSection("By region", list(self._regions()))] if result.nested_by_region else []),
            PageSection("Recording and audit", list(self._recording())),
            PageSection("Methods", [map_methods(result)]),
        ]
        text = (
            "In per cent. The files next to this page have more: cells.csv every number of each cell, with "
            "intervals of the controls, each session and the ridge strengths; nested.csv and chosen.csv the nested "
            "choice; and each figure as SVG and PDF."
        )
        cells = Folded(count(len(result.cells), "cell"), [text, self._cells_table()])
        return [*sections, PageSection("All cells", [cells])]

    def _by_measure(self, title: str, kind: str, by_name: dict[str, Drawing]) -> list[PageSection]:
        """The figure of the main measure, with those of the others folded away; empty if there is none."""
        if f"{kind}-{MAIN}" not in by_name:
            return []
        others = [name for name in self.result.nested.measures if name != MAIN]
        folded = [Folded(f"The same for {IN_SENTENCES[name]}", [by_name[f"{kind}-{name}"]]) for name in others]
        return [PageSection(title, [by_name[f"{kind}-{MAIN}"], *folded])]

    def _nested_table(self) -> Table:
        nested = self.result.nested
        return measures_table(nested_rows(nested), list(nested.measures), "runs")

    def _sessions_table(self) -> Table:
        nested = self.result.nested
        rows = [[name, *(percent(of[one]) for one in nested.measures)] for name, of in nested.by_session.items()]
        return Table(["", *(IN_SENTENCES[name] for name in nested.measures)], rows, "Each session, in per cent.")

    def _regions(self) -> Iterator[Part]:
        result, controls = self.result, controls_of(self.result)
        yield "The same nested choice among each region’s cells alone; p is not corrected for the number of regions."
        for name in result.nested.measures:
            rows = []
            for region, nested in result.nested_by_region.items():
                one, (cell, n, of) = nested.measures[name], most_chosen(nested)
                chosen = cell_label(result, cell).removeprefix(f"{region} · ")
                rows.append(
                    [
                        *(region, interval(one), percent(one.chance), p_words(one.p_value)),
                        percent(nested.ceiling[name]),
                        *_controls(nested.controls, controls, name),
                        f"{chosen} ({n} of {of} folds)",
                    ]
                )
            columns = ["region", "decoder", "chance", "p", "ceiling", *controls, "chosen most often"]
            yield Table(columns, rows, f"{IN_SENTENCES[name].capitalize()}, in per cent [95 % interval].")

    def _recording(self) -> Iterator[Part]:
        sessions = self.result.sessions
        numbers = ("n_trials", "n_answers", "n_runs", "n_folds")
        rows = [[one.name, one.recording, *(f"{getattr(one, name):,}" for name in numbers)] for one in sessions]
        yield Table(("session", "recording", *(name.removeprefix("n_") for name in numbers)), rows)
        rows = [[region, *(f"{one.n_features[region]:,}" for one in sessions)] for region in self.result.regions]
        yield Table(("region", *(one.name for one in sessions)), rows, "Features of each region.")
        for one in sessions:
            if one.reliability:
                yield f"Noise ceiling of {one.name}: what repeats say of each other."
                yield {name.replace("_", " "): _value(value) for name, value in one.reliability.items()}
        for names, findings in self._findings():
            if findings:
                rows = [[one.check, one.verdict, one.reason] for one in findings]
                yield Table(("check", "verdict", "reason"), rows, f"The audit for leaks of {', '.join(names)}.")

    def _findings(self) -> list[tuple[list[str], list[Finding]]]:
        """What the audit reports, with all sessions that have the same report."""
        alike: dict[tuple[Finding, ...], list[str]] = {}
        for session in self.result.sessions:
            alike.setdefault(tuple(Finding(**one) for one in session.findings), []).append(session.name)  # type: ignore[arg-type]
        return [(sessions, list(findings)) for findings, sessions in alike.items()]

    def _cells_table(self) -> Table:
        controls = controls_of(self.result)
        columns = ["region", "time", "network", "layer"]
        for name in self.result.nested.measures:
            columns += [name, "chance", "p", "p corrected", "ceiling", *controls]
        return Table(columns, [_cell_row(one, controls) for one in self.result.cells.values()])

    def _heat_table(self, network: NetworkSummary) -> Table:
        """The map of a network in the terminal: per cent on colour, with a star or a line where it is significant."""
        result, chance = self.result, chance_of(self.result, MAIN, network.name)
        top = highest(result, MAIN, chance)
        all_rows = [(region, time) for region in result.regions for time in result.times]
        few = len(all_rows) <= MOST_ROWS
        some = all_rows if few else [(region, example_time(result, region, network)) for region in result.regions]
        rows = []
        for region, time in some:
            shades = []
            for one in result.along(region, time.name, network):
                value = one.measures[MAIN].value
                text = "–" if np.isnan(value) else f"{100 * value:.0f}"
                shades.append(Shade(text, (value - chance) / (top - chance), significant(one, MAIN)))
            rows.append([short(label(result, region, time.name)), *shades])
        note = "" if few else ", each region at its best time"
        caption = f"{network.name}: {IN_SENTENCES[MAIN]} in %{note}; marked: above chance, corrected for all cells"
        return Table(("", *network.layers), rows, caption)


def _cell_row(one: CellResult, controls: Sequence[str]) -> list[str]:
    row = list(one.cell)
    for name, measure in one.measures.items():
        row += [interval(measure), percent(measure.chance), p_words(measure.p_value), p_words(one.p_corrected[name])]
        row += [percent(one.ceiling[name]), *_controls(one.controls, controls, name)]
    return row


def _controls(of: dict[str, Any], controls: Sequence[str], measure: str) -> list[str]:
    return [percent(of[name][measure].value) if name in of else "–" for name in controls]


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.3g}" if isinstance(value, int | float) else ", ".join(map(str, value))
