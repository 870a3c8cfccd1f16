"""The report of the encoding of a story, for the terminal and the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ....report.data import plain_data
from ....report.drawing import Drawing
from ....report.numbers import count, p_words
from ....report.result import Folded, Number, PageSection, Part, Sentence, Table
from ....statistics.subjects import LEAST_SUBJECTS, SubjectsMean, mean_over_subjects
from ..figures import ends_text
from .figures import MOST_SITES, PANELS, best_sites, models_figure, unique_figure
from .methods import story_methods
from .result import FULL, LAYER_ALONE, PLAIN, POSITION_ALONE, SHIFTED, UNTRAINED, Folds, StoryEncoding

BOTH: tuple[Folds, Folds] = ("contiguous", "shuffled")


@dataclass(frozen=True)
class StoryReport:
    """Implements `hotwire.decoder.report.result.PageResult`."""

    result: StoryEncoding

    def summary(self) -> dict[str, Any]:
        """As JSON data: ``unique`` is what the layer explains beyond nuisance and position, in contiguous folds."""
        result = self.result
        folds = {}
        for one in BOTH:
            folds[one] = {
                name: {
                    "explained": result.explained(name, one)._asdict(),
                    "unique": result.unique(name, one)._asdict(),
                    "r": float(score.r.mean()),
                    "draws": score.draws,
                }
                for name, score in result.rows[one].items()
            }
        each = result.unique_of_each()
        about = ("source", "words_source", "network", "fingerprint", "n_listeners", "n_samples", "n_words", "rate_hz")
        of_sites = {
            name: {
                "explained": float(result.rows["contiguous"][FULL].explained[:, i].mean()),
                "unique": result.unique_of_site(i)._asdict(),
                "ceiling": None if result.ceiling is None else float(result.ceiling[i]),
            }
            for i, name in enumerate(result.sites)
        }
        return plain_data(
            {
                "unique": result.unique()._asdict(),
                "above_untrained": self._above(UNTRAINED)._asdict(),
                "ceiling": self._ceiling(),
                "folds": folds,
                "units": dict(zip(result.units, each.mean(axis=1).tolist(), strict=True)),
                "sites": of_sites,
                "layers": dict(result.layers),
                "nuisance": result.nuisance,
                **{name: getattr(result, name) for name in about},
                "settings": asdict(result.settings),
                "findings": [one.text for one in self.sentences()],
                "seconds": result.seconds,
            }
        )

    def lead(self) -> str:
        result = self.result
        of = count(len(result.units), result.unit)
        return (
            f"What a layer of {result.network} predicts of {of} and {count(len(result.sites), 'site')} while a story "
            f"of {result.n_words:,} words is heard ({result.n_samples:,} samples), beyond what is known without "
            "meaning and beyond time itself."
        )

    def numbers(self) -> list[Number]:
        result, unique = self.result, self.result.unique()
        ceiling = self._ceiling()
        return [
            Number(f"{100 * unique.value:+.2f} %", "explained by the layer beyond nuisance and position"),
            Number(_between(unique), f"95 % interval over {result.unit}s"),
            Number(f"{100 * result.unique(UNTRAINED).value:+.2f} %", "the same of an untrained network"),
            Number(f"{100 * result.explained(FULL).value:.2f} %", "explained by all together"),
            Number("none" if ceiling is None else f"{100 * ceiling:.1f} %", "in common to all listeners"),
        ]

    def sentences(self) -> list[Sentence]:
        result, found = self.result, [self._verdict()]
        above = self._above(UNTRAINED)
        found.append(Sentence(f"{_points(above)} points above an untrained network.", _above_zero(above)))
        shifted = result.unique(SHIFTED)
        of = result.unique_of_draws(SHIFTED)
        text = f"With the text at another time the layer adds {_points(shifted)} points"
        most = f", mean of {count(len(of), 'shift')} with at most {100 * of.max():+.2f}"
        found.append(Sentence(f"{text}{most}.", bool(of.max() < result.unique().value)))
        position = {folds: result.explained(POSITION_ALONE, folds).value for folds in BOTH}
        layer = result.explained(LAYER_ALONE, "shuffled").value
        unique = result.unique(FULL, "shuffled")
        flatters = position["shuffled"] > layer
        so = ", which therefore show nothing of a layer" if flatters else ""
        text = (
            f"Position in time alone, which knows no word, explains {100 * position['contiguous']:.2f} % in contiguous "
            f"folds and {100 * position['shuffled']:.2f} % in shuffled ones{so}: there the layer alone explains "
            f"{100 * layer:.2f} % and adds {_points(unique)} points to nuisance and position."
        )
        found.append(Sentence(text))
        ceiling = self._ceiling()
        if ceiling is not None:
            share = f": all together explain {100 * result.explained(FULL).value / ceiling:.0f} % of that"
            text = f"All listeners have {100 * ceiling:.1f} % of a listener's variance in common"
            found.append(Sentence(f"{text}{share if ceiling > 0 else ''}.", None))
        else:
            found.append(Sentence("No ceiling: nobody else heard the same.", False))
        if (n := len(result.units)) < LEAST_SUBJECTS:
            found.append(Sentence(f"No intervals: expected {LEAST_SUBJECTS} {result.unit}s or more, got {n}.", False))
        return [*found, *(Sentence(note, False) for note in result.notes)]

    def tables(self) -> list[Table]:
        return [*map(self._models, BOTH), self._sites(best_sites(self.result))]

    def figures(self) -> list[Drawing]:
        return [models_figure(self.result), unique_figure(self.result)]

    def sections(self) -> list[PageSection]:
        models, unique = self.figures()
        sites: list[Part] = [self._sites(best_sites(self.result))]
        if len(self.result.sites) > MOST_SITES:
            sites.append(Folded("All sites", [self._sites(range(len(self.result.sites)))]))
        return [
            PageSection("What predicts the recording", [models, *map(self._models, BOTH)]),
            PageSection("What the layer adds", [unique, *sites, Folded(f"Each {self.result.unit}", [self._units()])]),
            PageSection("Methods", [story_methods(self.result)]),
        ]

    def _verdict(self) -> Sentence:
        result, unique = self.result, self.result.unique()
        each = result.unique_of_each().mean(axis=1)
        n_above = int((each > 0).sum())
        of = f"{_points(unique)} points beyond nuisance and position (p {p_words(unique.p_value)}; {n_above} of "
        of += f"{count(len(each), result.unit)} above 0)"
        if np.isnan(unique.low):
            return Sentence(f"The layer explains {of}; there are too few for an interval.", False)
        if unique.low > 0:
            return Sentence(f"The layer explains {of}.", True)
        text = "its interval includes 0" if unique.high >= 0 else "it makes predictions worse"
        return Sentence(f"It is not shown that the layer explains anything of its own: {of}; {text}.", False)

    def _above(self, name: str) -> SubjectsMean:
        """What the layer adds minus what another adds."""
        result = self.result
        return mean_over_subjects((result.unique_of_each() - result.unique_of_each(name)).mean(axis=1))

    def _ceiling(self) -> float | None:
        return None if self.result.ceiling is None else float(self.result.ceiling.mean())

    def _models(self, folds: Folds) -> Table:
        result, rows = self.result, []
        for name, score in result.rows[folds].items():
            beyond = _points(result.unique(name, folds)) if name in (FULL, UNTRAINED, SHIFTED) else "–"
            rows.append([name, _percent(result.explained(name, folds)), f"{score.r.mean():.3f}", beyond])
        columns = ("", "explained, %", "r", f"beyond {PLAIN}, points")
        over = f"mean over {count(len(result.sites), 'site')}, 95 % intervals over {result.unit}s"
        return Table(columns, rows, f"{PANELS[folds].capitalize()}: explained variance, {over}.", bold=0)

    def _sites(self, sites: Any) -> Table:
        result, rows = self.result, []
        for i in sites:
            unique = result.unique_of_site(i)
            ceiling = "–" if result.ceiling is None else f"{100 * result.ceiling[i]:.1f}"
            explained = result.rows["contiguous"][FULL].explained[:, i].mean()
            rows.append([result.sites[i], f"{100 * explained:.2f}", _points(unique), p_words(unique.p_value), ceiling])
        columns = ("site", "all together, %", "layer beyond, points", "p", "ceiling, %")
        caption = f"Contiguous folds, mean over {result.unit}s; intervals and p are of each site by itself."
        return Table(columns, rows, caption)

    def _units(self) -> Table:
        result, rows = self.result, []
        each = {name: result.rows["contiguous"][name].explained.mean(axis=1) for name in (FULL, PLAIN)}
        for i, name in enumerate(result.units):
            full, plain = each[FULL][i], each[PLAIN][i]
            rows.append([name, f"{100 * full:.2f}", f"{100 * plain:.2f}", f"{100 * (full - plain):+.2f}"])
        return Table((result.unit, FULL, PLAIN, "layer beyond"), rows, "Explained variance in %, mean over sites.")


def _percent(one: SubjectsMean) -> str:
    return ends_text(one, digits=2)


def _points(one: SubjectsMean) -> str:
    return ends_text(one, "+", digits=2)


def _between(one: SubjectsMean) -> str:
    return "none" if np.isnan(one.low) else f"{100 * one.low:+.2f} to {100 * one.high:+.2f}"


def _above_zero(one: SubjectsMean) -> bool | None:
    return None if np.isnan(one.low) else bool(one.low > 0)
