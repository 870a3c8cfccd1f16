"""The report of a synthesis, for the terminal and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...report.data import plain_data
from ...report.drawing import Drawing
from ...report.fields import fields_figures
from ...report.numbers import count
from ...report.result import Folded, Number, PageSection, Sentence, Table
from ...statistics.bootstrapped import Ends
from .encoders import SHUFFLED, TRAINED, UNTRAINED
from .figures import judged_figure, made_figure
from .methods import synthesis_methods
from .players import players
from .result import OWN, Made, Shares, Synthesis


@dataclass(frozen=True)
class SynthesisReport:
    """Implements `hotwire.decoder.report.result.PageResult`."""

    result: Synthesis

    def summary(self) -> dict[str, Any]:
        """As JSON data: ``shares`` by judge and kind, ``made`` with the scores of each picture or sound."""
        result = self.result
        made = {
            kind: [
                {"name": one.name, "natural": one.natural}
                | {"judged": {judge: of._asdict() for judge, of in one.judged.items()}}
                for one in of_kind
            ]
            for kind, of_kind in result.made.items()
        }
        shares = {judge: {kind: of._asdict() for kind, of in by.items()} for judge, by in result.shares.items()}
        accuracy = {judge: float(np.nanmedian(of)) for judge, of in result.accuracy.items()}
        of = {"kind": result.kind, "n_sites": len(result.made[TRAINED]), "n_natural": result.n_natural}
        rest = {
            name: getattr(result, name) for name in ("chosen", "fingerprints", "fields", "settings", "notes", "seconds")
        }
        findings = [one.text for one in self.sentences()]
        return plain_data({**of, "shares": shares, "accuracy": accuracy, "made": made, **rest, "findings": findings})

    def lead(self) -> str:
        result = self.result
        n = count(len(result.made[TRAINED]), result.noun)
        names = ", ".join(one.name for one in result.made[TRAINED][:4])
        more = ", …" if len(result.made[TRAINED]) > 4 else ""
        return (
            f"{n} ({result.kind}: {names}{more}) that should drive the recorded sites by what "
            f"{', '.join(result.networks)} predict{'s' * (len(result.networks) == 1)}, beside the best of "
            f"{result.n_natural:,} natural ones, by the prediction itself"
            + (f" and by {count(len(self.judges), 'judge')} that had no part in it." if self.judges else ".")
        )

    @property
    def judges(self) -> list[str]:
        return [name for name in self.result.shares if name != OWN]

    def numbers(self) -> list[Number]:
        judge = self.judges[0] if self.judges else OWN
        of, noun = self.result.shares[judge][TRAINED], self.result.noun
        return [
            Number(_percent(of.beyond_best), f"beyond the best natural {noun}, by {judge}"),
            Number(_percent(of.beyond_high), f"beyond 99 % of natural {noun}s, by {judge}"),
            Number(_percent(of.natural_high), f"of the natural {noun}s that the prediction chooses, beyond 99 %"),
            Number(
                f"{np.nanmedian(self.result.accuracy[OWN]):.2f}",
                "correlation, held out, median over sites",
            ),
        ]

    def sentences(self) -> list[Sentence]:
        noun, found = self.result.noun, []
        if not self.judges:
            found.append(Sentence(f"No judge: only the own prediction says that these {noun}s work.", False))
        for judge, by in self.result.shares.items():
            of = by[TRAINED]
            found.append(
                Sentence(
                    f"{judge}: {_ends(of.beyond_best)} % of {noun}s beyond the best natural one, "
                    f"{_ends(of.beyond_high)} % beyond 99 % of them (the natural {noun} that the prediction chooses: "
                    f"{_ends(of.natural_high)} %)."
                )
            )
            if judge == OWN:
                continue
            good = None if np.isnan(of.gain.low) else bool(of.gain.low > 0)
            gain = f"{of.gain.value:+.2f} [{of.gain.low:+.2f}, {of.gain.high:+.2f}]"
            found.append(Sentence(f"{judge}: score {gain} above that of the natural {noun}.", good))
            others = {name: of_control.beyond_best for name, of_control in by.items() if name != TRAINED}
            controls = [f"{name} {_ends(share)} %" for name, share in others.items()]
            worst = max(share.value for share in others.values())
            fine = bool(worst < of.beyond_best.low) if np.isfinite(of.beyond_best.low) else None
            found.append(Sentence(f"{judge}, beyond the best natural one, controls: {'; '.join(controls)}.", fine))
        return found + [Sentence(note, False) for note in self.result.notes]

    def tables(self) -> list[Table]:
        return [self._shares_table(), self._made_table()]

    def figures(self) -> list[Drawing]:
        return [
            made_figure(self.result),
            *(judged_figure(self.result, judge) for judge in self.judges),
            *fields_figures(self.result.fields, self.result.accuracy[OWN]),
        ]

    def sections(self) -> list[PageSection]:
        noun = self.result.noun
        made, *judged = self.figures()[: 1 + len(self.judges)]
        fields = fields_figures(self.result.fields, self.result.accuracy[OWN])
        controls = [
            Folded(kind, [made_figure(self.result, kind), *players(self.result, kind)])
            for kind in (SHUFFLED, UNTRAINED)
        ]
        return [
            PageSection(f"{noun.capitalize()}s", [made, *players(self.result)]),
            PageSection("Judges", [self._shares_table(), *judged]),
            PageSection(f"Every {noun}", [self._made_table()]),
            PageSection(f"{noun.capitalize()}s of controls", controls),
            *([PageSection("Receptive fields", fields)] if fields else []),
            PageSection("Methods", [synthesis_methods(self.result)]),
        ]

    def _shares_table(self) -> Table:
        rows: list[list[str]] = []
        for judge, by in self.result.shares.items():
            rows += [[], *([judge if kind == TRAINED else "", _named(kind), *_cells(of)] for kind, of in by.items())]
        caption = (
            f"Shares of {self.result.noun}s in %, with 95 % intervals over sites; gain: mean score above the natural "
            f"{self.result.noun}'s."
        )
        columns = ("judge", "made by", "beyond the best natural", "beyond 99 %", "natural, chosen: beyond 99 %", "gain")
        return Table(columns, rows[1:], caption)

    def _made_table(self) -> Table:
        result = self.result
        rows: list[list[str]] = []
        for one in result.made[TRAINED]:
            for judge, of in one.judged.items():
                first = [one.name, one.natural] if judge == OWN else ["", ""]
                rows.append(
                    [*first, judge, *map(_number, (self._r(one, judge), of.natural, of.high, of.best, of.made))]
                )
            rows.append([])
        caption = (
            f"Scores of each {result.noun}, of the natural one that is best by the prediction, and of all natural "
            "ones. r: correlation with what was recorded."
        )
        columns = ("site", f"natural {result.noun}", "judge", "r", "natural", "99 %", "best", "synthesised")
        return Table(columns, rows[:-1], caption)

    def _r(self, one: Made, judge: str) -> float:
        sites, r = self.result.sites, self.result.accuracy[judge]
        return float(r[sites.index(one.name)] if one.name in sites else np.nanmedian(r))


def _number(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "–"


def _named(kind: str) -> str:
    return "encoders" if kind == TRAINED else kind


def _percent(ends: Ends) -> str:
    return "–" if np.isnan(ends.value) else f"{100 * ends.value:.0f} %"


def _ends(ends: Ends) -> str:
    value = f"{100 * ends.value:.0f}"
    return value if np.isnan(ends.low) else f"{value} [{100 * ends.low:.0f}, {100 * ends.high:.0f}]"


def _cells(of: Shares) -> list[str]:
    gain = f"{of.gain.value:+.2f}"
    if np.isfinite(of.gain.low):
        gain += f" [{of.gain.low:+.2f}, {of.gain.high:+.2f}]"
    return [_ends(of.beyond_best), _ends(of.beyond_high), _ends(of.natural_high), gain]
