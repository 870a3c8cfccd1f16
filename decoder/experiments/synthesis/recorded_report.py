"""The report of synthesised pictures that were presented, for the terminal and the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...report.data import plain_data
from ...report.drawing import ACCENT, INK, SOFT, Drawing
from ...report.fields import fields_figures
from ...report.numbers import count
from ...report.result import Number, PageSection, Sentence, Table
from ...statistics.bootstrapped import Ends
from .encoders import SHUFFLED, UNTRAINED
from .methods import recorded_methods
from .recorded import ANOTHER, ENCODERS_OF_ALL, HIGH, RecordedSynthesis

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class RecordedReport:
    """Implements `hotwire.decoder.report.result.PageResult`."""

    result: RecordedSynthesis

    def summary(self) -> dict[str, Any]:
        result = self.result
        whole = asdict(result) | {
            "rows": {name: {"r": of.r._asdict(), "top": of.top._asdict()} for name, of in result.rows.items()},
            "of_all": result.of_all._asdict(),
            "beyond": result.beyond._asdict(),
        }
        return plain_data(whole | {"findings": [one.text for one in self.sentences()]})

    def lead(self) -> str:
        result = self.result
        return (
            f"How well {', '.join(result.chosen)} predict what {count(len(result.sites), 'site')} responded to "
            f"{result.n_synthesised} synthesised pictures, from their responses to {result.n_natural:,} natural ones."
        )

    def numbers(self) -> list[Number]:
        result, first = self.result, self.result.rows[ENCODERS_OF_ALL]
        return [
            Number(f"{first.r.value:.2f}", "r of predicted and recorded synthetic responses, median over sites"),
            Number(f"{np.nanmedian(result.r['natural']):.2f}", "the same of held-out natural pictures"),
            Number(
                f"{100 * first.top.value:.0f} %", f"of the top tenth beyond {100 * HIGH:.0f} % of natural responses"
            ),
            Number(f"{100 * result.beyond.value:.0f} %", "of sites respond most to a synthesised picture"),
        ]

    def sentences(self) -> list[Sentence]:
        result = self.result
        first = result.rows[ENCODERS_OF_ALL]
        found = [
            Sentence(f"Recorded synthetic responses are predicted with r {_r(first.r)}, median over sites."),
            Sentence(
                f"Of the synthesised pictures predicted in the top tenth, {_percent(first.top)} % were recorded beyond "
                f"{100 * HIGH:.0f} % of the natural ones; of all synthesised pictures {_percent(result.of_all)} %.",
                bool(first.top.low > result.of_all.value),
            ),
            Sentence(
                f"{_percent(result.beyond)} % of sites responded more to a synthesised picture than to any of the "
                f"{result.n_natural:,} natural ones; {100 * result.beyond_equal:.0f} % than to any of as many of them."
            ),
        ]
        for name in (UNTRAINED, SHUFFLED, ANOTHER):
            if name in result.rows:
                of = result.rows[name].r
                found.append(Sentence(f"{name}: r {_r(of)}.", bool(of.value < first.r.low)))
        return found + [Sentence(note, False) for note in result.notes]

    def tables(self) -> list[Table]:
        rows = [[name, _r(of.r), _percent(of.top)] for name, of in self.result.rows.items()]
        caption = (
            "r: predicted and recorded responses to synthesised pictures, median over sites, 95 % intervals over sites "
            f"and pictures. Top tenth: share in % recorded beyond {100 * HIGH:.0f} % of natural responses."
        )
        return [Table(("", "r", "top tenth"), rows, caption, bold=0)]

    def figures(self) -> list[Drawing]:
        return [sites_figure(self.result), *fields_figures(self.result.fields, self.result.r["natural"])]

    def sections(self) -> list[PageSection]:
        rows = [
            [site, *(f"{of[i]:.3f}" if np.isfinite(of[i]) else "–" for of in self.result.r.values())]
            for i, site in enumerate(self.result.sites)
        ]
        sites = Table(("site", *(f"r, {name}" for name in self.result.r)), rows)
        return [
            PageSection("Encoders and controls", [*self.tables(), sites_figure(self.result)]),
            *([PageSection("Receptive fields", self.figures()[1:])] if self.result.fields else []),
            PageSection("Every site", [sites]),
            PageSection("Methods", [recorded_methods(self.result)]),
        ]


def sites_figure(result: RecordedSynthesis) -> Drawing:
    """The correlation of each site over synthesised and over natural pictures."""

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        natural, synthesised = result.r["natural"], result.r["synthesised"]
        low = min(0.0, float(np.nanmin([natural, synthesised]))) - 0.05
        ax.plot([low, 1], [low, 1], color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
        ax.plot(natural, synthesised, "o", color=ACCENT, markersize=6, markeredgecolor="white")
        ax.axhline(float(np.nanmedian(synthesised)), color=INK, linewidth=1, linestyle=(0, (1, 1.5)))
        ax.set_xlabel("r over held-out natural pictures")
        ax.set_ylabel("r over synthesised pictures")

    return Drawing("sites", draw, 4.2, 6.0, caption="Each dot is a site; dotted: the median over synthesised pictures.")


def _r(ends: Ends) -> str:
    return f"{ends.value:.3f} [{ends.low:.3f}, {ends.high:.3f}]"


def _percent(ends: Ends) -> str:
    return f"{100 * ends.value:.0f} [{100 * ends.low:.0f}, {100 * ends.high:.0f}]"
