"""The report of an encoding, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...report.checks import SIGNIFICANT
from ...report.data import plain_data
from ...report.drawing import Drawing, short
from ...report.fields import fields_figures
from ...report.numbers import count
from ...report.result import Folded, Number, PageSection, Part, Sentence, Shade, Table
from ...statistics.bootstrapped import Ends
from ...statistics.measures import Measure
from ..session.holding_out import ABOUT
from .comparisons import both_directions, hierarchy_table, risen_text
from .figures import drawn, ends_text, layers_figure, rows_figure, what
from .gather import BEST, SHUFFLED
from .methods import encoding_methods
from .predictors import UNTRAINED
from .result import Encoding, EncodingScore, RegionEncoding

WORST_SHUFFLED = 0.02
"""A larger explained share of shuffled stimuli is a sign that something is wrong."""


@dataclass(frozen=True)
class EncodingReport:
    """Implements `hotwire.decoder.report.result.PageResult`.

    `decoded` is of the other direction, see `hotwire.decoder.experiments.encoding.comparisons.both_directions`.
    """

    result: Encoding
    decoded: Mapping[tuple[str, ...], Measure] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """As JSON data: ``explained`` of the first region with its ``interval``; ``regions`` has everything."""
        result, best = self.result, self.result.whole.best
        return plain_data(
            {
                "explained": best.explained.value,
                "interval": [best.explained.low, best.explained.high],
                "ceiling": result.whole.ceiling,
                "measure": what(result),
                "controls": {name: of.explained.value for name, of in result.whole.rows.items() if name != BEST},
                "regions": [_region_data(one) for one in result.regions],
                "decoded": [{"place": place, "pairwise": one.to_dict()} for place, one in self.decoded.items()],
                "hierarchies": [vars(one) | {"rise": one.rise._asdict()} for one in result.hierarchies],
                "networks": result.networks,
                "fingerprints": result.fingerprints,
                "sessions": result.sessions,
                "settings": result.settings,
                "findings": [one.text for one in self.sentences()],
                "seconds": result.seconds,
            }
        )

    def lead(self) -> str:
        result, first = self.result, self.result.sessions[0]
        n_layers = sum(map(len, result.networks.values()))
        n_sites = len({(one.session, site) for one in result.regions for site in one.sites})
        return (
            f"How well {count(n_layers, 'layer')} of {', '.join(result.networks)} predict {count(n_sites, 'site')}: "
            f"{first['n_stimuli']:,} stimuli in {count(first['n_presentations'], 'presentation')}, each predicted by "
            "models that did not see it."
        )

    def numbers(self) -> list[Number]:
        one, best = self.result.whole, self.result.whole.best
        ceiling = "none" if one.ceiling is None else f"{max(one.ceiling, 0.0) ** 0.5:.2f}"
        of = f"{self.result.name(one)}: " if len(self.result.regions) > 1 else ""
        between = "none" if np.isnan(best.explained.low) else ends_text(best.explained).partition(" ")[2]
        return [
            Number(f"{100 * best.explained.value:.1f} %", f"{of}{what(self.result)}, {BEST}"),
            Number(between, f"95 % interval over {drawn(one)}"),
            Number(f"{100 * one.rows[UNTRAINED].explained.value:.1f} %", UNTRAINED),
            Number(f"{best.r:.2f}", "correlation, median over sites"),
            Number(ceiling, "correlation that a perfect model could reach"),
        ]

    def sentences(self) -> list[Sentence]:
        found = []
        for one in self.result.regions:
            name = self.result.name(one)
            found.append(Sentence(f"{name}: {ends_text(one.best.explained)} % {what(self.result)}, {BEST}."))
            gains = {f"above {control}": gain for control, gain in one.gains.items() if control != SHUFFLED}
            gains |= {} if one.unique is None else {"beyond nuisance": one.unique}
            for good in (True, False, None):
                of = [f"{ends_text(gain, '+')} {than}" for than, gain in gains.items() if _is_gain(gain) is good]
                if of:
                    surely = "" if good is not False else "not surely more: "
                    found.append(Sentence(f"{name}: {surely}{', '.join(of)} (points).", good))
            shuffled = one.rows[SHUFFLED].explained.value
            if shuffled > WORST_SHUFFLED:
                text = f"{name}: shuffled stimuli explain {100 * shuffled:.1f} %, which should be 0; find out why."
                found.append(Sentence(text, False))
        found += [Sentence(risen_text(one), bool(one.rise.p < SIGNIFICANT)) for one in self.result.hierarchies]
        return found + [Sentence(note, False) for of in self.result.sessions for note in of["notes"]]

    def tables(self) -> list[Table]:
        risen = map(hierarchy_table, self.result.hierarchies)
        return [*self._heat_tables(), *map(self._rows_table, self.result.regions), *risen, *self._both()]

    def figures(self) -> list[Drawing]:
        one = self.result.whole
        fields = {} if one.fields is None else {self.result.name(one): one.fields}
        return [layers_figure(self.result), rows_figure(self.result, one), *fields_figures(fields, one.of_sites["r"])]

    def sections(self) -> list[PageSection]:
        layers, controls, *fields = self.figures()
        each = [self._layers_table(one) for one in self.result.regions]
        risen = [hierarchy_table(one) for one in self.result.hierarchies]
        return [
            PageSection("Along the layers", [layers, Folded("Each layer in numbers", each)]),
            PageSection("The nested choice and its controls", [controls, *map(self._rows_table, self.result.regions)]),
            *([PageSection("Receptive fields", fields)] if fields else []),
            *([PageSection("From early to late regions", risen)] if risen else []),
            *([PageSection("Both directions", self._both())] if self.decoded else []),
            PageSection("Folds", list(self._folds())),
            PageSection("Recordings", list(self._recordings())),
            PageSection("Methods", [encoding_methods(self.result)]),
            PageSection("Every site", [Folded(self.result.name(one), [_sites(one)]) for one in self.result.regions]),
        ]

    def _heat_tables(self) -> list[Table]:
        """For the terminal: for each network the explained share in layers (columns) and regions (rows)."""
        tables = []
        for network in self.result.networks:
            layers = [layer for of, layer in self.result.whole.layers if of == network]
            top = max(one.layers[network, layer].explained.value for one in self.result.regions for layer in layers)
            rows = []
            for one in self.result.regions:
                for kind, of in (("", one.layers), (f" ({UNTRAINED})", one.untrained)):
                    values = [of[network, layer].explained.value for layer in layers]
                    shades = [Shade(f"{100 * value:.0f}", value / max(top, 0.01), False) for value in values]
                    rows.append([short(self.result.name(one)) + kind, *shades])
            text = f"{network}: {what(self.result)} in %, median over sites, each layer by itself"
            tables.append(Table(("", *layers), rows, text))
        return tables

    def _layers_table(self, one: RegionEncoding) -> Table:
        """For the page: each layer of a region by itself."""
        rows = [
            [
                layer if len(self.result.networks) == 1 else f"{network} · {layer}",
                *(ends_text(of[network, layer].explained) for of in (one.layers, one.untrained, one.pls) if of),
            ]
            for network, layer in one.layers
        ]
        columns = ("", "trained", "untrained", *(["PLS"] if one.pls else []))
        return Table(columns, rows, f"{self.result.name(one)}: {what(self.result)} in %, each layer by itself.")

    def _both(self) -> list[Table]:
        return [both_directions(self.result, one, self.decoded) for one in self.result.regions if self.decoded]

    def _rows_table(self, one: RegionEncoding) -> Table:
        rows = [[name, *_cells(of), *_gain(one, name)] for name, of in one.rows.items()]
        most = sorted(one.chosen.items(), key=lambda of: -of[1])[:4]
        chosen = ", ".join(f"{layer} ({100 * share:.0f} %)" for (_, layer), share in most if share)
        ceiling = "no ceiling" if one.ceiling is None else f"reliability {one.ceiling:.3f}, median over sites"
        n_none = 0 if one.ceiling is None else int(np.count_nonzero(one.of_sites["ceiling"] <= 0))
        none = f" {count(n_none, 'site')} of no reliability left out." if n_none else ""
        caption = (
            f"{self.result.name(one)}, {count(len(one.sites), 'site')}, {ceiling}.{none} Explained share in % "
            f"with 95 % interval over {drawn(one)}. Chosen most often: {chosen}."
        )
        return Table(("", what(self.result), "r", "unbiased r2", "first row minus this"), rows, caption, bold=0)

    def _folds(self) -> Iterator[Part]:
        first = self.result.settings["hold_out"][0]
        for one in self.result.regions:
            ways = {first: one.rows, **one.beside}
            names = [name for name in one.rows if all(name in of for of in ways.values())]
            rows = [[ABOUT[way], *(ends_text(of[name].explained) for name in names)] for way, of in ways.items()]
            yield Table(("held out", *names), rows, f"{self.result.name(one)}: explained share in %.", bold=0)

    def _recordings(self) -> Iterator[Part]:
        for of in self.result.sessions:
            groups = "; ".join(f"{ABOUT[way]}: {n:,} groups" for way, n in of["n_groups"].items())
            yield f"{of['name']}: {of['recording']}; {of['n_stimuli']:,} stimuli. Held out: {groups}."


def _is_gain(gain: Ends) -> bool | None:
    """Whether a difference is surely above 0; None where it has no interval."""
    return None if np.isnan(gain.low) else bool(gain.low > 0)


def _cells(score: EncodingScore) -> list[str]:
    unbiased = "–" if score.unbiased_r2 is None else f"{score.unbiased_r2:.3f}"
    return [ends_text(score.explained), f"{score.r:.3f}", unbiased]


def _gain(one: RegionEncoding, name: str) -> list[str]:
    return [ends_text(one.gains[name], "+") if name in one.gains else "–"]


def _sites(one: RegionEncoding) -> Table:
    rows = [
        [site, *(f"{values[i]:.3f}" if np.isfinite(values[i]) else "–" for values in one.of_sites.values())]
        for i, site in enumerate(one.sites)
    ]
    return Table(("site", *one.of_sites), rows, "By the layers chosen within the training.")


def _region_data(one: RegionEncoding) -> dict[str, Any]:
    by_layer = {
        name: [{"network": of[0], "layer": of[1]} | score._asdict() for of, score in getattr(one, name).items()]
        for name in ("layers", "untrained", "pls")
    }
    chosen = [{"network": of[0], "layer": of[1], "share": share} for of, share in one.chosen.items()]
    return vars(one) | by_layer | {"chosen": chosen}
