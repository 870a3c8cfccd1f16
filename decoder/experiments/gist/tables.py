"""Tables of decoded texts and their controls, for the page and, shorter, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from ...report.numbers import percent
from ...report.result import Cell, Table
from .held_out import DECODER
from .result import DecodedControl, GistResult


def scores_table(result: GistResult) -> Table:
    """All scores of all texts."""
    rows: list[list[Cell]] = []
    for number, (run, name, text) in enumerate(_texts(result)):
        cells: list[Cell] = [run, name, "" if text.z is None else f"{text.z:+.1f}"]
        for score in text.scores.values():
            cells += [f"{score.value:.3f}", f"{score.z:+.1f}", percent(score.above)]
        rows += [[], cells] if number and name == DECODER else [cells]
    names = [part for name in result.runs[0].scores for part in (name, "z", "above")]
    caption = (
        f"The evidence's z over {result.n_nulls} surrogates, which heard nothing, where the text is decoded by the "
        "decoder's own model and the samples are not far stronger than surrogates (a text explains more of whatever is "
        "larger); then means over windows, z over the surrogates' texts, and per cent of windows above the 95th "
        "percentile of those"
    )
    return Table(["run", "text", "evidence z", *names], rows, caption)


def short_scores_table(result: GistResult) -> Table:
    """The same, as wide as a terminal."""
    rows: list[list[Cell]] = []
    for number, (run, name, text) in enumerate(_texts(result)):
        cells: list[Cell] = [run, name, "" if text.z is None else f"{text.z:+.1f}"]
        cells += [f"{score.value:.2f} ({score.z:+.1f})" for score in text.scores.values()]
        rows += [[], cells] if number and name == DECODER else [cells]
    caption = (
        "The evidence, its z; then means over windows, with z (positive is better). Both z are over "
        f"{result.n_nulls} surrogates, which heard nothing"
    )
    return Table(["run", "text", "evidence", *result.runs[0].scores], rows, caption)


def identified_table(result: GistResult) -> Table:
    """How well windows and stories are identified by their decoded texts."""
    rows: list[list[Cell]] = []
    for run in result.runs:
        found = run.identified
        others = [percent(found.other_stories), f"{found.story_place} of {found.n_stories}"]
        same = percent(found.same_story)
        rows.append([str(run.run), same, *(others if found.n_stories > 1 else ["", ""])])
    caption = (
        f"By {result.identified_by}: how often a decoded window is more like its true window than like "
        "another, in per cent (chance 50), and the place of its story among stories"
    )
    return Table(["run", "others of the same story", "of other stories", "story"], rows, caption)


def _texts(result: GistResult) -> Iterator[tuple[str, str, DecodedControl]]:
    """Of each run, the decoder's text and those of controls, by name."""
    for run in result.runs:
        own = DecodedControl(run.scores, run.evidence.z)
        for name, text in {DECODER: own, **run.controls}.items():
            yield str(run.run), name, text
