"""The report of metamers, for the terminal and the page."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....report.data import plain_data
from ....report.drawing import Drawing
from ....report.numbers import count
from ....report.result import Number, PageSection, Sentence, Table
from ....statistics.bootstrapped import Ends
from .figures import layers_figure, pictures_figure
from .result import LayerMetamers, Metamers

HIDDEN = ("made", "originals")
"""Pictures, which are on the page and not in ``--json``."""


@dataclass(frozen=True)
class MetamersReport:
    """Implements `hotwire.decoder.report.result.PageResult`."""

    result: Metamers

    def summary(self) -> dict[str, Any]:
        whole = {name: value for name, value in vars(self.result).items() if name not in HIDDEN}
        for name, of_layers in (("metamers", whole.pop("layers")), ("untrained", whole.pop("untrained"))):
            whole[name] = [self._layer_data(of) for of in of_layers]
        return plain_data(whole | {"findings": [one.text for one in self.sentences()]})

    def lead(self) -> str:
        of = self.result
        return (
            f"Pictures made from noise so that a layer of {of.network} responds as it does to a photograph: "
            f"{count(len(of.layers), 'layer')}, {count(len(of.pictures), 'photograph')}. What do "
            f"{', '.join(of.others)} see in them?"
        )

    def numbers(self) -> list[Number]:
        layers = self.result.layers
        ends = layers if len(layers) < 3 else (layers[0], layers[-1])
        return [
            *(
                Number(f"{100 * of.by_others.mean():.0f} %", f"of metamers of {of.layer} recognised by other networks")
                for of in ends
            ),
            Number(f"{100 * _all(self.result, 'kept'):.0f} %", "keep the class in the network they were made for"),
            Number(f"{100 * _all(self.result, 'success'):.0f} %", "and respond more alike than 99 % of pairs"),
        ]

    def sentences(self) -> list[Sentence]:
        first, *rest = self.result.layers
        found = []
        for of in self.result.layers:
            n = len(of.made)
            text = (
                f"{of.layer}: {of.kept.sum()} of {n} keep their class in {self.result.network}; "
                f"{(of.rho > of.null).sum()} of {n} respond more alike than 99 % of pairs of photographs."
            )
            found.append(Sentence(text, bool(of.success.all())))
            if far := list(compress(self.result.pictures, ~self._near(of))):
                text = (
                    f"{of.layer}: not near after {count(self.result.settings.max_rounds, 'round')} of steps: "
                    f"{', '.join(far)}. What is seen in them says less of the layer."
                )
                found.append(Sentence(text, False))
        if not rest:
            return found
        fall, last = self.result.fall, rest[-1]
        text = f"Other networks recognise {_percent(fall)} points more metamers of {first.layer} than of {last.layer}."
        found.append(Sentence(text, bool(fall.low > 0)))
        for judge, of_first in first.judged.items():
            text = (
                f"{judge}: responses to metamers of {first.layer} correlate {_correlation(of_first)} with those to the "
                f"photographs, to those of {last.layer} {_correlation(last.judged[judge])}."
            )
            found.append(Sentence(text))
        return found

    def tables(self) -> list[Table]:
        return [self._table()]

    def figures(self) -> list[Drawing]:
        of = self.result
        drawn = [pictures_figure("metamers", of.originals, of.classes, of.layers), layers_figure(of)]
        if of.untrained:
            name = "metamers of the untrained network"
            drawn.append(pictures_figure(name, of.originals, of.classes, of.untrained, n_rows=4))
        return drawn

    def sections(self) -> list[PageSection]:
        pictures, layers, *random = self.figures()
        return [
            PageSection("Photographs and their metamers", [pictures]),
            PageSection("Along the layers", [layers, self._table()]),
            *([PageSection("Control: the untrained network", random)] if random else []),
            PageSection("Methods", [_methods(self.result)]),
        ]

    def _near(self, of: LayerMetamers) -> NDArray[np.bool_]:
        """Which metamers are as near as was asked for (n,)."""
        return of.distance <= self.result.settings.near

    def _layer_data(self, of: LayerMetamers) -> dict[str, Any]:
        data = {name: value for name, value in vars(of).items() if name not in HIDDEN}
        return data | {"success": of.success, "near": self._near(of)}

    def _table(self) -> Table:
        random = {of.layer: of for of in self.result.untrained}
        rows = []
        for of in self.result.layers:
            row = [of.layer, f"{100 * of.kept.mean():.0f}", f"{100 * (of.rho > of.null).mean():.0f}"]
            row += [f"{np.median(of.rho):.3f}", f"{of.null:.3f}", f"{np.median(of.distance):.3f}"]
            row.append(f"{100 * self._near(of).mean():.0f}")
            row.append(_percent(self.result.recognised[of.layer]))
            if random:
                row.append(f"{100 * random[of.layer].by_others.mean():.0f}")
            row += map(_correlation, of.judged.values())
            rows.append(row)
        columns = ["", "kept, %", "alike, %", "correlation", "chance", "distance", "near, %", "others, %"]
        columns += [*(["untrained, %"] if random else []), *self.result.layers[0].judged]
        caption = (
            "Kept: the network gives metamers the photograph's class. Alike: more than 99 % of pairs of other "
            "photographs, which is chance. Correlation (Spearman) and relative distance of the layer's activations to "
            f"those for the photograph, medians; near: at most {self.result.settings.near:g}. Others: how often other "
            "networks give them its class, with 95 % interval over photographs. Untrained: the same of metamers of the "
            "layer with random weights."
        )
        if self.result.layers[0].judged:
            caption += (
                " Models of recorded sites: the correlation over photographs of their responses to metamers and to "
                "photographs, median over sites."
            )
        return Table(tuple(columns), rows, caption)


def _all(result: Metamers, name: str) -> float:
    return float(np.mean([getattr(of, name) for of in result.layers]))


def _percent(ends: Ends) -> str:
    return f"{100 * ends.value:.0f} [{100 * ends.low:.0f}, {100 * ends.high:.0f}]"


def _correlation(ends: Ends) -> str:
    return f"{ends.value:.2f} [{ends.low:.2f}, {ends.high:.2f}]"


def _methods(result: Metamers) -> dict[str, str]:
    of = result.settings
    return {
        "photographs": (
            f"{of.n_pictures} drawn from those of the recording that {result.network} and all other networks give one "
            f"class; {result.originals.shape[1]} pixels a side."
        ),
        "metamers": (
            f"From grey with noise, rounds of {of.n_steps} steps of Adam, of {of.step:g} at first and halved "
            f"{of.n_halvings} times, that fall with spatial frequency f as 1 / f**{of.slope:g}, on |a - a*| / |a*|, "
            "the distance of the layer's activations relative to their size. Those not near after a round (above "
            f"{of.near:g}), or of another class, have another one from there, up to {of.max_rounds} in all. Where a "
            "layer ends in a ReLU, gradients pass it unchanged (Feather et al. 2019). Pictures are rounded to 8 bits "
            "before anything is asked about them."
        ),
        "success": (
            "The network gives the class of the photograph, and Spearman's correlation of activations is above the "
            f"99th percentile of pairs of {of.n_null} other photographs."
        ),
        "others": f"{', '.join(result.others)}: the class among all outputs, as they name the photograph.",
        "untrained network": (
            f"Metamers of {of.n_untrained} of the photographs for the same layers with random weights."
            if result.untrained
            else "None."
        ),
        "network": f"{result.network}, SHA-256 {result.fingerprint}.",
        "random seed": str(of.seed),
    }
