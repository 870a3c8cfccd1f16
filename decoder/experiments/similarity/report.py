"""The report of a comparison of RDMs, for the terminal and the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...report.data import plain_data
from ...report.drawing import ACCENT, INK, SERIES, SOFT, Drawing, chance_line
from ...report.heat import layer_names
from ...report.numbers import count
from ...report.result import Number, PageSection, Sentence, Table
from ...statistics.bootstrapped import Ends
from .run import BEST, N_HALVES, NUISANCE, PIXELS, UNTRAINED, RegionSimilarity, Similarity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LATE = 1 / 3
"""The last part of the layers, which is late."""


@dataclass(frozen=True)
class SimilarityReport:
    """Implements `hotwire.decoder.report.result.PageResult`."""

    result: Similarity

    def summary(self) -> dict[str, Any]:
        whole = asdict(self.result) | {"regions": [vars(one) for one in self.result.regions]}
        return plain_data(whole | {"findings": [one.text for one in self.sentences()]})

    def lead(self) -> str:
        return (
            f"Which layers of {self.result.network} see the same of {self.result.n_stimuli} pictures as alike that "
            f"{', '.join(one.region for one in self.result.regions)} see as alike."
        )

    def numbers(self) -> list[Number]:
        first = self.result.regions[0]
        return [
            Number(f"{first.nested:.2f}", f"{first.region}, {BEST}"),
            *(Number(f"{of.value:.2f}", name) for name, of in first.controls.items()),
            Number(f"{max(of.value for of in first.untrained.values()):.2f}", f"{UNTRAINED}, its best layer"),
        ]

    def sentences(self) -> list[Sentence]:
        found = []
        for one in self.result.regions:
            late = list(one.layers)[-max(1, round(LATE * len(one.layers))) :]
            found.append(Sentence(f"{one.region}: {one.nested:.3f}, {BEST}; mostly {_most(one)}."))
            for control in (PIXELS, NUISANCE, UNTRAINED):
                above = [layer for layer in late if one.gains[layer][control].low > 0]
                text = f"{one.region}: {len(above)} of {count(len(late), 'late layer')} above {control} by an interval."
                found.append(Sentence(text, len(above) == len(late)))
        return found

    def tables(self) -> list[Table]:
        return [self._table(one) for one in self.result.regions]

    def figures(self) -> list[Drawing]:
        return [layers_figure(self.result)]

    def sections(self) -> list[PageSection]:
        return [
            PageSection("Along the layers", [*self.figures(), *self.tables()]),
            PageSection("Methods", [_methods(self.result)]),
        ]

    def _table(self, one: RegionSimilarity) -> Table:
        rows = [
            [
                *(layer, _text(of), f"{one.untrained[layer].value:.3f}"),
                *(_text(one.gains[layer][control], "+") for control in (PIXELS, NUISANCE, UNTRAINED)),
                f"{one.per_subject[layer]:.3f}",
            ]
            for layer, of in one.layers.items()
        ]
        others = [*one.controls.items(), *((f"RDM of {name}", of) for name, of in one.regions.items())]
        rows += [[], *([name, _text(of), *["–"] * 5] for name, of in others)]
        of = one.ceiling
        ceiling = "" if of is None else f" Ceiling of a single subject: {of[0]:.3f} to {of[1]:.3f}."
        caption = f"{one.region}: Spearman's correlation of RDMs, 95 % intervals over stimuli.{ceiling}"
        beyond = [f"above {control}" for control in (PIXELS, NUISANCE, UNTRAINED)]
        return Table(("", "correlation", "untrained", *beyond, "single subjects"), rows, caption)


def layers_figure(result: Similarity) -> Drawing:
    """The correlation along the layers, trained and untrained, with pixels and nuisance; a panel for each region."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, len(result.regions), squeeze=False, sharey=True)[0]
        for ax, one in zip(axes, result.regions, strict=True):
            names, ends = layer_names(list(one.layers)), list(one.layers.values())
            x = np.arange(len(ends))
            ax.fill_between(x, [of.low for of in ends], [of.high for of in ends], color=ACCENT, alpha=0.18)
            ax.plot(x, [of.value for of in ends], color=ACCENT, marker="o", linewidth=2, label="layer")
            ax.plot(x, [of.value for of in one.untrained.values()], color=SERIES[1], marker="s", label=UNTRAINED)
            for (name, of), color in zip(one.controls.items(), (SERIES[4], SERIES[3]), strict=True):
                ax.axhline(of.value, color=color, linewidth=1.2, label=name)
            for end in one.ceiling or ():
                ax.axhline(end, color=SOFT, linewidth=1, linestyle=(0, (1, 1.5)))
            chance_line(ax.axhline, 0.0)
            ax.set_xticks(x, names, rotation=90)
            ax.set_title(one.region)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=4)
        figure.supylabel("correlation of RDMs", fontsize=10, color=INK)

    caption = "Band: 95 % interval over stimuli. Dotted: ceiling of a single subject, where there are several."
    return Drawing("similarity", draw, 4.0, caption=caption)


def _most(one: RegionSimilarity) -> str:
    layer, share = max(one.chosen.items(), key=lambda of: of[1])
    return f"{layer} ({100 * share:.0f} %)"


def _text(ends: Ends, sign: str = "") -> str:
    return f"{ends.value:{sign}.3f} [{ends.low:{sign}.3f}, {ends.high:{sign}.3f}]"


def _methods(result: Similarity) -> dict[str, str]:
    of = result.settings
    return {
        "dissimilarity": (
            "One minus the correlation of two pictures' activations in a layer, or of their pixels; of nuisance "
            "features (luminance, contrast, colour, fine detail) their Euclidean distance, standardised."
        ),
        "comparison": "Spearman's correlation of a layer's and a region's dissimilarities over all pairs of pictures.",
        "interval": (
            f"Bootstrap over stimuli, {of.n_draws} draws; pairs of a stimulus with itself are left out. Differences "
            "are of the same draws. Subjects are not drawn."
        ),
        BEST: (
            f"The layer that is best over one half of the pictures, over the other half; the mean of {N_HALVES} random "
            "divisions, both ways."
        ),
        UNTRAINED: f"The same network with random weights, the mean of {of.n_untrained}.",
        "ceiling": "Each subject with the mean of the others, and with the mean of all (Nili et al. 2014).",
        "network": f"{result.network}, SHA-256 {result.fingerprint}.",
        "random seed": str(of.seed),
    }
