"""The report of a retrieval, for the terminal and the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...report.checks import runs_checks
from ...report.data import plain_data
from ...report.drawing import Drawing
from ...report.numbers import p_words
from ...report.result import Cell, Number, PageSection, Sentence, Table
from ...statistics.subjects import LEAST_SUBJECTS, SubjectsMean
from .figures import listeners_figure, matrix_figure, shifted_figure
from .methods import methods
from .result import CEILING, LANGUAGE, NUISANCE_ALONE, PERMUTED, UNTRAINED, RetrievalResult

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class RetrievalReport:
    """Implements `hotwire.decoder.report.result.PageResult`."""

    result: RetrievalResult

    def summary(self) -> dict[str, Any]:
        result = self.result
        windows = {}
        for window_s in result.settings.window_s:
            rows = {}
            for name, of in result.scores.items():
                row = {
                    "one_listener": result.mean(name, window_s),
                    "half": of[window_s].means[1],
                    "listeners": dict(zip(result.listeners, of[window_s].listeners, strict=True)),
                }
                if name in result.shifted:
                    one, half = result.against_shifted(name, window_s)
                    row |= {"one_listener_shifted": one, "half_shifted": half}
                if name in result.whole_run:
                    whole = result.whole_run[name][window_s].means
                    row["whole_run"] = {"one_listener": whole[0], "half": whole[1]}
                rows[name] = row
            gains = {name: result.gain(name, window_s) for name in (NUISANCE_ALONE, PERMUTED, UNTRAINED)}
            windows[f"{window_s:g}"] = {"scores": rows, "gain_over": gains}
        about = ("source", "words_source", "network", "fingerprint", "listeners", "n_samples", "n_features", "n_words")
        return plain_data(
            {
                **{name: getattr(result, name) for name in (*about, "rate_hz", "layers", "matrix")},
                "settings": asdict(result.settings),
                "chance": 0.5,
                "windows": windows,
                "findings": [one.text for one in self.sentences()],
            }
        )

    def lead(self) -> str:
        result = self.result
        return (
            f"Which stretch of a story of {result.n_words:,} words is heard: {len(result.listeners)} listeners, "
            f"{result.n_samples} samples of {result.n_features} features each, {result.network}."
        )

    def numbers(self) -> list[Number]:
        result, window_s = self.result, self.result.settings.window_s[0]
        one, (at_one, _) = result.mean(LANGUAGE, window_s), result.against_shifted(LANGUAGE, window_s)
        return [
            Number(f"{one.value:.3f}", f"pairs of {window_s:g} s, one unseen listener"),
            Number(_between(one), "95 % interval over listeners"),
            Number(f"{result.scores[LANGUAGE][window_s].means[1]:.3f}", "mean of half of the listeners"),
            Number(f"{at_one.z:.1f}", "z over shifted brains"),
            Number("0.500", "chance"),
        ]

    def sentences(self) -> list[Sentence]:
        result, found = self.result, []
        for window_s in result.settings.window_s:
            one, half = result.against_shifted(LANGUAGE, window_s)
            n_above = int((result.scores[LANGUAGE][window_s].listeners > 0.5).sum())
            text = (
                f"{window_s:g} s: the true window wins {one.value:.3f} of pairs in an unseen listener (z {one.z:.1f}, "
                f"p {p_words(one.p_value)} over shifts; {n_above} of {len(result.listeners)} listeners above chance) "
                f"and {half.value:.3f} in the mean of half of them (z {half.z:.1f})."
            )
            found.append(Sentence(text, one.p_value < SIGNIFICANT))
            for name in (NUISANCE_ALONE, PERMUTED, UNTRAINED):
                gain = result.gain(name, window_s)
                ends = _ends(gain) or "(no interval)"
                good = None if np.isnan(gain.low) else bool(gain.low > 0)
                found.append(Sentence(f"{window_s:g} s: {gain.value:+.3f} {ends} above {name}.", good))
        n_listeners = len(result.listeners)
        return [*found, *(runs_checks(n_listeners, "listeners") if n_listeners < LEAST_SUBJECTS else [])]

    def tables(self) -> list[Table]:
        return [self._table(window_s) for window_s in self.result.settings.window_s]

    def figures(self) -> list[Drawing]:
        return [listeners_figure(self.result), matrix_figure(self.result), shifted_figure(self.result)]

    def sections(self) -> list[PageSection]:
        listeners, matrix, shifted = self.figures()
        return [
            PageSection("Pairs of windows", [*self.tables(), shifted]),
            PageSection("Each listener", [listeners, self._listeners()]),
            PageSection("Window by window", [matrix]),
            PageSection("Methods", [methods(self.result)]),
        ]

    def _table(self, window_s: float) -> Table:
        result, rows = self.result, []
        for name, of in result.scores.items():
            row = [name, f"{result.mean(name, window_s).value:.3f} {_ends(result.mean(name, window_s))}"]
            z = (
                [f"{one.z:.1f}" for one in result.against_shifted(name, window_s)]
                if name in result.shifted
                else ["–"] * 2
            )
            whole = ["–"] * 2
            if name in result.whole_run:
                whole = [f"{one:.3f}" for one in result.whole_run[name][window_s].means]
            rows.append([*row, z[0], f"{of[window_s].means[1]:.3f}", z[1], *whole])
        columns = ("", "one listener", "z", "half of them", "z", "drift over whole run: one", "half")
        caption = (
            f"Windows of {window_s:g} s: how often the true one wins against another of the same part; chance 0.5. 95 "
            "% intervals over listeners."
        )
        return Table(columns, rows, caption, bold=list(result.scores).index(LANGUAGE))

    def _listeners(self) -> Table:
        result = self.result
        names = (LANGUAGE, NUISANCE_ALONE, CEILING)
        rows: list[list[Cell]] = []
        for i, listener in enumerate(result.listeners):
            of = [result.scores[name][window_s].listeners[i] for window_s in result.settings.window_s for name in names]
            rows.append([listener, *(f"{one:.3f}" for one in of)])
        columns = [f"{window_s:g} s: {name}" for window_s in result.settings.window_s for name in names]
        return Table(["listener", *columns], rows)


def _between(one: SubjectsMean) -> str:
    return "none" if np.isnan(one.low) else f"{one.low:.3f} – {one.high:.3f}"


def _ends(one: SubjectsMean) -> str:
    return "" if np.isnan(one.low) else f"[{one.low:.3f}, {one.high:.3f}]"
