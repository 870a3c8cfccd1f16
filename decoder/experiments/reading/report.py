"""The report of reading times, for the terminal and the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...report.data import plain_data
from ...report.drawing import ACCENT, SOFT, Drawing, chance_line, short
from ...report.numbers import count, p_words
from ...report.result import Number, PageSection, Sentence, Table
from ...statistics.subjects import LEAST_SUBJECTS, SubjectsMean
from .run import FULL, FULL_HERE, PLAIN, PLAIN_HERE, SHUFFLED, UNTRAINED, ReadingResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NO_CEILING = "No ceiling: it needs the times of single readers, and these are means of several or of one."
BASES = {FULL: PLAIN, UNTRAINED: PLAIN, SHUFFLED: PLAIN, FULL_HERE: PLAIN_HERE}
"""What each model with surprisal is compared with."""


@dataclass(frozen=True)
class ReadingReport:
    """Implements `hotwire.decoder.report.result.PageResult`."""

    result: ReadingResult

    def summary(self) -> dict[str, Any]:
        """As JSON data: ``gain`` is what surprisal explains beyond nuisance."""
        result, rows = self.result, {}
        for name, score in result.rows.items():
            rows[name] = {"explained": result.explained(name)._asdict(), "r": float(score.r.mean())}
            if name in BASES:
                rows[name]["gain"] = result.gain(name, BASES[name])._asdict()
        stories = {
            name: {model: float(score.explained[i]) for model, score in result.rows.items()}
            for i, name in enumerate(result.stories)
        }
        about = ("source", "network", "fingerprint", "corpus", "n_words")
        return plain_data(
            {
                "gain": result.gain()._asdict(),
                "r": float(result.rows[FULL].r.mean()),
                "ceiling": None,
                "rows": rows,
                "stories": stories,
                "ms_per_nat": result.ms_per_nat,
                **{name: getattr(result, name) for name in about},
                "settings": asdict(result.settings),
                "findings": [one.text for one in self.sentences()],
                "seconds": result.seconds,
            }
        )

    def lead(self) -> str:
        result = self.result
        return (
            f"How long {result.n_words:,} words of {count(len(result.stories), 'story')} "
            f"are read, predicted from the surprisal of {result.network} and from nuisance (length, "
            "punctuation, frequency, place); whole stories are held out."
        )

    def numbers(self) -> list[Number]:
        result, gain = self.result, self.result.gain()
        between = "none" if np.isnan(gain.low) else f"{100 * gain.low:+.1f} to {100 * gain.high:+.1f}"
        return [
            Number(f"{100 * gain.value:+.1f} %", "explained by surprisal beyond nuisance"),
            Number(between, "95 % interval over stories"),
            Number(f"{result.rows[FULL].r.mean():.2f}", "correlation with the times, all together"),
            Number(f"{100 * result.gain(UNTRAINED).value:+z.1f} %", "the same gain of an untrained network"),
            Number("none", "ceiling"),
        ]

    def sentences(self) -> list[Sentence]:
        result, gain = self.result, self.result.gain()
        n_above = int((result.rows[FULL].explained > result.rows[PLAIN].explained).sum())
        shown = "Surprisal explains" if gain.low > 0 else "It is not shown that surprisal explains anything of its own:"
        of = f"{n_above} of {len(result.stories)} stories"
        found = [
            Sentence(f"{shown} {_points(gain)} points beyond nuisance (p {p_words(gain.p_value)}; {of}).", _good(gain))
        ]
        above = result.gain(FULL, UNTRAINED)
        found.append(Sentence(f"{_points(above)} points above {UNTRAINED}.", _good(above)))
        exchanged = result.gain(SHUFFLED)
        good = None if np.isnan(exchanged.low) else not exchanged.low > 0
        found.append(Sentence(f"With another word's surprisal the gain is {_points(exchanged)} points.", good))
        here, *before = result.ms_per_nat
        spill = "".join(f", {ms:+.1f} ms from that {i + 1} before" for i, ms in enumerate(before))
        found.append(Sentence(f"One nat of surprisal adds {here:+.1f} ms at the word itself{spill}."))
        if before:
            over = result.gain(FULL, FULL_HERE)
            found.append(Sentence(f"What is known of the words before adds {_points(over)} points.", _good(over)))
        if (n := len(result.stories)) < LEAST_SUBJECTS:
            found.append(Sentence(f"No intervals: expected {LEAST_SUBJECTS} stories or more, got {n}.", False))
        return [*found, Sentence(NO_CEILING)]

    def tables(self) -> list[Table]:
        rows = []
        for name, score in self.result.rows.items():
            gain = _points(self.result.gain(name, BASES[name])) if name in BASES else "–"
            rows.append([name, _percent(self.result.explained(name)), f"{score.r.mean():.3f}", gain])
        columns = ("", "explained, %", "r", "beyond the same without surprisal, points")
        caption = "Explained variance and correlation within each held-out story, mean over stories; 95 % intervals."
        return [Table(columns, rows, caption, bold=0)]

    def figures(self) -> list[Drawing]:
        return [rows_figure(self.result)]

    def sections(self) -> list[PageSection]:
        rows = [
            [name, *(f"{100 * self.result.rows[model].explained[i]:.1f}" for model in (FULL, PLAIN))]
            for i, name in enumerate(self.result.stories)
        ]
        stories = Table(("story", FULL, PLAIN), rows, "Explained variance in % of each held-out story.")
        return [
            PageSection("What predicts reading times", [*self.figures(), *self.tables()]),
            PageSection("Each story", [stories]),
            PageSection("Methods", [_methods(self.result)]),
        ]


def rows_figure(result: ReadingResult) -> Drawing:
    """The explained variance of every model."""

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        chance_line(ax.axvline, 0.0)
        for i, name in enumerate(result.rows):
            one, color = result.explained(name), ACCENT if name == FULL else SOFT
            if np.isfinite(one.low):
                ax.plot([100 * one.low, 100 * one.high], [i, i], color=color, linewidth=2)
            ax.plot([100 * one.value], [i], "o", color=color, markersize=7)
        ax.set_yticks(range(len(result.rows)), [short(name, 46) for name in result.rows])
        ax.set_ylim(len(result.rows) - 0.5, -0.5)
        ax.xaxis.set_major_formatter("{x:g} %")
        ax.set_xlabel("explained variance of reading times")

    caption = "Stories held out; mean over stories with 95 % intervals. Intervals of gains, in the table, are narrower."
    return Drawing("reading", draw, 1.0 + 0.36 * len(result.rows), caption=caption)


def _methods(result: ReadingResult) -> dict[str, str]:
    of = result.settings
    return {
        "surprisal": (
            f"Minus the log probability of each word, in nats, by {result.network} after all words of the story before "
            f"it, as they are written, at most {of.n_tokens} tokens."
        ),
        "nuisance": (
            "Letters; tokens; whether a sentence or a clause ends with the word; the logarithm of how often it is in "
            f"a corpus ({result.corpus}), plus one; the number of the word in its story, and the logarithm of that: "
            "readers become quicker. Nearly all of an untrained network's surprisal is the number of tokens."
        ),
        "spill-over": f"The same features of the {count(of.n_previous, 'word')} before, within the story.",
        "model": "Ridge on features of unit variance; its strength is chosen in folds of whole stories of training.",
        "held out": "One story after the other.",
        "interval": "Student's t over stories; p by flips of signs. Readers are not covered: times are given as means.",
        UNTRAINED: f"The same network with random weights; mean of {count(of.n_untrained, 'draw')}.",
        SHUFFLED: f"Words of a story exchange their surprisal at random; mean of {count(of.n_shuffles, 'shuffle')}.",
        "ceiling": NO_CEILING,
        "network": f"{result.network}, SHA-256 {result.fingerprint}.",
        "random seed": str(of.seed),
    }


def _good(one: SubjectsMean) -> bool | None:
    return None if np.isnan(one.low) else bool(one.low > 0)


def _percent(one: SubjectsMean, sign: str = "") -> str:
    value, low, high = (f"{100 * end:{sign}z.1f}" for end in (one.value, one.low, one.high))
    return value if np.isnan(one.low) else f"{value} [{low}, {high}]"


def _points(one: SubjectsMean) -> str:
    return _percent(one, "+")
