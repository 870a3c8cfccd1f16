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
from .figures import judged_figure, pictures_figure
from .methods import synthesis_methods
from .result import OWN, Judged, Made, Shares, Synthesis
from .run import ANOTHER

CONTROLS = (SHUFFLED, UNTRAINED, ANOTHER)


@dataclass(frozen=True)
class SynthesisReport:
    """Implements `hotwire.decoder.report.result.PageResult`."""

    result: Synthesis

    def summary(self) -> dict[str, Any]:
        """As JSON data: ``shares`` by judge and kind, ``made`` with the scores of each picture."""
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
        n = count(len(result.made[TRAINED]), "picture")
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
        of = self.result.shares[judge][TRAINED]
        return [
            Number(_percent(of.beyond_best), f"beyond the best natural picture, by {judge}"),
            Number(_percent(of.beyond_high), f"beyond 99 % of natural pictures, by {judge}"),
            Number(_percent(of.natural_high), "of the natural pictures that the prediction chooses, beyond 99 %"),
            Number(
                f"{np.nanmedian(self.result.accuracy[OWN]):.2f}",
                "correlation, held out, median over sites",
            ),
        ]

    def sentences(self) -> list[Sentence]:
        found = (
            [] if self.judges else [Sentence("No judge: only the own prediction says that these pictures work.", False)]
        )
        for judge, by in self.result.shares.items():
            of = by[TRAINED]
            found.append(
                Sentence(
                    f"{judge}: {_ends(of.beyond_best)} % of pictures beyond the best natural one, "
                    f"{_ends(of.beyond_high)} % beyond 99 % of them (the natural picture that the prediction chooses: "
                    f"{_ends(of.natural_high)} %)."
                )
            )
            if judge == OWN:
                continue
            good = None if np.isnan(of.gain.low) else bool(of.gain.low > 0)
            gain = f"{of.gain.value:+.2f} [{of.gain.low:+.2f}, {of.gain.high:+.2f}]"
            found.append(Sentence(f"{judge}: score {gain} above that of the natural picture.", good))
            controls = [f"{name} {_ends(by[name].beyond_best)} %" for name in CONTROLS if name in by]
            worst = max(by[name].beyond_best.value for name in CONTROLS if name in by)
            fine = bool(worst < of.beyond_best.low) if np.isfinite(of.beyond_best.low) else None
            found.append(Sentence(f"{judge}, beyond the best natural one, controls: {'; '.join(controls)}.", fine))
        return found + [Sentence(note, False) for note in self.result.notes]

    def tables(self) -> list[Table]:
        return [self._shares_table(), self._made_table()]

    def figures(self) -> list[Drawing]:
        return [
            pictures_figure(self.result),
            *(judged_figure(self.result, judge) for judge in self.judges),
            *fields_figures(self.result.fields, self.result.accuracy[OWN]),
        ]

    def sections(self) -> list[PageSection]:
        pictures, *judged = self.figures()[: 1 + len(self.judges)]
        fields = fields_figures(self.result.fields, self.result.accuracy[OWN])
        controls = [Folded(kind, [pictures_figure(self.result, kind)]) for kind in (SHUFFLED, UNTRAINED)]
        return [
            PageSection("Pictures", [pictures]),
            PageSection("Judges", [self._shares_table(), *judged]),
            PageSection("Every picture", [self._made_table()]),
            PageSection("Pictures of controls", controls),
            *([PageSection("Receptive fields", fields)] if fields else []),
            PageSection("Methods", [synthesis_methods(self.result)]),
        ]

    def _shares_table(self) -> Table:
        rows: list[list[str]] = []
        for judge, by in self.result.shares.items():
            rows += [[], *([judge if kind == TRAINED else "", _named(kind), *_cells(of)] for kind, of in by.items())]
        caption = (
            "Shares of pictures in %, with 95 % intervals over sites; gain: mean score above the natural picture's."
        )
        columns = ("judge", "made by", "beyond the best natural", "beyond 99 %", "natural, chosen: beyond 99 %", "gain")
        return Table(columns, rows[1:], caption)

    def _made_table(self) -> Table:
        result = self.result
        rows = [
            [one.name, one.natural, *(cell for judge in result.shares for cell in self._of_judge(one, judge))]
            for one in result.made[TRAINED]
        ]
        of_judges = [
            f"{'own' if judge == OWN else judge}: {what}"
            for judge in result.shares
            for what in (
                ("r", "natural", "synthesised") if judge == OWN else ("r", "natural", "99 %", "best", "synthesised")
            )
        ]
        caption = (
            "Scores of each picture, of the natural one that is best by the prediction, and of all natural ones. r: "
            "correlation with what was recorded."
        )
        return Table(("site", "natural picture", *of_judges), rows, caption)

    def _of_judge(self, one: Made, judge: str) -> list[str]:
        of: Judged = one.judged[judge]
        values = [of.natural, of.made] if judge == OWN else [of.natural, of.high, of.best, of.made]
        sites = self.result.sites
        r = self.result.accuracy[judge]
        own = float(r[sites.index(one.name)] if one.name in sites else np.nanmedian(r))
        return [f"{value:.2f}" if np.isfinite(value) else "–" for value in (own, *values)]


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
